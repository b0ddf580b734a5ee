"""A column of words that knows its different words: what is asked of each is asked of few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np


class DictionaryArray(np.ndarray):
    """An array of words, None where one is missing, that remembers which differ. (rows,) objects

    Whatever NumPy makes of it is an array as any other; only rows that are taken of it remember
    too. It cannot be written to, since what it remembers would no longer be true.
    """

    codes: np.ndarray | None = None
    """The place of each row's word in `different`, -1 where it is missing. (rows,) int32; None: it
    is not known."""
    different: np.ndarray = np.empty(0, dtype=object)
    """Words that all differ; of rows that were taken some may not come at all. (n,) objects"""

    @classmethod
    def of(cls, codes: np.ndarray, different: Sequence[str] | np.ndarray) -> DictionaryArray:
        """The column of words by their places.

        Args:
            codes: The place of each row's word, -1 where it is missing. (rows,)
            different: Words that all differ, none of them empty.
        """
        known = np.empty(len(different) + 1, dtype=object)  # the last is that of -1
        known[:-1] = different
        return cls._known(known[codes], codes.astype(np.int32, copy=False), known[:-1])

    @classmethod
    def _known(
        cls, values: np.ndarray, codes: np.ndarray, different: np.ndarray
    ) -> DictionaryArray:
        column = values.view(cls)
        column.codes, column.different = codes, different
        column.flags.writeable = False
        return column

    def __getitem__(self, rows: Any) -> Any:
        taken = super().__getitem__(rows)
        if self.codes is None or not isinstance(taken, DictionaryArray) or taken.ndim != 1:
            return taken
        return self._known(taken, self.codes[rows], self.different)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __array_wrap__(
        self, array: np.ndarray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        return array[()] if return_scalar else np.asarray(array)

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def codes_of(values: np.ndarray) -> np.ndarray | None:
    """The place of each row's word, where a column knows it; -1 where it is missing. (rows,)"""
    return values.codes if isinstance(values, DictionaryArray) else None


def different(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of a column in the order in which they first come, None among them.

    Args:
        values: A column that knows its words. (rows,)

    Returns:
        The first row of each, (n,); and the place of each row's value among them, (rows,).
    """
    assert isinstance(values, DictionaryArray)
    assert values.codes is not None, "it knows its words"
    size = len(values.different) + 1
    first = np.full(size, len(values))
    first[values.codes[::-1]] = np.arange(len(values))[::-1]  # of equal ones the last counts
    come = np.argsort(first, kind="stable")[: int(np.sum(first < len(values)))]
    places = np.empty(size, dtype=np.int32)
    places[come] = np.arange(len(come))
    return first[come], places[values.codes]


def counted(values: np.ndarray) -> Counter[str]:
    """How often each word comes that is not missing, in the order in which they first come.

    Args:
        values: Words; those of a column that does not know them are all there. (rows,) objects
    """
    if not isinstance(values, DictionaryArray) or values.codes is None:
        return Counter(map(str, values.tolist()))
    rows, places = different(values)
    counts = np.bincount(places, minlength=len(rows)).tolist()
    words = np.asarray(values)[rows].tolist()
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
    if not isinstance(values, DictionaryArray) or values.codes is None:
        return np.asarray(function(values.tolist()))
    rows, places = different(values)
    return np.asarray(function(np.asarray(values)[rows].tolist()))[places]
