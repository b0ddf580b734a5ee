"""What SIGINT and SIGTERM do while something lasts that has to be ended in good order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def guard(note: Callable[[int], None]) -> Iterator[None]:
    """While it lasts the first signal calls `note` with its number; a second one ends at once.

    Outside the main thread, where Python hears no signals, it does nothing.
    """
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in HEARD} if main else {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def first(number: int, frame: FrameType | None) -> None:
        restore()
        note(number)

    for number in before:
        signal.signal(number, first)
    try:
        yield
    finally:
        restore()
