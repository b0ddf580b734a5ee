"""What is asked of each word of a column is asked of few, where the column knows which differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from kbuilder.late import np

SPARSE = 8
"""So many words to a row, from which on the rows are sorted, and not the words counted."""


def codes_of(values: np.ndarray) -> np.ndarray | None:
    """The place of each row's word, where a column knows it; -1 where it is missing. (rows,)"""
    return getattr(values, "codes", None)  # of a DictionaryArray, which only readers make


def narrow(size: int) -> type[np.signedinteger[Any]]:
    """The narrowest type of the places of so many words, and of -1."""
    return next(one for one in (np.int8, np.int16, np.int32) if size <= np.iinfo(one).max)


def different(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of a column in the order in which they first come, None among them.

    Args:
        values: A column that knows its words. (rows,)

    Returns:
        The first row of each, (n,); and the place of each row's value among them, (rows,).
    """
    codes = codes_of(values)
    assert codes is not None, "it knows its words"
    size = int(codes.max(initial=-1)) + 2
    if SPARSE * len(values) < size:  # few rows of a long column
        _, first, among = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        places = np.empty(len(order), dtype=narrow(size))
        places[order] = np.arange(len(order))
        return first[order], places[among]
    rows = np.arange(len(values), dtype=np.int32 if len(values) < 2**31 else np.int64)
    first = np.full(size, len(values), dtype=rows.dtype)
    first[codes[::-1]] = rows[::-1]  # of equal ones the last counts
    come = np.argsort(first, kind="stable")[: int(np.sum(first < len(values)))]
    places = np.empty(size, dtype=narrow(size))
    places[come] = np.arange(len(come))
    return first[come].astype(np.intp), places[codes]


def ranks(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different codes, in order, and the place of each row's among them; sorts nothing.

    Args:
        codes: Whole numbers from -1 on, few of them different. (rows,)
    """
    counts = np.bincount(codes.astype(np.intp) + 1)
    come = np.flatnonzero(counts)
    places = np.empty(len(counts), dtype=narrow(len(come)))
    places[come] = np.arange(len(come))
    return come - 1, np.roll(places, -1)[codes]  # that of -1 is the last


def counted(values: np.ndarray) -> Counter[str]:
    """How often each word comes that is not missing, in the order in which they first come.

    Args:
        values: Words; those of a column that does not know them are all there. (rows,) objects
    """
    if codes_of(values) is None:
        return Counter(map(str, values.tolist()))
    rows, places = different(values)
    counts = np.bincount(places, minlength=len(rows)).tolist()
    words = values[rows].tolist()
    pairs = zip(words, counts, strict=True)
    return Counter({word: count for word, count in pairs if word is not None})


def each(values: np.ndarray, function: Callable[[list[Any]], Any]) -> np.ndarray:
    """A function of values, which is called with each different word once.

    Args:
        values: The column. (rows,)
        function: Gives an array, or a list, with one thing for each of a list of values; for equal
            values equal things.

    Returns:
        What the function gives for each row.
    """
    if codes_of(values) is None:
        return np.asarray(function(values.tolist()))
    rows, places = different(values)
    return np.asarray(function(values[rows].tolist()))[places]
