"""A column of words that knows its different words; dictionary.py asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from kbuilder.tables.dictionary import narrow, ranks

MANY = 2**16
"""Words from which on they stay Arrow's: an object takes 50 bytes more than its letters."""


class ArrowWords:
    """Many words as Arrow holds them, in memory or mapped; those that are asked for are objects.

    Args:
        words: Words of Arrow that all differ.
    """

    def __init__(self, words: Any) -> None:
        self.words = words
        self.nbytes = int(words.nbytes)

    def arrow(self, codes: np.ndarray) -> Any:
        """The words of some places, null for -1, as an array of Arrow."""
        import pyarrow as pa

        codes = np.asarray(codes)
        return self.words.take(pa.array(codes, mask=codes < 0))

    def __getitem__(self, codes: Any) -> Any:
        places = np.asarray(codes)
        found = self.arrow(places.ravel()).to_numpy(zero_copy_only=False)
        return found[0] if not places.ndim else found.reshape(places.shape)


class DictionaryArray(NDArrayOperatorsMixin):
    """A column of words, None where one is missing, that holds each different word once.

    It stands for an array of objects, (rows,): NumPy, pandas and TensorFlow take it as one, and
    whatever they make of it is an array as any other; only rows that are taken of it are again of
    its kind. A row costs the bytes of a code. It cannot be written to.
    """

    dtype = np.dtype(object)
    ndim = 1

    codes: np.ndarray
    """The place of each row's word among the different ones, -1 where it is missing. (rows,) int8,
    int16 or int32, by how many words differ"""

    def __init__(self, codes: np.ndarray, words: np.ndarray | ArrowWords) -> None:
        """`words` gives None for -1: as objects it has one more than differ, None, the last."""
        self.codes, self._words = codes, words

    @classmethod
    def of(cls, codes: np.ndarray, different: Any) -> np.ndarray:
        """The column of words by their places.

        Args:
            codes: The place of each row's word, -1 where it is missing. (rows,)
            different: Words that all differ, none of them empty: a sequence of strings, or an array
                of Arrow, as which they stay where they are many.
        """
        size = len(different)
        codes = codes.astype(narrow(size), copy=False)
        if hasattr(different, "to_numpy"):
            if size > MANY:
                return cast(np.ndarray, cls(codes, ArrowWords(different)))  # it stands for one
            different = different.to_numpy(zero_copy_only=False)
        words = np.empty(size + 1, dtype=object)
        words[:-1] = different
        return cast(np.ndarray, cls(codes, words))

    def compact(self) -> tuple[np.ndarray, Any]:
        """The place of each row's word among those that come in these rows, and these words.

        Returns:
            (rows,), -1 where it is missing; and objects, or an array of Arrow.
        """
        places, come = self._among()
        words = self._words.arrow(come) if isinstance(self._words, ArrowWords) else (
            self._words[come]
        )  # fmt: skip
        return places, words

    def compact_parts(self) -> tuple[np.ndarray, int, Callable[[], Iterator[Any]]] | None:
        """The same where words are Arrow's: they are many.

        Returns:
            As `compact`; how many words there are; and what gives them, part by part.
        """
        held = self._words
        if not isinstance(held, ArrowWords):
            return None
        places, come = self._among()

        def parts() -> Iterator[Any]:
            return (held.arrow(come[first : first + MANY]) for first in range(0, len(come), MANY))

        return places, len(come), parts

    def _among(self) -> tuple[np.ndarray, np.ndarray]:
        """The place of each row's word among those that come, and the codes of these."""
        come, places = ranks(self.codes)
        gone = int(len(come) and come[0] < 0)
        places -= places.dtype.type(gone)
        return places, come[gone:]

    def moved(
        self,
        codes: Callable[[np.ndarray], np.ndarray],
        words: Callable[[Any], Any] = lambda words: words,
    ) -> np.ndarray:
        """A column of what functions make of the codes, and of words that are Arrow's."""
        own = self._words
        own = ArrowWords(words(own.words)) if isinstance(own, ArrowWords) else own
        return cast(np.ndarray, DictionaryArray(codes(self.codes), own))

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
        if name.startswith("_") or name == "codes":
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def _whole(given: Any) -> Any:
    """Arguments of NumPy's functions, with arrays in place of columns that hold words once."""
    if isinstance(given, DictionaryArray):
        return np.asarray(given)
    if isinstance(given, list | tuple):
        return type(given)(map(_whole, given))
    return given
