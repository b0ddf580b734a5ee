"""Rows that are made of rows: windows of series, each with the steps that follow it.

The table that comes of it has a row for each window, whose cells are arrays, so that all that
follows takes it like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from kbuilder.columns import Columns
from kbuilder.contracts import Following
from kbuilder.data import panel as panels
from kbuilder.data.panel import Axes, Panel, named
from kbuilder.errors import DataError, listed
from kbuilder.tables import frequency, stamp_styles
from kbuilder.tables.table import Table

PAST, AHEAD = "past", "ahead"
"""The columns of what is known of each step: of those of the window, and of those ahead."""
TARGET = ("data", "target")
SCALES = 2


@dataclass(frozen=True)
class Windows:
    """Series, of which any window is a row.

    Args:
        panel: The series.
        axes: The columns that say where a row belongs.
        task: With window, gap, stride and period.
        target: The column that is forecast.
        past: The columns of a step of a window; the first is the target.
        truth: The target at each step, NaN where there is none. (steps,)
        numbers: The past columns at each step. (steps, d)
        ahead: The columns that are known ahead, at each step. (steps, k)
    """

    panel: Panel
    axes: Axes
    task: Following
    target: str
    past: tuple[str, ...]
    truth: np.ndarray
    numbers: np.ndarray
    ahead: np.ndarray

    @property
    def reach(self) -> int:
        """Steps from the last that is known to the last that is forecast."""
        return self.task.gap + self.task.horizon

    @property
    def ends(self) -> np.ndarray:
        """Where the series of each step ends. (steps,)"""
        return self.panel.starts[1:][self.panel.owners]

    def origins(self, complete: bool = True) -> np.ndarray:
        """The last step of each window, in the order of the steps.

        Args:
            complete: Whether all that is to be forecast must be known, as for a fit; else what is
                known ahead.
        """
        steps = np.arange(len(self.panel))
        begin = np.zeros(len(self.panel.names), np.int64)
        first = np.where(np.isnan(self.truth), len(steps), steps)
        begin = np.minimum.reduceat(first, self.panel.starts[:-1])
        fit = steps - cast(int, self.task.window) + 1 >= begin[self.panel.owners]
        fit &= self.panel.rows >= 0
        fit &= steps <= self._last[self.panel.owners]
        if complete or len(self.task.known):
            fit &= steps + self.reach < self.ends
        found = np.flatnonzero(fit)
        if complete:
            found = found[~np.isnan(self.truth[self._following(found)]).any(axis=1)]
        stride = self.task.stride or 1
        last = self.panel.places.max()
        return found[(last - self.panel.places[found]) % stride == 0]

    @property
    def _last(self) -> np.ndarray:
        """The last step of each series with a value. (series,)"""
        known = np.where(np.isnan(self.truth), -1, np.arange(len(self.truth)))
        return np.maximum.reduceat(known, self.panel.starts[:-1])

    def latest(self) -> np.ndarray:
        """The last step of each series, from which nothing is known but what is ahead.

        Series that are too short are left out; `left_out` names them.

        Raises:
            DataError: if all are too short, or one of the others lacks what is to be known ahead.
        """
        steps = self._steps
        long = steps >= cast(int, self.task.window)
        if not long.any():
            of = f" of series {named(self.panel, range(len(steps)))}" if self.axes.series else ""
            raise DataError(
                f"{self.panel.table.origin} has {steps.min()} steps{of}. Expected "
                f"{self.task.window}, which a forecast is made from."
            )
        found: np.ndarray = self._last[long]
        if len(self.task.known):
            self._expect_ahead(found)
        return found

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is said of series that are too short for a forecast; nothing: none is."""
        short = np.flatnonzero(self._steps < cast(int, self.task.window)).tolist()
        if not short:
            return ()
        are, have = ("series are", "have") if len(short) > 1 else ("series is", "has")
        return (
            f"{len(short):,} {are} left out, which {have} no {self.task.window} steps to make a "
            f"forecast from: {named(self.panel, short)}",
        )

    @property
    def _steps(self) -> np.ndarray:
        """From the first to the last step of each series that has a value. (series,)"""
        known = np.where(np.isnan(self.truth), len(self.truth), np.arange(len(self.truth)))
        first = np.minimum.reduceat(known, self.panel.starts[:-1])
        return np.maximum(self._last - first + 1, 0)

    def _expect_ahead(self, origins: np.ndarray) -> None:
        """Refuse a forecast without what is known ahead of it."""
        for origin in origins.tolist():
            steps = np.arange(origin + self.task.gap + 1, origin + self.reach + 1)
            inside = steps[steps < self.ends[origin]]
            lacking = np.isnan(self.ahead[inside]).any(axis=1)
            if len(inside) == len(steps) and not lacking.any():
                continue
            step = int(inside[lacking][0]) if lacking.any() else int(self.ends[origin])
            place = self.panel.places[origin] + step - origin
            stamp = self.panel.frequency.stamps(np.array([place]), int(self.panel.stamps[origin]))
            name = self.panel.names[self.panel.owners[origin]]
            of = f" of series {name!r}" if name else ""
            first = stamp_styles.spell(int(stamp[0]), self.panel.style)
            raise DataError(
                f"{listed(map(repr, self.task.known))} must be known ahead, and "
                f"{self.panel.table.origin} has no value at {first}{of}. Expected a row for each "
                f"of the {self.reach} steps after the last value of {self.target!r}, which is left "
                "empty in them.", key=("task", "known"),
            )  # fmt: skip

    def _following(self, origins: np.ndarray) -> np.ndarray:
        """The steps that are forecast; those behind the end of all are the last. (n, h)"""
        steps = origins[:, None] + self.task.gap + 1 + np.arange(self.task.horizon)
        return np.minimum(steps, len(self.panel) - 1)

    def table(self, origins: np.ndarray) -> Table:
        """The rows of these windows.

        Returns:
            A table of the columns of the rows at their last steps, and the arrays of the windows.
            Of the target it has the truths (NaN where they are not known), the seasonal naive
            forecast, and 0 for what errors are scaled by.
        """
        panel, task = self.panel, self.task
        given = panel.table.take(panel.rows[origins])
        known = (*self.past, *task.known, self.target, self.axes.time)
        columns = {n: values for n, values in given.columns.items() if n not in known}
        steps = origins[:, None] + np.arange(1 - cast(int, task.window), 1)
        columns[self.axes.time] = self._stamps(origins)
        columns[PAST] = self.numbers[steps]
        following = self._following(origins)
        if task.known:
            wide = task.horizon * len(task.known)
            columns[AHEAD] = self.ahead[following].reshape(len(origins), wide)
        inside = origins[:, None] + task.gap + 1 + np.arange(task.horizon)
        truth = np.where(inside < self.ends[origins][:, None], self.truth[following], np.nan)
        scales = np.zeros((len(origins), SCALES))
        columns[self.target] = np.concatenate([truth, self._naive(origins), scales], axis=1)
        return replace(given, columns=columns, joined={})

    def checked(self, origins: np.ndarray) -> Table:
        """The rows of these windows, with what errors are scaled by.

        Raises:
            DataError: if there are none.
        """
        if not len(origins):
            raise DataError(
                f"{self.panel.table.origin} has no window: its series have "
                f"{int(np.diff(self.panel.starts).max()):,} steps at most. Expected "
                f"{self.task.window} that are known"
                + (f", and {self.reach} ahead." if self.task.known else ".")
            )
        return scaled(self.table(origins), self.axes, self.task, self.target)

    def _stamps(self, origins: np.ndarray) -> np.ndarray:
        """The stamps of steps as ISO 8601 has them, or as numbers."""
        stamps = self.panel.stamps[origins]
        if self.panel.style == "number":
            return stamps
        words = np.datetime_as_string(stamps.astype("datetime64[s]"), unit="s")
        whole = not self.panel.frequency.timed
        return np.array([word[:10] if whole else word for word in words.tolist()], dtype=object)

    def _naive(self, origins: np.ndarray) -> np.ndarray:
        """The values a season before, or two; where none is so old, the last. (n, h)"""
        period, gap = self.task.period or 1, self.task.gap
        ahead = gap + 1 + np.arange(self.task.horizon)
        back = ahead - period * -(-ahead // period)
        steps = origins[:, None] + back
        begin = self.panel.starts[:-1][self.panel.owners[origins]]
        values = self.numbers[:, 0]
        found = values[np.maximum(steps, 0)]
        last = values[origins][:, None]
        return np.where((steps < begin[:, None]) | np.isnan(found), last, found)

    def answers(self, origins: np.ndarray, steps: int) -> dict[str, np.ndarray]:
        """The series and the stamps of the first steps that are forecast. Each (n · steps,)"""
        panel = self.panel
        found: dict[str, list[Any]] = {name: [] for name in self.axes if name is not None}
        for origin in origins.tolist():
            places = panel.places[origin] + self.task.gap + 1 + np.arange(steps)
            stamps = panel.frequency.stamps(places, int(panel.stamps[origin]))
            words = [stamp_styles.spell(int(stamp), panel.style) for stamp in stamps]
            found[self.axes.time] += words
            if self.axes.series is not None:
                found[self.axes.series] += [panel.names[panel.owners[origin]]] * steps
        order = [name for name in (self.axes.series, self.axes.time) if name is not None]
        return {name: np.array(found[name], dtype=object) for name in order}


def windows_of(
    table: Table, axes: Axes, task: Following, target: str, past: Sequence[str],
    panel: Panel | None = None,
) -> Windows:  # fmt: skip
    """The windows of a table.

    Args:
        table: The rows.
        axes: The columns that say where a row belongs.
        task: Window and period may be open yet.
        target: The column that is forecast.
        past: The columns of a step.
        panel: The rows as series, where that is known.

    Raises:
        DataError: if steps or values are missing, and the task does not fill them.
    """
    panel = panel or panels.panel_of(table, axes, task)
    truth = panel.numbers(target, TARGET)
    if np.isnan(truth).all():
        raise DataError(f"the target {target!r} has no value in {table.origin}.", key=TARGET)
    others = [panel.numbers(name, ("features", name)) for name in past[1:]]
    ahead = [panel.numbers(name, ("task", "known")) for name in task.known]
    _expect_values(panel, target, truth, task)
    filled = _filled(truth, panel.starts)
    if task.gaps == "previous":
        others = [_filled(values, panel.starts) for values in others]
    numbers = np.stack([filled, *others], axis=1)
    known = np.stack(ahead, axis=1) if ahead else np.empty((len(panel), 0))
    return Windows(panel, axes, task, target, tuple(past), truth, numbers, known)


def _expect_values(panel: Panel, target: str, truth: np.ndarray, task: Following) -> None:
    """Refuse values that are missing between others.

    Raises:
        DataError: naming the first row.
    """
    if task.gaps == "previous":
        return
    steps = np.arange(len(truth))
    there = np.maximum.reduceat(np.where(np.isnan(truth), -1, steps), panel.starts[:-1])
    wrong = np.flatnonzero(np.isnan(truth) & (steps < there[panel.owners]))
    if len(wrong):
        line = panels.line_of(task, gaps="previous")
        raise DataError(
            f"the target {target!r} has no value in {panel.table.row(int(panel.rows[wrong[0]]))}"
            f"{f' and {len(wrong) - 1:,} others' if len(wrong) > 1 else ''}, and later rows have "
            f"one. Expected a number in each; or `{line}`: the network gets the value before for "
            "them, and none is forecast.", key=TARGET,
        )  # fmt: skip


def _filled(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Each missing value is the last one before it in its series, if there is one. (steps,)"""
    steps = np.arange(len(values))
    known = np.where(np.isnan(values), -1, steps)
    known[starts[:-1]] = starts[:-1]
    found: np.ndarray = values[np.maximum.accumulate(known)]
    return found


def axes_of(data: Any) -> Axes | None:
    """The columns of a source that say where a row belongs; None: its rows are no series."""
    time = getattr(data, "time", None)  # not every source has them
    return None if time is None else Axes(time, getattr(data, "series", None))


def words(data: Any) -> dict[str, tuple[str, ...]]:
    """The columns of a source that are read as they are written: stamps, and names of series."""
    axes = axes_of(data)
    return dict.fromkeys(filter(None, axes or ()), ())


def given(table: Table, data: Any, columns: Columns) -> Windows:
    """The windows of rows that a run is given.

    Args:
        table: The rows.
        data: The source of the recipe.
        columns: What is learned.
    """
    axes, task = axes_of(data), columns.targets[0].task
    assert axes is not None, "it was fitted so"
    assert isinstance(task, Following), "and for this"
    target = columns.target[0]
    return windows_of(table, axes, task, target, columns.members(PAST))


def scaled(table: Table, axes: Axes, task: Following, target: str) -> Table:
    """Windows with what their errors are scaled by, as training knows it.

    Args:
        table: The windows.
        axes: The columns that say where a row belongs.
        task: With the errors of each series.
        target: The column that is forecast.
    """
    known: Mapping[str, Sequence[float]] = task.naive_errors or {}
    names = [panels.ONLY] * len(table)
    if axes.series is not None:
        names = [str(one) for one in table[axes.series].tolist()]
    values = table[target].copy()
    values[:, -SCALES:] = [known.get(name, (0.0, 0.0)) for name in names]
    return replace(table, columns={**table.columns, target: values})


def blocks(table: Table, axes: Axes, task: Following) -> np.ndarray:
    """The number of a stretch of time for each window; those of two share nothing. (rows,)

    Windows that begin close to one another are forecast alike, so that each does not stand alone.
    """
    known = places(table, axes, task)
    size = task.horizon + task.gap
    found: np.ndarray = np.unique((known.max() - known) // size, return_inverse=True)[1]
    return found


def places(table: Table, axes: Axes, task: Following) -> np.ndarray:
    """The number in time of the last step of each window, the same for all series. (rows,)"""
    stamps = table[axes.time]
    distance = frequency.Frequency.of(task.frequency or "") or frequency.Frequency("number")
    numbers = stamps.dtype.kind in "iu"
    return distance.places(stamps if numbers else frequency.read(axes.time, stamps))
