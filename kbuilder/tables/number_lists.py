"""Cells that hold several numbers: `1 2 3`, `[1.5, 2]`, `1;2;3`, or lists.

Scripts bring `numbers_in` and `numbers_of` along, printed as they stand here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from kbuilder.errors import DataError

MARKS = "[](),;"
"""What may stand between the numbers of a cell, or around them, beside blanks."""
CODED = r"(?<![\d.eE+-])[+-]?0\d"
"""A number with a zero in front, which is a code."""


def numbers_in(cell: Any) -> Any:
    """The numbers of a cell, as float64; None, if it holds anything else. (n,)"""
    if isinstance(cell, str):
        cell = cell.translate(str.maketrans(MARKS, " " * len(MARKS))).split()
    try:
        return np.ravel(np.asarray(cell, dtype=np.float64))
    except (TypeError, ValueError):
        return None


def numbers_of(values: Any, dtype: Any, length: Any) -> Any:
    """Cells of numbers as arrays; NaN where a cell is empty. (rows, length)"""
    gone = np.full(length, np.nan)
    rows = [gone if cell is None or cell == "" else numbers_in(cell) for cell in values]
    return np.stack(rows).astype(dtype)


def count(cells: Iterable[Any]) -> int:
    """How many numbers each of the cells holds, 2 or more; 0: they are none, or of unlike length.

    Numbers with commas alone between them, or with zeros in front, may be meant otherwise.
    """
    length = 0
    for cell in cells:
        if isinstance(cell, str) and not _may_be(cell):
            return 0
        found = numbers_in(cell)
        if found is None or len(found) < 2 or length not in (0, len(found)):
            return 0
        length = len(found)
    return length


def _may_be(text: str) -> bool:
    """Whether a text may be several numbers, and is no code, amount or pair of ranges."""
    if not text[:1] or text[0] not in "[(+-.0123456789" or re.search(CODED, text):
        return False
    commas = "," in text and not re.search(r"[\s\[;]", text)
    return not (commas and text.count(",") < 3) and not re.fullmatch(r"\d{1,3}(,\d{3})+", text)


def read(column: str, values: np.ndarray, length: int | None = None) -> np.ndarray:
    """The numbers of each cell; NaN where it is empty. (rows, length) float64

    Args:
        column: The column, for messages.
        values: Texts or lists, as objects. (rows,)
        length: How many numbers a cell has; None: as many as the first.

    Raises:
        DataError: naming the first cell that holds anything else, or not as many.
    """
    rows: list[np.ndarray | None] = []
    for row, cell in enumerate(values):
        found = None if cell is None or (isinstance(cell, str) and not cell) else numbers_in(cell)
        if found is None and cell:
            raise DataError(
                f"column {column!r} holds {str(cell)[:40]!r} here, which are no numbers. Expected "
                "numbers with blanks, commas or semicolons between them, in brackets or not.",
                key=("features", column),
                row=row,
            )
        length = len(found) if length is None and found is not None else length
        if found is not None and len(found) != length:
            raise DataError(
                f"column {column!r} has a cell of {len(found):,} numbers here, and {length:,} are "
                "expected. Expected as many in each cell: fill them up, or cut them.",
                key=("features", column),
                row=row,
            )
        rows.append(found)
    gone = np.full(length or 0, np.nan)
    return np.stack([gone if found is None else found for found in rows])
