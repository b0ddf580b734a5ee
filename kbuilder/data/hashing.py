"""Values as numbers that are equal where these are."""

from __future__ import annotations

import numpy as np

from kbuilder.tables.dictionary import codes_of, each


def hashed(values: np.ndarray) -> np.ndarray:
    """A hash of each value, whatever it is: a number, a text, a list, an array. (rows,) uint64"""
    import pandas as pd

    if values.dtype.kind in "iub" and values.ndim == 1:
        numbers = values.astype(np.float64)  # as they are where one is missing
        found: np.ndarray = pd.util.hash_array(numbers)
        with np.errstate(invalid="ignore"):  # beyond what whole numbers hold
            inexact = np.flatnonzero(numbers.astype(values.dtype) != values)
        found[inexact] = pd.util.hash_array(values[inexact])
        return found
    if codes_of(values) is not None:
        return each(values, lambda some: pd.util.hash_array(np.array(some, dtype=object)))
    if values.ndim > 1:
        values = np.array([row.tobytes().hex() for row in values], dtype=object)
    try:
        return pd.util.hash_array(values)
    except (TypeError, UnicodeDecodeError):  # lists and the like; bytes beside numbers
        return pd.util.hash_array(np.array([whole(value) for value in values], dtype=object))


def whole(value: object) -> str:
    """A value as a text that no unlike value has: NumPy leaves out the middle of large arrays."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return str(value)
