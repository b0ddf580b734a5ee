"""A fit as a person sees it."""

from __future__ import annotations

from collections.abc import Mapping

from kbuilder.console import Console
from kbuilder.contracts import Fit, Progress


class Printer:
    """Prints a line per epoch, and on a terminal moves a bar per step.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def begin(self, fit: Fit) -> None:
        """Follow a fit."""
        self._fit = fit

    def step(self, progress: Progress) -> None:
        """Move the bar."""
        if self.console.live:
            self.console.step(*progress)

    def epoch(self, figures: Mapping[str, float]) -> None:
        """Print the line of an epoch."""
        self.console.epoch(figures, self._fit.epochs)
