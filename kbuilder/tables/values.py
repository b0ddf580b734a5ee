"""The values of a column: their kind, which are missing, and what they are as labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.tables.dictionary import codes_of

MISSING_INTEGER = -(2**63)
"""Stands for a missing value in a column of integers, which have no NaN."""

TRUTH = ("True", "true", "TRUE", "False", "false", "FALSE")
"""Truth values as files have them."""

FAR = 1e5
"""So many times the distance between the quartiles from the median a value is far off."""
FEW = 0.01
"""The share of values that may be far off; where there are more, they are the rule."""

Kind = Literal["number", "string", "bytes", "array", "list", "mixed"]

Label = str | int
"""A value of the target as the name of a class."""


def missing(values: np.ndarray) -> np.ndarray:
    """Which values are missing: None, NaN or an empty string. (rows,) bool."""
    codes = codes_of(values)
    if codes is not None:
        return codes < 0
    if values.dtype == object:
        gone = [
            not value if (kind := type(value)) is str else kind is not bytes and _gone(value)
            for value in values
        ]
        return np.array(gone, dtype=bool)
    if values.ndim > 1 or values.dtype.kind not in "f":
        return np.zeros(len(values), dtype=bool)
    return np.isnan(values)


def _gone(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def exact(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Whole numbers as they are: int64, uint64, or objects where neither holds them all."""
    if isinstance(numbers, np.ndarray) and numbers.dtype.kind == "f":
        return numbers.astype(np.float64)
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    if isinstance(numbers, np.ndarray):
        low, high = int(numbers.min()), int(numbers.max())
    else:
        low, high = min(numbers), max(numbers)
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return np.array(numbers, dtype=dtype)
    return np.array(numbers, dtype=object)


def types(values: np.ndarray) -> set[type]:
    """The types of a column's objects; none, where it is of numbers."""
    codes = codes_of(values)
    if codes is not None:
        gone = codes < 0
        return {kind for kind, some in ((str, ~gone), (type(None), gone)) if some.any()}
    return set(map(type, values)) if values.dtype == object else set()


def finite(column: str, values: np.ndarray, dtype: str | None = None) -> np.ndarray:
    """Numbers as float32, or as `dtype`, NaN where missing.

    Raises:
        DataError: naming the first row with a number that is infinite, or too large.
    """
    with np.errstate(over="ignore"):
        numbers = values.astype(dtype or "float32")
    endless = np.isinf(numbers).any(axis=tuple(range(1, numbers.ndim)))
    if endless.any():
        large = "" if dtype == "float64" else ", or over 3.4e38"
        row, leave = int(endless.argmax()), "leave the value empty"
        where = ""
        if numbers.ndim > 1:
            index = np.argwhere(np.isinf(numbers[row]))[0].tolist()
            where, leave = f" at {index}", "write NaN"
        raise DataError(
            f"column {column!r} holds a number that is infinite{large}{where}. "
            f"Expected finite numbers; {leave} where it is missing.",
            key=("features", column),
            row=row,
        )
    return numbers


def far_off(numbers: np.ndarray) -> np.ndarray:
    """Which numbers, of which none is missing, are far off all others. (rows,) bool"""
    low, middle, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    if not high > low:  # most are alike: the others say how far they are from each other
        others = numbers[numbers != middle]
        if not len(others):
            return np.zeros(len(numbers), dtype=bool)
        low, high = middle, middle + float(np.median(np.abs(others - middle)))
    distance = numbers - middle
    np.abs(distance, out=distance)
    away = distance > FAR * (high - low)
    return away if away.mean() <= FEW else np.zeros(len(numbers), dtype=bool)


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


def odd_one(values: np.ndarray, types: tuple[type, ...]) -> int | None:
    """The first row of a column whose value is neither missing nor of these types."""
    if values.dtype != object:
        return None
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, types):
            return row
    return None


def is_number(text: str) -> bool:
    """Whether `text` reads as a number; "1_000" does in Python alone."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def spellings(known: Sequence[Label]) -> dict[str, str]:
    """Other spellings of the truth values among known words, each with that which is known."""
    own = {word.lower(): word for word in known if isinstance(word, str) and word in TRUTH}
    return {w: own[w.lower()] for w in TRUTH if w.lower() in own and w not in known}


def spelled(words: np.ndarray, known: Sequence[Label] | None) -> np.ndarray:
    """Words, of which truth values are spelled as the known ones."""
    others = spellings(known or ())
    if not others:
        return words
    return np.array([others.get(word, word) for word in words], dtype=object)


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


def one_of(values: np.ndarray) -> np.ndarray:
    """Targets as scalars: of arrays of flags, the place of the first that is greatest. (rows,)"""
    return values if values.ndim == 1 else values.astype(np.float64).argmax(axis=1)
