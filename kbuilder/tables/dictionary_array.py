"""A column of words that knows its different words; dictionary.py asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
