"""What a person sees while a fit or a prediction runs: notes and progress on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any

from kbuilder import notebook, progress
from kbuilder.contracts import Decision, Finding
from kbuilder.errors import on_one_line, printable
from kbuilder.progress import Stage, Unit
from kbuilder.summaries import brief, summary

EPOCHS, SLOW, PAUSE = 20, 1.0, 5.0
"""Lines of epochs that a fit prints, about; the seconds of an epoch from which on each has its own,
and those without any line, at most; the log has all."""
SPACING = 30.0
"""Seconds between two lines of a prediction, where there is no terminal."""
BESIDE, TRAINING = 0.15, "training"
"""The share of the time of training from which on it is said what else a fit took its time for."""
SOON, LONG = 1.0, 10.0
"""Seconds of a stage of the data from which on there is a bar; or a line, where there is no
terminal."""


def echo(text: str = "", err: bool = False) -> None:
    """Print text to stdout, or stderr, where names and words from data do not steer a terminal."""
    print(printable(text), file=sys.stderr if err else sys.stdout, flush=True)


class Console:
    """Notes and progress. On a terminal the current epoch is live; in a notebook one output has the
    last one; elsewhere there is a line per epoch.

    Args:
        verbose: Whether to print at all. Lines are collected for the run's log either way.
        clock: What tells seconds.
    """

    def __init__(self, verbose: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.verbose = verbose
        self._clock = clock
        self.lines: list[str] = []
        self._file: IO[str] | None = None
        self._bar: Any = None
        self._rate = 0.0
        self._title = ""
        self._said = clock()
        self._stage: Stage | None = None
        self._began, self._told = 0.0, False
        self._quiet = False
        self._held, self._passed = "", clock()
        self._output = notebook.output() if verbose else None
        self._laps: dict[str, float] = {}
        self._lapped = clock()

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal, where a bar can move."""
        return self.verbose and sys.stderr.isatty()

    def say(self, text: str = "") -> None:
        """Print a line to stderr and keep it for the log. Text from data does not steer either."""
        held, self._held = self._held, ""
        if held:
            self._print(held)
        self._print(self._kept(text))

    def _pass(self, text: str, held: bool) -> bool:
        """Keep a line that the next such line makes old, and print it. Returns whether it did.

        Args:
            text: The line.
            held: Print it only if no such line comes next, or none was printed for long.
        """
        text = self._kept(text)
        if self._output is not None:
            self._output.say(text, passing=True)
            return True
        if held and self._clock() - self._passed < PAUSE:
            self._held = text
            return False
        self._held, self._passed = "", self._clock()
        self._print(text)
        return True

    def _kept(self, text: str) -> str:
        """The line as it is printed, which is in the log now."""
        text = on_one_line(text)
        self.lines.append(text)
        self._write(text)
        return text

    def _print(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        elif self._output is not None:
            self._output.say(text)
        elif self.verbose:
            print(text, file=sys.stderr, flush=True)

    def keep(self, file: Path) -> None:
        """Write all lines, those that come too, into a file; a full disk does not stop the fit."""
        with suppress(OSError):
            self._file = file.open("w", encoding="utf-8", buffering=1)
        for line in self.lines:
            self._write(line)

    def _write(self, line: str) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.write(line + "\n")

    def found(self, findings: Iterable[Finding]) -> None:
        """What looks wrong in the rows."""
        for finding in findings:
            self.say(f"Warning: {finding.message.removesuffix('.')}.")

    def decided(self, decisions: Iterable[Decision]) -> None:
        """What was inferred, in a few lines."""
        lines = summary(decisions)
        if not lines:
            return
        self.say(
            "decided, since the recipe leaves it open (`kbuilder show` has all, with lines to "
            "write):"
        )
        for line in lines:
            self.say(f"  {line}")

    def settled(self, decisions: Iterable[Decision]) -> None:
        """What was chosen on validation rows after the fit; not what stays as it was."""
        for decision in decisions:
            if decision.value is not False:
                self.say(f"{decision.path}: {brief(decision.value)} ({decision.reason})")

    def fitting(
        self, parameters: int, rows: Mapping[str, int], networks: int = 1, folds: int = 0
    ) -> None:
        """What is about to be fitted, how often, and on how many rows."""
        parts = ", ".join(f"{count:,} {name} rows" for name, count in rows.items())
        parts += f", held out in {folds} folds" if folds else ""
        several = f"{networks} networks of " if networks > 1 else ""
        self.say(f"fitting {several}{parameters:,} parameters on {parts}")

    @contextmanager
    def titled(self, title: str) -> Iterator[None]:
        """While it lasts, each epoch is said to be of a fit among others, such as "fold 2/5".

        Args:
            title: What it is called; empty: there are no others.
        """
        self._title, self._rate = title and f"{title} ", 0.0
        try:
            yield
        finally:
            self._title = ""

    def step(
        self, step: int, steps: int, epoch: int, epochs: int, loss: float, rate: float, memory: int
    ) -> None:
        """Move the bar of the fit; the arguments are those of `contracts.Progress`."""
        self._show(
            f"{self._title}epoch {epoch}/{epochs} step {step}/{steps}",
            (epoch - 1) * steps + step,
            steps * epochs,
            f"loss {loss:.4f}  {rate:,.0f} examples/s  {memory / 2**30:.1f} GiB",
        )

    def predicted(self, rows: int, share: float | None, rate: float) -> None:
        """Move the bar of a prediction; not on a terminal, say a line now and then.

        Args:
            rows: The rows that are predicted.
            share: The part of all rows that they are, if it is known.
            rate: Rows per second.
        """
        self._quiet = True
        if self.live:
            self._show(f"{rows:,} rows", share or 0.0, share and 1.0, f"{rate:,.0f} rows/s")
        elif self._clock() - self._said >= SPACING:
            part = "" if share is None else f" ({share:.0%})"
            self.say(f"{rows:,} rows{part}, {rate:,.0f} rows/s")
            self._said = self._clock()

    def following(self) -> AbstractContextManager[None]:
        """Shows how far reading, learning and preparing have come: of what takes long."""
        return progress.followed(self.advanced) if self.verbose else nullcontext()

    def advanced(self, stage: Stage) -> None:
        """Move the bar of a stage of the data; not on a terminal, say a line of what takes long.

        Once a prediction has a bar of its own, that one stays.
        """
        if self._quiet:
            return
        now = self._clock()
        if self._stage is not stage:
            self._stage, self._began, self._told = stage, now, False
        if stage.ended:
            self._hide()
            return
        seconds = now - self._began
        if self.live and seconds >= SOON:
            note = f"{how_many(stage)}  {of_unit(stage.done / seconds, stage.unit)}/s"
            self._show(stage.what, stage.done, stage.total, note)
        elif not self.live and seconds >= LONG and not self._told and stage.done:
            self._told = True
            rate = stage.done / seconds
            said = [how_many(stage), f"{of_unit(rate, stage.unit)}/s"]
            if stage.total is not None:
                said.append(f"{duration((stage.total - stage.done) / rate)} left")
            self.say(f"{stage.what}: {', '.join(said)}")

    def _show(self, description: str, completed: float, total: float | None, note: str) -> None:
        first = self._bar is None
        if first:
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(),
                TextColumn("{task.fields[note]}"), TimeRemainingColumn(), TextColumn("left"),
                console=Terminal(stderr=True), transient=True, refresh_per_second=4,
            )  # fmt: skip
            self._bar.start()
            self._bar.add_task("", total=total, note="")
        self._bar.update(0, description=description, completed=completed, note=note, refresh=first)

    def epoch(self, figures: Mapping[str, float], epochs: int) -> None:
        """The line of one epoch; the learning rate where it is another than in the last one shown.

        Of many epochs that are soon over some are printed, and the last one; the log has all.
        """
        rate = figures["learning_rate"]
        changed = "" if rate == self._rate else f"  learning_rate {rate:.3g}"
        metrics = "  ".join(
            f"{name} {value:.4f}"
            for name, value in figures.items()
            if name not in ("epoch", "seconds", "learning_rate")
        )
        number, seconds = int(figures["epoch"]), figures["seconds"]
        printed = self._pass(
            f"{self._title}epoch {number:>3}/{epochs} {seconds:6.1f} s  {metrics}{changed}",
            held=seconds < SLOW and 1 < number < epochs and number % -(-epochs // EPOCHS) > 0,
        )
        self._rate = rate if printed else self._rate

    def concluded(self, verdict: str) -> None:
        """Show the metrics and the verdict in a notebook; a command prints them itself.

        Args:
            verdict: Several lines.
        """
        if self._output is not None and self.verbose:
            for line in verdict.split("\n"):
                self._output.say(on_one_line(line))

    def lap(self, stage: str | None = None) -> None:
        """A stage of the fit is over, whose seconds are kept.

        Args:
            stage: What it is called; None: nothing that counts.
        """
        now = self._clock()
        if stage is not None:
            self._laps[stage] = now - self._lapped
        self._lapped = now

    def took(self) -> None:
        """Say what took its time beside the training, and how to leave it out, if it was much."""
        beside = {**self._laps}
        training = beside.pop(TRAINING)
        if sum(beside.values()) > BESIDE * training:
            parts = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in beside.items())
            self.say(
                f"training took {training:.1f} s; {parts} (`-o training.baselines=none` and the "
                "environment variable KBUILDER_REPORT=none leave them out)"
            )

    def close(self) -> None:
        """Print what is held, take the bar off the screen, and close the file."""
        if self._held:
            self._print(self._held)
            self._held = ""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        self._hide()

    def _hide(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def how_many(stage: Stage) -> str:
    """How much of a stage is done: `34 of 109 MB`."""
    if stage.total is None:
        return of_unit(stage.done, stage.unit)
    done = of_unit(stage.done, stage.unit).partition(" ")[0]
    return f"{done} of {of_unit(stage.total, stage.unit)}"


def of_unit(amount: float, unit: Unit) -> str:
    """An amount with its unit, bytes as MB."""
    return f"{amount / 1e6:,.0f} MB" if unit == "bytes" else f"{amount:,.0f} {unit}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
