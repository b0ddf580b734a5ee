"""Rows of whole numbers, in any number each, as one array. Scripts bring `whole_rows` along."""

from __future__ import annotations

from typing import Any

from kbuilder.late import np
from kbuilder.tables.number_lists import MARKS, bare


def whole_numbers(cell: Any, gone: Any) -> Any:
    """The whole numbers of a list, an array, a text such as `1 2 3`, or one number. (n,) int64

    Args:
        cell: What holds them; None: there are none.
        gone: What stands for one that is missing.

    Raises:
        ValueError, TypeError, OverflowError: if it holds anything else.
    """
    if isinstance(cell, str):
        if "_" in cell:
            raise ValueError("1_000 is a number to Python alone")
        cell = bare(cell).translate(str.maketrans(MARKS, " " * len(MARKS))).split()
        cell = [int(word) if word.lstrip("+-").isdigit() else float(word) for word in cell]
    found = np.ravel(np.array([] if cell is None else cell))
    if found.dtype == object:  # some are missing
        found = np.array([np.nan if one is None else one for one in found.tolist()])
    if not len(found) or (found.dtype.kind == "f" and np.isnan(found).all()):
        return np.full(len(found) if np.ndim(cell) else 0, gone, np.int64)
    if found.dtype.kind not in "iuf":
        raise TypeError("no numbers")
    absent = np.isnan(found)
    whole = np.where(absent, found.dtype.type(0), found)
    rounded = whole.astype(np.float64)
    if (whole != np.floor(whole)).any() or rounded.max() >= 2.0**63 or rounded.min() < -(2.0**63):
        raise ValueError("broken, or beyond 64 bits")
    return np.where(absent, gone, whole.astype(np.int64))


def whole_rows(values: Any, gone: Any) -> Any:
    """Cells of whole numbers as one array, with `gone` where a row has none. (rows, time) int64"""
    rows = [whole_numbers(cell, gone) for cell in values]
    array = np.full((len(rows), max([1, *map(len, rows)])), gone, np.int64)
    for row, numbers in enumerate(rows):
        array[row, : len(numbers)] = numbers
    return array
