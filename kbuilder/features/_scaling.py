"""How numbers are scaled: their mean and deviation, what is far off, and how exact they must be."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from kbuilder.contracts import Choice, Numeric
from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.tables.values import far_off

Width = Literal["float32", "float64"]

PIECES, MOST_PIECES, ROWS = 8, 32, 1000
"""Pieces of a number, which hold about as many training values each: so many of so many rows or
fewer, twice as many of four times the rows, and at most so many."""
ROUNDED = 1e-4
"""Of the deviation: more than this float32 must not take from a number."""


class Scaling(NamedTuple):
    """What is learned of the values of one number.

    Args:
        mean, scale: Of all values but those that are far off; robust, their median and the distance
            between their quartiles.
        ends: The least and the greatest of these.
        far: The values that are far off.
        robust: Whether they are median and quartiles, which is not where these are the same.
    """

    mean: float
    scale: float
    ends: tuple[float, float]
    far: np.ndarray
    robust: bool = False

    @property
    def bounds(self) -> tuple[float, float] | None:
        """What values are kept within; None: they all are."""
        return self.ends if len(self.far) else None


def scaling(numbers: np.ndarray, robust: bool = False) -> Scaling:
    """What is learned of numbers, as float64, of which none is missing. (rows,)

    Args:
        numbers: The numbers.
        robust: By median and quartiles, if these differ.
    """
    if not len(numbers):
        return Scaling(0.0, 0.0, (0.0, 0.0), numbers)
    away = far_off(numbers)
    near = numbers[~away] if away.any() else numbers
    ends = float(near.min()), float(near.max())
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(near.mean()), float(near.std())
        if robust:
            low, median, high = np.quantile(near, [0.25, 0.5, 0.75]).tolist()
            if high > low:
                return Scaling(median, high - low, ends, numbers[away], robust=True)
    return Scaling(mean, deviation, ends, numbers[away])


def why_far(far: np.ndarray) -> str:
    """Why there are bounds."""
    one = "1 training value is" if len(far) == 1 else f"{len(far):,} training values are"
    return f"{one} far off, such as {far[0]:g}"


def width(numbers: np.ndarray, scale: Any) -> dict[str, Choice]:
    """The field `dtype`, where float32 would round the numbers.

    Args:
        numbers: As float64, of any shape.
        scale: Their deviation; of several, along the last axis.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        off = numbers.astype(np.float32) - numbers
        lost = np.abs(off, out=off) > ROUNDED * np.asarray(scale)
    lost &= np.isfinite(numbers)
    if not lost.any():
        return {}
    return {"dtype": Choice("float64", "float32 would round the training values")}


def edges_between(numbers: np.ndarray, bins: int) -> tuple[float, ...]:
    """Where bins end that hold about as many of the numbers each, none of them missing.

    Each edge is halfway between two neighbours, so that rounding takes no number across; there is
    none where all numbers are the same.
    """
    distinct = np.unique(numbers)
    if len(distinct) < 2:
        return ()
    wanted = np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1])
    above = np.unique(np.clip(np.searchsorted(distinct, wanted), 1, len(distinct) - 1))
    return tuple((distinct[above - 1] / 2 + distinct[above] / 2).tolist())


def knots_of(scaled: np.ndarray) -> tuple[float, ...]:
    """Quantiles of scaled numbers, each once; none where there is no number between two of them.

    A value that many rows have is a knot itself, and the others are divided without it: of a number
    that is mostly 0 all else would be one piece.
    """
    pieces = int(min(MOST_PIECES, max(PIECES, PIECES * math.sqrt(len(scaled) / ROWS))))
    values, counts = np.unique(scaled.astype(np.float32), return_counts=True)
    common = counts * pieces >= len(scaled)
    rest = np.repeat(values[~common], counts[~common])
    wanted = values[common]
    if len(rest):
        shares = np.linspace(0, 1, max(2, pieces + 1 - len(wanted)))
        wanted = np.union1d(wanted, np.quantile(rest, shares).astype(np.float32))
    return tuple(wanted.tolist()) if len(wanted) > 2 else ()


def spread_of(column: str, deviation: float, values: np.ndarray) -> float:
    """The deviation of the numbers of a column, as a divisor; 1 if they are all the same.

    Raises:
        DataError: if they differ, but not as floats, or by more than floats hold.
    """
    if not np.isfinite(deviation):
        raise DataError(
            f"column {column!r} holds numbers so large that their deviation has no number. "
            "Expected numbers of up to 1e150.",
            key=("features", column),
        )
    whole = values.dtype == object or values.dtype.kind in "iu"
    if not deviation and whole and len(set(values.ravel().tolist()) - {None}) > 1:
        raise DataError(
            f"column {column!r} holds whole numbers so large that they differ by less than floats "
            f"tell apart. If they are names, write `{to_line(('features', column), 'category')}`, "
            f"or leave them out: `{to_line(('data', 'ignore'), [column])}`.",
            key=("features", column),
        )
    return deviation or 1.0


def without_float64(mean: Any) -> Numeric:
    """How numbers of float64 go into an export that computes in float32: less an offset."""
    offset = np.asarray(mean, dtype=np.float64)

    def take(values: np.ndarray, layer: Any) -> np.ndarray:
        return (values - offset).astype(np.float32)

    def prepare(values: Any, layer: Any) -> Any:
        return layer.of_centred(values)

    entry = {"dtype": "float32", "offset": offset.tolist()}
    return Numeric(entry, take, prepare)
