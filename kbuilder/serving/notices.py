"""Lines for the log that come in crowds, of which one per kind and minute is printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Notices:
    """Prints the first line of a kind, and then one per minute: no client can fill the log.

    Args:
        say: Called with each line that is printed.
        clock: The time in seconds.
        seconds: Between two lines of a kind, at least.
    """

    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    seconds: float = 60.0
    _last: dict[str, float] = field(default_factory=dict)
    _skipped: dict[str, int] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Print a line, or count it for the next line of its kind."""
        now = self.clock()
        if now - self._last.get(kind, -self.seconds) < self.seconds:
            self._skipped[kind] = self._skipped.get(kind, 0) + 1
            return
        self._last[kind] = now
        skipped = self._skipped.pop(kind, 0)
        self.say(f"{text} ({skipped:,} more such before)" if skipped else text)
