"""The weights of the rows: a column that says how much each of them counts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Task
from kbuilder.errors import CallError, DataError, cut
from kbuilder.tables.amounts import way_to_read
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number, kind_of, missing

KEY = ("data", "weight")
REAL = (int, float, np.integer, np.floating)
EXPECTED = "Expected a number of 0 or more in every row"


def read(table: Table, column: str, part: str = "") -> np.ndarray:
    """The weights of the rows of a table, as they are written. (rows,) float64

    Args:
        table: The rows.
        column: The column of the weights.
        part: The part that the rows are, for a message; empty: they are a whole table.

    Raises:
        DataError: if there is no such column, a weight is no number of 0 or more, or all are 0.
    """
    values = table.only([column], key=KEY)[column]
    if kind_of(values) == "array":
        raise DataError(
            f"the weight {column!r} has {values.ndim - 1} axes in each row: "
            f"{list(values.shape[1:])}. {EXPECTED}.",
            key=KEY,
        )
    numbers = np.full(len(values), np.nan)
    if values.dtype != object:
        numbers = values.astype(np.float64)
    else:
        for row in np.flatnonzero(~missing(values)).tolist():
            value = values[row]
            if not (is_number(value) if isinstance(value, str) else isinstance(value, REAL)):
                raise _wrong(table, column, row, f"is {cut(str(value))!r}", way_to_read(values))
            numbers[row] = float(value)
    wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0))).tolist()
    if wrong:
        first = numbers[wrong[0]]
        what = "has no value" if np.isnan(first) else f"is {first:g}"
        raise _wrong(table, column, wrong[0], what)
    if not numbers.any():
        rows = f"{len(numbers):,} rows of {part or table.origin}"
        raise DataError(
            f"the weight {column!r} is 0 in all {rows}. Expected some of more than 0.", key=KEY
        )
    return numbers


def _wrong(table: Table, column: str, row: int, what: str, hint: str = "") -> DataError:
    message = f"the weight {column!r} {what}. {EXPECTED}{hint}."
    return DataError(message, key=KEY).at(table.row(row))


def check_tasks(tasks: Iterable[Task]) -> None:
    """Check that the tasks can weigh rows.

    Raises:
        CallError: if one of others cannot.
    """
    for task in tasks:
        for method in (task.score, task.baseline):
            if "weights" not in inspect.signature(method).parameters:
                raise CallError(
                    f"{catalog.origin_of(task) or catalog.name_of(task)} cannot weigh rows: "
                    f"`{method.__name__}` takes no `weights`. Expected a task that does, or no "
                    "data.weight."
                )
