"""Arrays that are made of several columns."""

from __future__ import annotations

import math
from typing import Any

from kbuilder.errors import DataError
from kbuilder.features._axes import by


def expect_product(column: str, shape: tuple[int, ...], count: int) -> None:
    """Check that so many columns fill a shape.

    Raises:
        DataError: with both numbers.
    """
    if math.prod(shape) != count:
        raise DataError(
            f"{column!r} is made of {count:,} columns, and the shape {list(shape)} has "
            f"{by(shape)} = {math.prod(shape):,} numbers. Expected as many.",
            key=("features", column, "shape"),
        )


def one_gap(column: str, members: tuple[str, ...], place: list[int], shape: Any) -> str:
    """Where a row lacks a number, for people.

    Args:
        column: The name of the arrays.
        members: The columns that they are made of; none: they are a column.
        place: Of the gap in the row.
        shape: Of a row.
    """
    if not members:
        return f"column {column!r} has no number at {place}"
    flat = 0
    for index, size in zip(place, shape, strict=True):
        flat = flat * size + index
    return f"column {members[flat]!r}, which {column!r} is made of, has no number"
