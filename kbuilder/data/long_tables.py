"""A long table as sequences: the rows of one series, in the order of their time, are one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Columns
from kbuilder.contracts import Decision
from kbuilder.data.panel import SERIES, TIME, Axes, changes, series_of
from kbuilder.errors import DataError, cut, listed
from kbuilder.lines import to_line
from kbuilder.preprocessing import naming_rows
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.tables import frequency
from kbuilder.tables.amounts import way_to_read
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number

STEPS = "steps"
"""The column of the sequences: of each step the numbers of its row."""


def gathered(
    recipe: Recipe, table: Table, others: Sequence[Table | None], axes: Axes
) -> tuple[Recipe, Table, list[Table | None], list[Decision]]:
    """The rows of a recipe as sequences, one for each series.

    Args:
        recipe: The recipe, of a task that asks for one answer a series.
        table: The rows to learn from.
        others: Others that have the same columns; None: there are none.
        axes: The columns that say where a row belongs.

    Returns:
        The recipe with the feature of the sequences, the tables, and what was chosen, with reasons.

    Raises:
        DataError: if rows are no series of numbers, or the target changes within one.
    """
    if STEPS in table.columns:
        raise DataError(
            f"{table.origin} has a column {STEPS!r}, which is what the steps of a series are "
            "called. Expected another name.", key=("data",),
        )  # fmt: skip
    past, whole = _roles(recipe, table, axes)
    made = sequences(table, axes, past, whole)
    if len(made) == len(table):
        raise DataError(
            f"each of {len(made):,} series in column {axes.series!r} has one row, so that there is "
            "no sequence. Expected several rows for a series, or no data.series.", key=SERIES,
        )  # fmt: skip
    array: Any = catalog.find("features", "array")
    steps = recipe.features.get(STEPS, array()).model_copy(update={"members": past})
    features = {STEPS: steps, **{n: f for n, f in recipe.features.items() if n != STEPS}}
    apart = [name for name in filter(None, axes) if name not in recipe.features]
    ignored = tuple(dict.fromkeys([*recipe.data.ignore, *apart]))
    data = recipe.data.model_copy(update={"ignore": ignored})  # type: ignore[attr-defined]
    lengths = sorted(map(len, made[STEPS].tolist()))
    long = f"{lengths[0]:,} to {lengths[-1]:,} steps"
    known = [
        Decision(SERIES, f"{len(made):,} sequences", f"of {len(table):,} rows, {long} each"),
        Decision(("features", STEPS), "array", f"of each step: {listed(past, 6)}"),
        Decision(TIME, "the order of the steps", "how far apart they are the network is not told"),
    ]
    later = [one and sequences(one, axes, past, whole) for one in others]
    update = {"features": features, "data": data}
    return recipe.model_copy(update=update), made, later, known


def given(table: Table, axes: Axes, columns: Columns) -> Table:
    """Rows to predict or evaluate as sequences; as they are where they are such already."""
    if STEPS in table.columns:
        return table
    own = (*columns.features, *columns.target, *filter(None, [columns.weight]))
    whole = [name for name in own if name != STEPS and name in table.columns]
    return sequences(table, axes, columns.members(STEPS), whole)


def sequences(table: Table, axes: Axes, past: Sequence[str], whole: Sequence[str]) -> Table:
    """A row for each series, in the order in which they first come.

    Args:
        table: The rows, in any order.
        axes: The columns that say where a row belongs.
        past: Columns of numbers, which become the steps.
        whole: Columns of which a series has one value.

    Raises:
        DataError: naming the first row whose stamp cannot be read, or comes twice, that is of no
            series, holds no numbers, or changes what should stay.
    """
    assert axes.series is not None, "it was looked at"
    table.only([*past, *whole], key=("data",))
    owners = _owners(table, axes.series)
    moments = _moments(table, axes.time)
    order = np.lexsort((moments, owners))
    sorted_owners, sorted_moments = owners[order], moments[order]
    twice = (np.diff(sorted_owners) == 0) & (np.diff(sorted_moments) == 0)
    if twice.any():
        one, other = sorted(order[int(twice.argmax()) :][:2].tolist())
        raise DataError(
            f"{table.row(one)} and {table.row(other)} are of one series and have the same time "
            f"{cut(str(table[axes.time][one]))!r}; so have {int(twice.sum()):,} pairs of rows. "
            "Expected each time once in a series, so that its rows have an order.", key=TIME,
        )  # fmt: skip
    starts = np.flatnonzero(np.diff(sorted_owners, prepend=-1))
    for name in whole:
        _expect_one_value(table, name, axes.series, order, sorted_owners)
    numbers = np.stack([_numbers(table, name)[order] for name in past], axis=1)
    cells = np.empty(len(starts), dtype=object)
    for row, steps in enumerate(np.split(numbers, starts[1:])):
        cells[row] = steps
    firsts, lasts = order[starts], order[np.append(starts[1:], len(order)) - 1]
    made = table.take(firsts)
    columns = {name: made[name] for name in (axes.series, *whole)}
    return replace(made, columns={
        **columns, axes.time: table[axes.time][lasts], STEPS: cells,
    })  # fmt: skip


def _roles(recipe: Recipe, table: Table, axes: Axes) -> tuple[tuple[str, ...], list[str]]:
    """The columns that change from step to step, and those that a series has one value of."""
    data = recipe.data
    table.only([*filter(None, axes)], key=("data",))
    features = [name for name in recipe.features if name != STEPS]
    named = {*data.target, *features, *data.split.reads, *filter(None, [weight_of(data)])}
    owners = _owners(table, axes.series or "")
    past, whole = [], []
    for name, values in table.columns.items():
        if name in axes or (name in data.ignore and name not in named):
            continue
        if name in named or _stays(values, owners):
            whole.append(name)
        elif values.ndim == 1 and values.dtype.kind in "iufb":
            past.append(name)
        else:
            raise DataError(
                f"column {name!r} holds words that change from step to step, and the steps of a "
                f"sequence are numbers. Leave it out: `{to_line(('data', 'ignore'), [name])}`.",
                key=("features", name),
            )
    if not past:
        raise DataError(
            f"no column of numbers changes within a series of {axes.series!r}. Expected some, "
            "which become the steps of the sequences.", key=SERIES,
        )  # fmt: skip
    return tuple(past), whole


def _owners(table: Table, series: str) -> np.ndarray:
    """The number of the series of each row, by which comes first. (rows,)"""
    names, owners = series_of(table, series)
    firsts = np.full(len(names), len(table))
    np.minimum.at(firsts, owners, np.arange(len(table)))
    found: np.ndarray = np.argsort(np.argsort(firsts))[owners]
    return found


def _moments(table: Table, time: str) -> np.ndarray:
    """What the rows are ordered by: stamps, else numbers. (rows,)

    Stamps come first: 2024.10 is a month, and no number before 2024.5.
    """
    words = table.only([time], key=TIME)[time]
    if words.dtype.kind not in "iuf":
        try:
            with naming_rows(table):
                return frequency.read(time, words)
        except DataError:
            if not all(is_number(str(word)) for word in words.tolist()):
                raise
    found = np.array([float(word) for word in words.tolist()])
    if not np.isfinite(found).all():
        row = table.row(int(np.isfinite(found).argmin()))
        raise DataError(
            f"column {time!r} has no time in {row}. Expected one in each row.", key=TIME
        )
    return found


def _numbers(table: Table, name: str) -> np.ndarray:
    """A column of numbers, NaN where one is missing. (rows,) float64"""
    values = table[name]
    if values.ndim > 1 or values.dtype.kind not in "iufb":
        raise DataError(
            f"column {name!r} holds values that are no numbers. Expected numbers, which the steps "
            f"of the sequences are made of{way_to_read(values) if values.ndim == 1 else ''}.",
            key=("data", "series"),
        )  # fmt: skip
    return values.astype(np.float64)


def _stays(values: Any, owners: np.ndarray) -> bool:
    """Whether each series has one value."""
    order = np.argsort(owners, kind="stable")
    return values.ndim == 1 and not changes(values[order], owners[order]).any()


def _expect_one_value(
    table: Table, name: str, series: str, order: np.ndarray, owners: np.ndarray
) -> None:
    """Refuse a column that changes within a series.

    Raises:
        DataError: naming the first row where it does.
    """
    found = np.flatnonzero(changes(table[name][order], owners))
    if len(found):
        before, row = order[found[0]], order[found[0] + 1]
        of = cut(str(table[series][row]))
        raise DataError(
            f"{name!r} is {cut(str(table[name][before]))!r} in {table.row(int(before))} and "
            f"{cut(str(table[name][row]))!r} in {table.row(int(row))}, both of series {of!r}. "
            "Expected one value for a series, which is one row of what is learned; or no "
            "data.series, where each row is one.", key=("data", "series"),
        )  # fmt: skip
