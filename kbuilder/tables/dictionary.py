"""What is asked of each word of a column is asked of few, where the column knows which differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, ItemsView, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kbuilder.late import np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SPARSE = 8
"""So many words to a row, from which on the rows are sorted, and not the words counted."""
MANY = 2**16
"""Words from which on not all of them are objects at once."""
AT_ONCE = 2**20
"""Rows that are counted at once."""


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
    come = np.flatnonzero(np.roll(_seen(codes), 1)) - 1
    places = np.empty(int(codes.max(initial=-1)) + 2, dtype=narrow(len(come)))
    places[come] = np.arange(len(come))
    return come, places[codes]


def _seen(codes: np.ndarray) -> np.ndarray:
    """Which codes come; of -1 it is the last that says so. (greatest + 2,) bool"""
    seen = np.zeros(int(codes.max(initial=-1)) + 2, dtype=bool)
    for start in range(0, len(codes), AT_ONCE):  # an index takes 8 bytes
        seen[codes[start : start + AT_ONCE]] = True
    return seen


class Counted(Mapping[str, int]):
    """How often each of many words comes, in the order in which they first come.

    Few of them are objects at once; of which the count is asked, all are.

    Args:
        values: A column that knows its words.
        rows: The first row of each word. (n,)
        counts: How often it comes. (n,)
    """

    def __init__(self, values: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> None:
        self.column, self.rows, self.counts = values, rows, counts

    @cached_property
    def _whole(self) -> dict[str, int]:
        return dict(self.pairs())

    def __getitem__(self, word: str) -> int:
        return self._whole[word]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[str]:
        return (word for word, _ in self.pairs())

    def pairs(self) -> Iterator[tuple[str, int]]:
        """The words, each with its count."""
        for start in range(0, len(self.rows), MANY):
            some = slice(start, start + MANY)
            words = self.column[self.rows[some]].tolist()
            yield from zip(words, self.counts[some].tolist(), strict=True)

    def items(self) -> ItemsView[str, int]:
        return _Pairs(self)

    def total(self) -> int:
        """How many rows have a word."""
        return int(self.counts.sum())


class _Pairs(ItemsView[str, int]):
    def __init__(self, words: Counted) -> None:
        super().__init__(words)
        self.words = words

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return self.words.pairs()


def counted(values: np.ndarray) -> Counter[str] | Counted:
    """How often each word comes that is not missing, in the order in which they first come.

    Args:
        values: Words; those of a column that does not know them are all there. (rows,) objects
    """
    codes = codes_of(values)
    if codes is None:
        return Counter(map(str, values.tolist()))
    size = int(codes.max(initial=-1)) + 2
    if MANY < size <= SPARSE * len(values):
        return Counted(values, *_firsts(codes, size))
    rows, places = different(values)
    counts = np.bincount(places, minlength=len(rows)).tolist()
    words = values[rows].tolist()
    pairs = zip(words, counts, strict=True)
    return Counter({word: count for word, count in pairs if word is not None})


def _firsts(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each code but -1 that comes, in their order, and how often it does."""
    narrowest = np.int32 if len(codes) < 2**31 else np.int64
    first: np.ndarray = np.full(size, len(codes), dtype=narrowest)
    counts: np.ndarray = np.zeros(size, dtype=narrowest)
    for start in reversed(range(0, len(codes), AT_ONCE)):
        some = codes[start : start + AT_ONCE]
        first[some[::-1]] = np.arange(start, start + len(some), dtype=narrowest)[::-1]
        np.add.at(counts, some, 1)  # those of -1 are the last
    come = counts[:-1] > 0
    first, counts = first[:-1][come], counts[:-1][come]
    if np.all(first[1:] > first[:-1]):
        return first, counts
    order = np.argsort(first)
    return first[order], counts[order]


def count_different(values: np.ndarray) -> int:
    """How many values of a column differ that knows its words, None among them."""
    codes = codes_of(values)
    assert codes is not None, "it knows its words"
    return int(np.count_nonzero(_seen(codes)))


def categorical(column: pa.ChunkedArray) -> pd.Categorical:
    """A column of Arrow that knows its words, as pandas has it; no word becomes an object."""
    import pandas as pd
    import pyarrow as pa

    column = column.unify_dictionaries()
    if not column.num_chunks:
        return pd.Categorical.from_codes([], pd.Index([], dtype="str"))
    words = column.chunk(0).dictionary.cast(pa.large_string())
    dtype = narrow(len(words))
    places = [chunk.indices.fill_null(-1).to_numpy().astype(dtype) for chunk in column.chunks]
    known = pd.Index(pd.array(words, dtype="str"))
    return pd.Categorical.from_codes(np.concatenate(places), known, validate=False)


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
