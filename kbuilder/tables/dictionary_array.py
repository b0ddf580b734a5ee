"""A column of words that knows its different words; dictionary.py asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from kbuilder.tables.dictionary import narrow


class DictionaryArray(NDArrayOperatorsMixin):
    """A column of words, None where one is missing, that holds each different word once.

    It stands for an array of objects, (rows,): NumPy, pandas and TensorFlow take it as one, and
    whatever they make of it is an array as any other; only rows that are taken of it are again of
    its kind. A row costs the bytes of a code. It cannot be written to.
    """

    dtype = np.dtype(object)
    ndim = 1

    codes: np.ndarray
    """The place of each row's word in `different`, -1 where it is missing. (rows,) int8, int16 or
    int32, by how many words differ"""
    different: np.ndarray
    """Words that all differ; of rows that were taken some may not come at all. (n,) objects"""

    def __init__(self, codes: np.ndarray, words: np.ndarray) -> None:
        """`words` has one more than `different`: None, the last, is that of -1."""
        self.codes, self._words = codes, words
        self.different = words[:-1]

    @classmethod
    def of(cls, codes: np.ndarray, different: Sequence[str] | np.ndarray) -> np.ndarray:
        """The column of words by their places.

        Args:
            codes: The place of each row's word, -1 where it is missing. (rows,)
            different: Words that all differ, none of them empty.
        """
        words = np.empty(len(different) + 1, dtype=object)
        words[:-1] = different
        column = cls(codes.astype(narrow(len(different)), copy=False), words)
        return cast(np.ndarray, column)  # it stands for one

    @property
    def shape(self) -> tuple[int]:
        """(rows,)"""
        return (len(self.codes),)

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Bytes of the codes, and of where the words are."""
        return self.codes.nbytes + self._words.nbytes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Any:
        taken = self.codes[rows]
        if isinstance(taken, np.ndarray) and taken.ndim == 1:
            return DictionaryArray(taken, self._words)
        return self._words[taken]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The words as a list."""
        words: list[Any] = self._words[self.codes].tolist()
        return words

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self._words[self.codes]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*map(_whole, inputs), **options)

    def __array_function__(
        self, function: Any, types: Any, given: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        return function(*map(_whole, given), **{name: _whole(one) for name, one in named.items()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("codes", "different"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def _whole(given: Any) -> Any:
    """Arguments of NumPy's functions, with arrays in place of columns that hold words once."""
    if isinstance(given, DictionaryArray):
        return np.asarray(given)
    if isinstance(given, list | tuple):
        return type(given)(map(_whole, given))
    return given
