"""The values of a column: their kind, which are missing, and what they are as labels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from kbuilder.errors import DataError

MISSING_INTEGER = -(2**63)
"""Stands for a missing value in a column of integers, which have no NaN."""

Kind = Literal["number", "string", "bytes", "array", "list", "mixed"]

Label = str | int


def missing(values: np.ndarray) -> np.ndarray:
    """Which values are missing: None, NaN or an empty string. (rows,) bool."""
    if values.dtype == object:
        gone = [not value if type(value) is str else _gone(value) for value in values]
        return np.array(gone, dtype=bool)
    if values.ndim > 1 or values.dtype.kind not in "f":
        return np.zeros(len(values), dtype=bool)
    return np.isnan(values)


def _gone(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def types(values: np.ndarray) -> set[type]:
    """The types of a column's objects; none, where it is of numbers."""
    return set(map(type, values)) if values.dtype == object else set()


def finite(column: str, values: np.ndarray) -> np.ndarray:
    """Numbers as float32, NaN where missing.

    Raises:
        DataError: naming the first row with a number that is infinite, or too large for float32.
    """
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32)
    endless = np.isinf(numbers).any(axis=tuple(range(1, numbers.ndim)))
    if endless.any():
        raise DataError(
            f"column {column!r} holds a number that is infinite, or over 3.4e38. "
            "Expected finite numbers; leave the value empty where it is missing.",
            key=("features", column),
            row=int(endless.argmax()),
        )
    return numbers


def kind_of(values: np.ndarray) -> Kind:
    """The kind of a column's values."""
    if values.ndim > 1:
        return "array"
    if values.dtype.kind in "iufb":
        return "number"
    if types(values) <= {str, type(None)}:
        return "string"
    found = {
        "string" if isinstance(v, str) else "bytes" if isinstance(v, bytes) else "list"
        if isinstance(v, list | tuple | set | frozenset) else "number"
        if isinstance(v, int | float | np.number) else "mixed"
        for v in values[~missing(values)]
    }  # fmt: skip
    if len(found) > 1:
        return "mixed"
    return found.pop() if found else "string"  # type: ignore[return-value]  # a set of literals


def is_number(text: str) -> bool:
    """Whether `text` reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_label(value: Any) -> Label:
    """A value of the target as a class name: whole numbers stay numbers, all else is a string."""
    if type(value) is str:  # most are, and there are many
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return int(value) if np.isfinite(value) and value == np.floor(value) else str(value)
    return str(value)
