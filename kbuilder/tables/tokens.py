"""Rows of whole numbers that are words by number, or look like them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kbuilder.late import np
from kbuilder.tables.sequences import RARELY, between, outermost
from kbuilder.tables.values import MISSING_INTEGER

LOOKED = 2000
"""Rows that are looked at."""
MANY = 20
"""Different numbers, at least."""


def in_arrays(values: np.ndarray) -> int:
    """How many different numbers rows hold that end, or begin, with 0 in unlike lengths; else 0.

    Args:
        values: Whole numbers, none below 0, NaN where missing. (rows, time) or (rows, time, 1)
    """
    rows = np.nan_to_num(values[:LOOKED].reshape(len(values[:LOOKED]), -1).astype(np.float64))
    begin, end = outermost(rows != 0)
    within = between(begin, end, rows.shape[1])
    beyond = int((~within).sum())
    inside = int((within & (rows == 0)).sum())
    some = end > begin
    one_side = (begin[some] == 0).all() or (end[some] == rows.shape[1]).all()
    if not one_side or inside > RARELY * beyond or len(np.unique(end - begin)) < 2:
        return 0
    return _many(rows[within])


def in_lists(rows: Sequence[Any]) -> int:
    """How many different numbers lists hold of which some come again in a list; else 0."""
    lists = [row for row in map(list, rows[:LOOKED]) if row]
    whole = all(isinstance(one, int | np.integer) for row in lists for one in row)
    if not whole or all(len(set(row)) == len(row) for row in lists):
        return 0
    return _many([one for row in lists for one in row])


def _many(numbers: Any) -> int:
    different = len(np.unique(numbers))
    return different if different >= MANY else 0


def there(numbers: np.ndarray, padding: int | None) -> np.ndarray:
    """Which numbers are no padding, wherever they stand. (rows, time) bool"""
    some: np.ndarray = numbers != MISSING_INTEGER
    return some if padding is None else some & (numbers != padding)


def strange(
    numbers: np.ndarray, known: np.ndarray, length: int, padding: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which numbers are no padding, and which of them are unknown, or too early to be read.

    Args:
        numbers: The least possible one where missing. (rows, time) int64
        known: The vocabulary.
        length: So many are read of a row, the last ones.
        padding: What is padding at both ends beside what is missing.

    Returns:
        Twice (rows, time) bool.
    """
    begin, end = outermost(there(numbers, padding))
    real = between(begin, end, numbers.shape[1])
    read = between(end - length, end, numbers.shape[1])
    return real, real & ~(read & np.isin(numbers, known))
