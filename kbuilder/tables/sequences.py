"""Sequences of unlike length as one array: padded, and where their padding is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kbuilder.errors import DataError, Key
from kbuilder.late import np
from kbuilder.tables.values import missing

RARELY = 0.01
"""Of what looks like padding so much may stand between other steps."""
GAPS = 0.2
"""So much, where it is what is missing: that comes between steps too."""
OFTEN = 0.1
"""The share of rows with padding, at least."""
USUAL = (0.0, -1.0)
"""What padding has, where it is not beyond all other values."""


class Padding(NamedTuple):
    """What is seen of the ends of sequences.

    Args:
        value: The numbers of padding; None: it is missing (NaN).
        rows: How many rows have some.
        least, most: The steps of it in a row that has some.
    """

    value: float | None
    rows: int
    least: int
    most: int


def are_sequences(values: np.ndarray) -> bool:
    """Whether objects are lists of numbers, or of lists of as many numbers each."""
    if values.dtype != object or values.ndim > 1:
        return False
    there = values[~missing(values)].tolist()
    lists = there and all(isinstance(value, list | tuple | np.ndarray) for value in there)
    return bool(lists) and any(len(value) for value in there) and all(map(_numeric, there))


def uneven(values: np.ndarray) -> bool:
    """Whether objects are lists of numbers in unlike numbers, or lists of lists."""
    if not are_sequences(values):
        return False
    there = values[~missing(values)].tolist()
    steps = any(_is_step(step) for value in there for step in value[:1])
    return steps or len({len(value) for value in there}) > 1


def may_be_names(values: np.ndarray) -> bool:
    """Whether all are lists of whole numbers, in an order that may mean nothing."""
    return all(isinstance(one, int | np.integer) for value in values.tolist() for one in value)


def _numeric(value: object) -> bool:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return _numeric(value.tolist())
        return value.dtype.kind in "iuf" and value.ndim in (1, 2)
    if not isinstance(value, list | tuple):
        return False
    flat = [one for step in value for one in (step if _is_step(step) else (step,))]
    return len({_is_step(step) for step in value}) <= 1 and all(map(_is_number, flat))


def _is_step(value: object) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating)
    return value is None or (number and not isinstance(value, bool))


def padded(column: str, values: np.ndarray, numbers: int = 1) -> np.ndarray:
    """Lists of numbers as an array with NaN after the last step of each. (rows, time, d) float64

    A missing list, and an empty one, has no step.

    Args:
        column: For messages.
        values: Lists as objects.
        numbers: Of a step, where there is none to tell it.

    Raises:
        DataError: naming the first row with steps of another size, or without numbers.
    """
    rows = [np.empty((0,))] * len(values)
    gone = missing(values)
    for row in np.flatnonzero(~gone).tolist():
        try:
            rows[row] = np.array(list(values[row]), dtype=np.float64)  # arrays in arrays, too
        except (TypeError, ValueError):
            raise _uneven(column, row, "its steps are no numbers, or not of one size") from None
    steps = [row[:, None] if row.ndim == 1 else row for row in rows]
    sizes = Counter(step.shape[1:] for step in steps if len(step))
    usual = sizes.most_common(1)[0][0] if sizes else (numbers,)
    for place, step in enumerate(steps):
        if len(step) and (step.shape[1:] != usual or step.ndim != 2):
            what = f"its steps have {_size(step)} numbers"
            raise _uneven(column, place, f"{what}, and those of other rows {usual[0]}")
    array = np.full((len(steps), max(1, *map(len, steps)), *usual), np.nan)
    for place, step in enumerate(steps):
        array[place, : len(step)] = step.reshape(len(step), *usual)
    return array


def _size(step: np.ndarray) -> str:
    return " × ".join(map(str, step.shape[1:]))


def _uneven(column: str, row: int, reason: str) -> DataError:
    return DataError(
        f"column {column!r} holds sequences, and of one {reason}. "
        "Expected a list of numbers, or of lists of as many numbers each.",
        key=("features", column), row=row,
    )  # fmt: skip


def stacked(arrays: Sequence[np.ndarray], names: Sequence[str], key: Key) -> np.ndarray:
    """Arrays of one shape as one array; those that differ in their length alone, as objects.

    Args:
        arrays: Sequences (time,) or (time, d) may differ in their length, and so may videos
            (frames, height, width, channels).
        names: What messages call each.
        key: The place of the data in the recipe.

    Raises:
        DataError: naming two whose shapes do not go together.
    """
    first = arrays[0].shape
    if all(array.shape == first for array in arrays):
        return np.stack(arrays)
    free = 1 if len(first) in (1, 2, 4) else 0
    for array, name in zip(arrays, names, strict=True):
        if array.ndim != len(first) or array.shape[free:] != first[free:]:
            shapes = (" × ".join(map(str, shape)) for shape in (first, array.shape))
            one, other = shapes
            raise DataError(
                f"{names[0]} holds {one} numbers, and {name} {other}. Expected arrays of one "
                "shape; sequences (time, d) and videos (frames, height, width, channels) may "
                "differ in their first axis.",
                key=key,
            )
    column = np.empty(len(arrays), dtype=object)
    for row, array in enumerate(arrays):
        column[row] = array
    return column


def ends(array: np.ndarray, value: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Where the real steps of each row begin, and where they end. Twice (rows,)

    Args:
        array: (rows, time, d), NaN where missing.
        value: What padding has; NaN is padding too. None: NaN alone.
    """
    there = ~_equal(array, None)
    if value is not None:
        there &= ~_equal(array, value)
    return outermost(there)


def outermost(there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the first of what is there stands in each row, and where it ends. Twice (rows,)

    Args:
        there: (rows, time) bool; a row without any begins and ends at 0.
    """
    some, time = there.any(axis=1), there.shape[1]
    begin = np.where(some, there.argmax(axis=1), 0)
    return begin, np.where(some, time - there[:, ::-1].argmax(axis=1), 0)


def real(array: np.ndarray, value: float | None) -> np.ndarray:
    """Which steps are no padding. (rows, time) bool"""
    return between(*ends(array, value), array.shape[1])


def between(begin: np.ndarray, end: np.ndarray, time: int) -> np.ndarray:
    """Which of so many steps stand from `begin` to before `end` in each row. (rows, time) bool"""
    steps = np.arange(time)
    return (steps >= begin[:, None]) & (steps < end[:, None])


def aligned(array: np.ndarray, value: float | None, steps: int) -> np.ndarray:
    """The real steps first, then NaN; of more than `steps` the last. (rows, steps, d)"""
    taken, there = first_steps(array, *ends(array, value), steps)
    return np.where(there[..., None], taken, np.nan)


def first_steps(
    array: np.ndarray, begin: np.ndarray, end: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """The steps from `begin` to `end` of each row first; of more than `steps` the last.

    Returns:
        (rows, steps, …), and which of them are such, (rows, steps) bool.
    """
    index = np.maximum(begin, end - steps)[:, None] + np.arange(steps)
    taken = array[np.arange(len(array))[:, None], np.clip(index, 0, array.shape[1] - 1)]
    return taken, index < end[:, None]


def padding(array: np.ndarray) -> Padding | None:
    """What looks like padding: the ends of rows, in unlike lengths, and nothing in between.

    Args:
        array: (rows, time, d), NaN where missing.
    """
    found = [_seen(array, value) for value in (None, *_candidates(array))]
    return max(filter(None, found), key=lambda one: one.rows, default=None)


def _candidates(array: np.ndarray) -> list[float]:
    """The numbers that most first and last steps have in all places."""
    values = []
    for side in (array[:, 0], array[:, -1]):
        alike = side[(side == side[:, :1]).all(axis=1), 0]
        if len(alike):
            numbers, counts = np.unique(alike, return_counts=True)
            values.append(float(numbers[counts.argmax()]))
    return list(dict.fromkeys(values))


def _seen(array: np.ndarray, value: float | None) -> Padding | None:
    begin, end = ends(array, value)
    lengths = array.shape[1] - (end - begin)
    some = lengths > 0
    between = (_equal(array, value) & real(array, value)).sum()
    unlike = len(np.unique(lengths)) > 1 and lengths.max() > 1
    rarely = GAPS if value is None else RARELY
    if not unlike or some.mean() < OFTEN or between > rarely * lengths.sum():
        return None
    if value is not None and value not in USUAL:
        others = array[real(array, value)]
        if not len(others) or np.nanmin(others) <= value <= np.nanmax(others):
            return None
    return Padding(value, int(some.sum()), int(lengths[some].min()), int(lengths.max()))


def _equal(array: np.ndarray, value: float | None) -> np.ndarray:
    """The steps of which all numbers are one; None: of which all are missing. (rows, time)"""
    same = np.isnan(array) if value is None else array == value
    return same.all(axis=-1)
