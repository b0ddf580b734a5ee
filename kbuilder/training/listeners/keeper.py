"""Checkpoints of a fit under way, so that it is never lost; and how a signal ends it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kbuilder import signals
from kbuilder.contracts import Fit, Progress
from kbuilder.errors import Interrupted
from kbuilder.recipe.training import Checkpoints
from kbuilder.runs import checkpoints
from kbuilder.runs.checkpoints import Checkpoint

SPACING = 1.0
"""Seconds between the checkpoints of epochs that are shorter than that."""


class Keeper:
    """Keeps checkpoints, and ends a fit that gets a signal.

    Args:
        folder: The folder of the run under way; gets `checkpoints/`. None: it is another worker's
            to write.
        settings: How often, and how many are kept; None: only where the fit stops.
        say: Called with what could not be written.
        start: From where the fit is resumed; None: from the beginning.
        resume: The command that resumes the run, for the message.
        midway: Whether a checkpoint can be taken in the midst of an epoch.
    """

    def __init__(
        self,
        folder: Path | None,
        settings: Checkpoints | None,
        say: Callable[[str], None],
        start: Checkpoint | None = None,
        resume: str = "",
        midway: bool = True,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.start = start
        self.resume = resume
        self.midway = midway
        self._writer = None
        if folder is not None:
            keep = settings.keep if settings is not None else 1
            self._writer = checkpoints.Writer(folder / "checkpoints", keep, say)
        self._last = time.monotonic()
        self._done = (0, 0) if start is None else (start.epoch, start.step)
        self._signal: int | None = None

    def begin(self, fit: Fit) -> None:
        """Follow a fit."""
        self._fit = fit

    def step(self, progress: Progress) -> None:
        """Save if it is time, or if a signal came.

        Raises:
            Interrupted: after a signal.
        """
        if progress.step == progress.steps:  # the epoch comes next
            return
        if self._signal is not None:
            self._stop(self._fit.checkpoint() if self.midway else None)
        waited = time.monotonic() - self._last
        if not self.midway:
            return
        if self.settings is not None and waited >= 60 * self.settings.every_minutes:
            self._put(self._fit.checkpoint())

    def epoch(self, figures: Mapping[str, float]) -> None:
        """Save, unless that was done a moment ago and the fit continues.

        Raises:
            Interrupted: after a signal.
        """
        if self._signal is not None:
            self._stop(self._fit.checkpoint())
        waited = time.monotonic() - self._last
        # Several workers have several clocks, and all have to keep the same epochs.
        if self.settings is not None and (self._fit.last or waited >= SPACING or not self.midway):
            self._put(self._fit.checkpoint())

    def lost(self) -> None:
        """Another worker is gone: end the fit, if a signal came, which that one heard too.

        Raises:
            Interrupted: after a signal.
        """
        if self._signal is not None:
            self._stop(None)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While it lasts SIGINT and SIGTERM are noted, to end the fit after its step.

        A second one ends it at once. The last checkpoint is written when this is left.
        """
        with signals.guard(self._note):
            try:
                if self.start is not None and self.settings is not None and self._none_yet():
                    self._put(self.start)  # of another run, which this one resumes
                yield
            finally:
                if self._writer is not None:
                    self._writer.close()
        if self._signal is not None:  # it came after the last step
            os.kill(os.getpid(), self._signal)

    def _note(self, number: int) -> None:
        self._signal = number

    def _none_yet(self) -> bool:
        return self.folder is not None and not checkpoints.find(self.folder / "checkpoints")

    def _put(self, checkpoint: Checkpoint) -> None:
        self._last = time.monotonic()
        self._done = checkpoint.epoch, checkpoint.step
        if self._writer is not None:
            self._writer.put(checkpoint)

    def _stop(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is not None:
            self._put(checkpoint)
        if self._writer is not None:
            self._writer.wait()
        assert self._signal is not None
        if self.folder is None:
            raise Interrupted(self._signal, _position(*self._done), self.resume)
        kept = checkpoints.find(self.folder / "checkpoints")
        if not kept:
            raise Interrupted(self._signal, _position(*self._done), None)
        at = _position(*checkpoints.position(kept[0]))
        raise Interrupted(self._signal, at, self.resume)


def _position(epoch: int, step: int) -> str:
    """Epochs that are finished, and steps of the next, in words."""
    return f"epoch {epoch}" + (f", step {step}" if step else "")
