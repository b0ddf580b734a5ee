"""Targets of which a row is more than a number or a list of numbers."""

from __future__ import annotations

import math
from typing import Any

from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.tables.number_lists import count, longest, measures, numbers_in
from kbuilder.tables.values import missing, types

KEY = ("data", "target")
LOOKED = 50
"""Cells that are looked at, to tell numbers from words."""


def expect_one_axis(name: str, values: np.ndarray) -> None:
    """Refuse arrays of several axes, lists in lists, and lists of numbers that are no names.

    Args:
        name: The target.
        values: Its values.

    Raises:
        DataError: with what to do.
    """
    if values.ndim > 2:
        shape = values.shape[1:]
        size = math.prod(shape)
        raise DataError(
            f"the target {name!r} has {len(shape)} axes in each row: {list(shape)}. Expected a "
            f"number, or a list of numbers: flatten it to {size:,} by `reshape(-1, {size})`, and "
            f"give what is predicted its shape again by `reshape(-1, {', '.join(map(str, shape))})`"
            ".",
            key=KEY,
        )
    if values.dtype != object or (values.ndim == 1 and types(values) <= {str, type(None)}):
        return
    first = next((value for value in values if _holds_several(value)), None)
    if first is not None and any(_holds_several(item) for item in first):
        raise DataError(
            f"the target {name!r} holds lists in lists, such as {_cut(first)}. Expected a number: "
            "write a column for each of them, all named as the target, or an array (rows, n) in a "
            ".npz file.",
            key=KEY,
        )
    if values.ndim > 1 or first is None:
        return
    if any(isinstance(item, float | np.floating) for item in first):
        raise _of_lists(name, first)


def expect_no_cells(name: str, values: np.ndarray) -> None:
    """Refuse texts of several numbers, of a target that is no set of names.

    Raises:
        DataError: with what to do.
    """
    there = values[~missing(values)][:LOOKED] if values.ndim == 1 else values[:0]
    cells = [value for value in there if isinstance(value, str)]
    if not cells or len(cells) < len(there):
        return
    measured = measures(cells)
    number, most = count(cells, measured), longest(cells, measured) if measured else 0
    if number or most:
        what = f"cells of {number or f'up to {most}'} numbers"
        raise _of_lists(name, numbers_in(cells[0]), what)


def _of_lists(name: str, first: Any, what: str = "lists of numbers") -> DataError:
    return DataError(
        f"the target {name!r} holds {what}, such as {_cut(first)}. Expected a number: write a "
        "column for each of them, all named as the target, or an array (rows, n) in a .npz file.",
        key=KEY,
    )


def _holds_several(value: Any) -> bool:
    """Whether a value is a list, or an array."""
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _plain(value: Any) -> Any:
    """A value without NumPy's own types."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _cut(value: Any) -> str:
    text = str([_plain(item) for item in value])
    return text if len(text) <= 60 else f"{text[:60]}…"
