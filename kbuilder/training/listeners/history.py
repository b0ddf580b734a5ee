"""The history of a fit under way, as a file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from kbuilder import files
from kbuilder.contracts import Fit


class History:
    """Writes the figures of all epochs after each of them.

    Args:
        file: The CSV file; a full disk does not stop the fit, since checkpoints have them too.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def begin(self, fit: Fit) -> None:
        """Follow a fit."""
        self._fit = fit

    def epoch(self, figures: Mapping[str, float]) -> None:
        """Write the history anew."""
        with suppress(OSError):
            files.write_rows(self.file, self._fit.history)
