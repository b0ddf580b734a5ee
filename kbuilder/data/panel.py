"""Rows of a table as series: each step in its place, one series after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Following
from kbuilder.errors import DataError, cut, listed
from kbuilder.lines import to_line
from kbuilder.preprocessing import naming_rows
from kbuilder.spec import given
from kbuilder.tables import frequency, stamp_styles
from kbuilder.tables.amounts import way_to_read
from kbuilder.tables.frequency import Frequency
from kbuilder.tables.table import Table
from kbuilder.tables.values import missing

TIME = ("data", "time")
SERIES = ("data", "series")
GAPS = ("task", "gaps")
ONLY = ""
"""The name of the series where there is one alone."""


def line_of(task: Following, **changed: Any) -> str:
    """The line of a recipe that says the same of a task, but for some of its fields."""
    return to_line(("task",), {"name": catalog.name_of(task), **given(task), **changed})


@dataclass(frozen=True)
class Panel:
    """Series of steps that follow one another, each after the other.

    Args:
        table: The rows.
        rows: The row of each step; -1: there is none. (steps,)
        starts: Where each series begins, and at last where all end. (series + 1,)
        names: Of the series.
        places: The number of each step in time, the same for all series. (steps,)
        stamps: As `Frequency.stamps` has them. (steps,)
        frequency: The distance of two steps.
        style: How stamps are spelled.
        notes: What the user should know of the rows.
    """

    table: Table
    rows: np.ndarray
    starts: np.ndarray
    names: Sequence[str]
    places: np.ndarray
    stamps: np.ndarray
    frequency: Frequency
    style: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def owners(self) -> np.ndarray:
        """The number of the series of each step. (steps,)"""
        return np.repeat(np.arange(len(self.names)), np.diff(self.starts))

    def numbers(self, name: str, key: tuple[str, ...]) -> np.ndarray:
        """A column of numbers at each step, NaN where there is none. (steps,) float64

        Raises:
            DataError: if it is not of numbers.
        """
        values = self.table.only([name], key=key)[name]
        if values.ndim > 1 or values.dtype.kind not in "iuf":
            rest = way_to_read(values) if values.ndim == 1 else ""
            if not rest and key[:1] == ("features",):
                rest = f"; or leave it out: `{to_line(('data', 'ignore'), [name])}`"
            raise DataError(
                f"column {name!r} holds values that are no numbers. Expected numbers, which change "
                f"from step to step{rest}.",
                key=key,
            )
        found = np.full(len(self), np.nan)
        there = self.rows >= 0
        found[there] = values[self.rows[there]]
        return found


class Axes(NamedTuple):
    """The columns that say where a row belongs.

    Args:
        time: Of the stamps.
        series: Of the names of the series; None: there is one.
    """

    time: str
    series: str | None


def panel_of(table: Table, axes: Axes, task: Following) -> Panel:
    """The rows as series.

    Args:
        table: The rows, in any order.
        axes: Where a row belongs.
        task: Its frequency and gaps may be written.

    Raises:
        DataError: if a stamp cannot be read or comes twice, or steps are missing.
    """
    words = table.only([axes.time], key=TIME)[axes.time]
    with naming_rows(table):
        stamps = frequency.read(axes.time, words)
    names, owners = [ONLY], np.zeros(len(table), np.int64)
    if axes.series is not None:
        names, owners = series_of(table, axes.series)
    order = np.lexsort((stamps, owners))
    stamps, owners = stamps[order], owners[order]
    notes = []
    if not np.array_equal(order, np.arange(len(order))) and len(names) == 1:
        notes.append("the rows are not in the order of their time, and are sorted")
    _expect_once(table, axes, words, order, stamps, owners)
    ends = np.flatnonzero(np.diff(owners)) + 1
    style = stamp_styles.style_of(words[order[:20]].tolist(), stamps[:20].tolist())
    found, reason = _frequency(axes, task, np.split(stamps, ends), style != "number")
    off = np.flatnonzero(~np.concatenate([found.fits(one) for one in np.split(stamps, ends)]))
    if len(off):
        row = int(order[off[0]])
        raise DataError(
            f"{table.row(row)} has the stamp {cut(str(words[row]))!r} in column {axes.time!r}, "
            f"which is none of a series with a step each {found}. Expected stamps at one distance.",
            key=TIME,
        )
    notes.insert(0, reason)
    places = found.places(stamps)
    return _filled(table, axes, task, Panel(
        table, order, np.concatenate([[0], ends, [len(order)]]), names, places, stamps, found,
        style, tuple(notes),
    ))  # fmt: skip


def series_of(table: Table, column: str) -> tuple[list[str], np.ndarray]:
    """The names of the series, and the number of each row's. (rows,)

    Raises:
        DataError: naming the first row that is of none.
    """
    values = table.only([column], key=SERIES)[column]
    gone = missing(values)
    if gone.any():
        raise DataError(
            f"column {column!r} is empty in {table.row(int(gone.argmax()))}, so that nobody knows "
            "which series it belongs to. Expected a name or a number in each row.", key=SERIES,
        )  # fmt: skip
    names, owners = np.unique(np.array([str(one) for one in values.tolist()]), return_inverse=True)
    return names.tolist(), owners


def changes(values: Any, owners: np.ndarray) -> np.ndarray:
    """Before which rows a column changes within a series; what is missing is the same. (rows - 1,)

    Args:
        values: The column, in the order of the series. (rows,)
        owners: The number of the series of each row, each after the other. (rows,)
    """
    within = np.diff(owners) == 0
    if values.dtype.kind in "iufb":
        before, after = values[:-1], values[1:]
        unlike = (before != after) & ~((before != before) & (after != after))
        found: np.ndarray = unlike.reshape(len(within), -1).any(axis=1) & within
        return found
    gone, cells = missing(values), values.tolist()
    pairs = zip(cells, cells[1:], gone, gone[1:], within, strict=False)
    return np.array([w and (g != h or not (g or _equal(a, b))) for a, b, g, h, w in pairs], bool)


def _equal(one: Any, other: Any) -> bool:
    """Whether two cells are the same: words, numbers, or lists of them."""
    return one == other if isinstance(one, str) else bool(np.array_equal(one, other))


def _expect_once(
    table: Table, axes: Axes, words: np.ndarray, order: np.ndarray, stamps: np.ndarray,
    owners: np.ndarray,
) -> None:  # fmt: skip
    """Refuse two rows of one stamp in one series."""
    twice = np.flatnonzero((np.diff(stamps) == 0) & (np.diff(owners) == 0))
    if not len(twice):
        return
    one, other = sorted(order[twice[0] : twice[0] + 2].tolist())
    others = [name for name in table.columns if name not in axes]
    telling = next((name for name in others if _tells(table, name, order, stamps, owners)), None)
    line = f", or `{to_line(SERIES, telling)}`" if telling and axes.series is None else ""
    raise DataError(
        f"{table.row(one)} and {table.row(other)} have the same stamp {cut(str(words[one]))!r} in "
        f"column {axes.time!r}; so have {len(twice):,} pairs of rows. Expected each stamp once in "
        f"a series: remove one{line}.", key=TIME,
    )  # fmt: skip


def _tells(
    table: Table, name: str, order: np.ndarray, stamps: np.ndarray, owners: np.ndarray
) -> bool:
    """Whether rows of one stamp differ in a column of few values, as series do."""
    values = table[name]
    if values.ndim > 1:
        return False
    words = np.array([str(value) for value in values[order].tolist()])
    known, codes = np.unique(words, return_inverse=True)
    again = np.lexsort((stamps, codes, owners))
    same = (np.diff(stamps[again]) == 0) & (np.diff(codes[again]) == 0)
    return len(known) * 2 <= len(words) and not (same & (np.diff(owners[again]) == 0)).any()


def _frequency(
    axes: Axes, task: Following, stamps: Sequence[np.ndarray], words: bool
) -> tuple[Frequency, str]:
    """The distance of two steps, and why."""
    written = task.frequency and Frequency.of(task.frequency)
    if written:
        return written, ""
    found, reason = frequency.infer(stamps, words)
    if found is None:
        raise DataError(
            f"the stamps in column {axes.time!r} come at no one distance: {reason}. Expected a "
            f"step each day, month or the like; or write `{line_of(task, frequency='1 day')}`, if "
            "some are missing.", key=TIME,
        )  # fmt: skip
    return found, reason


def _filled(table: Table, axes: Axes, task: Following, panel: Panel) -> Panel:
    """The same with a place for each step that is missing.

    Raises:
        DataError: if there are some, and nobody asked for that.
    """
    apart = np.diff(panel.places)
    inner = np.ones(len(apart), bool)
    inner[panel.starts[1:-1] - 1] = False
    gaps = np.flatnonzero(inner & (apart != 1))
    if not len(gaps):
        return panel
    lost = int((apart[gaps] - 1).sum())
    first, name = int(gaps[0]), panel.names[int(panel.owners[gaps[0]])]
    of = f" of series {cut(name)!r}" if name else ""
    between = " and ".join(
        repr(stamp_styles.spell(int(stamp), panel.style))
        for stamp in panel.stamps[first : first + 2]
    )
    what = f"{lost:,} steps of {panel.frequency} are missing, the first between {between}{of}"
    if task.gaps == "error":
        raise DataError(
            f"{table.origin}: {what}. Expected a row for each step; or "
            f"`{line_of(task, gaps='previous')}`: the network gets "
            "the value before for them, and none is forecast.", key=GAPS,
        )  # fmt: skip
    steps = np.ones(len(panel), np.int64)
    steps[gaps + 1] = apart[gaps]
    at = np.cumsum(steps) - 1
    rows, places = np.full(at[-1] + 1, -1), np.arange(at[-1] + 1)
    rows[at] = panel.rows
    starts = np.append(at[panel.starts[:-1]], at[-1] + 1)
    sizes = np.diff(starts)
    firsts = np.repeat(panel.places[panel.starts[:-1]] - starts[:-1], sizes)
    places = places + firsts
    like = np.repeat(panel.starts[:-1], sizes)
    stamps = np.empty(len(rows), np.int64)
    for series in range(len(sizes)):
        own = slice(starts[series], starts[series + 1])
        stamps[own] = panel.frequency.stamps(places[own], int(panel.stamps[like[own.start]]))
    note = f"{what}; the network gets the value before for them"
    return Panel(
        table, rows, starts, panel.names, places, stamps, panel.frequency, panel.style,
        (*panel.notes, note),
    )  # fmt: skip


def named(panel: Panel, series: Sequence[int]) -> str:
    """Some series, for messages."""
    return listed((repr(panel.names[one]) for one in series), 3)
