"""What a person sees below a cell of a notebook while a fit runs: one output, which changes."""

from __future__ import annotations

import html
import sys
from typing import Any


class Output:
    """Lines below a cell of a notebook. One that passes makes room for the next that does."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._passing = False
        self._handle: Any = None

    def say(self, line: str, passing: bool = False) -> None:
        """Show a line more, or in place of the last one, where both pass."""
        from IPython.display import display

        if passing and self._passing:
            self.lines.pop()
        self.lines.append(line)
        self._passing = passing
        if self._handle is None:
            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        """The lines as they are, wrapped where the notebook is narrow."""
        return f'<pre style="white-space: pre-wrap">{html.escape(repr(self))}</pre>'


def output() -> Output | None:
    """One below the cell that runs; None, if it is no cell of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if getattr(shell, "kernel", None) is None else Output()
