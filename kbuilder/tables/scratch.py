"""Columns of many rows lie in files without names, while rows are prepared that are to be kept.

So they take no memory that others lack: the system writes what is not asked for to the disk. What
has no room there lies in memory.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kbuilder import cache, files
from kbuilder.cache import Shelf
from kbuilder.tables.dictionary_array import DictionaryArray
from kbuilder.tables.words_file import load_words, save_words

LEAST = 2**22
"""Bytes of a column from which on it lies in a file."""
AT_ONCE = 2**17
"""Rows that are taken at once."""
NUMBERS = count()

_shelf: ContextVar[Shelf | None] = ContextVar("shelf", default=None)


@contextmanager
def used() -> Iterator[None]:
    """While it lasts long columns lie in files, where there is a cache.

    A file is there as long as somebody holds its column, and no longer than the process.
    """
    folder = cache.root()
    try:
        if folder is None:
            raise FileNotFoundError
        folder.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix="scratch.", suffix=cache.PARTIAL, dir=folder))
    except OSError:
        yield
        return
    before = _shelf.set(Shelf(own))
    try:
        with files.alone(own):
            yield
    finally:
        _shelf.reset(before)
        shutil.rmtree(own, ignore_errors=True)


def are_used() -> bool:
    """Whether long columns lie in files."""
    return _shelf.get() is not None


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """An array without values, in a file if it is long."""
    shelf = _shelf.get()
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return np.empty(shape, dtype) if shelf is None or size < LEAST else _empty(shelf, shape, dtype)


class Growing:
    """Words of Arrow that are kept one after the other, in a file where there is room for it."""

    def __init__(self, shelf: Shelf | None, path: Path | None) -> None:
        self._shelf, self._path = shelf, path

    def keep(self, words: Any) -> Any:
        """The same words, in the file."""
        import pyarrow as pa

        shelf = self._shelf
        if shelf is None or self._path is None or shelf.failed:
            return words
        start = self._path.stat().st_size if self._path.exists() else 0
        try:
            shelf.expect_room(words.nbytes)
            with self._path.open("ab") as file, pa.PythonFile(file, "w") as sink:
                schema = pa.schema([("words", words.type)])
                with pa.ipc.new_stream(sink, schema) as writer:
                    writer.write_batch(pa.record_batch([words], schema=schema))
            with pa.memory_map(str(self._path)) as held:
                held.seek(start)
                return pa.ipc.open_stream(held).read_next_batch().column(0)
        except OSError as error:
            shelf.fail(error.strerror or str(error))
            return words


@contextmanager
def growing() -> Iterator[Growing]:
    """A place for words that are needed while it lasts."""
    shelf = _shelf.get()
    if shelf is None or shelf.folder is None:
        yield Growing(None, None)
        return
    path = shelf.folder / f"growing-{next(NUMBERS)}"
    try:
        yield Growing(shelf, path)
    finally:
        path.unlink(missing_ok=True)


def laid(values: np.ndarray) -> np.ndarray:
    """The same column, in a file if it is long."""
    shelf = _shelf.get()
    return values if shelf is None else _laid(values, shelf)


def taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows of a column, by their numbers, in a file if they are many."""
    shelf = _shelf.get()
    if isinstance(values, DictionaryArray):
        return values.moved(partial(taken, rows=rows))
    size = len(rows) * values[:1].nbytes
    if shelf is None or size < LEAST or values.dtype == object or rows.dtype.kind == "b":
        return values[rows]
    found = _empty(shelf, (len(rows), *values.shape[1:]), values.dtype)
    for start in range(0, len(rows), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        found[some] = values[rows[some]]
    return found


def _laid(values: np.ndarray, shelf: Shelf) -> np.ndarray:
    if isinstance(values, DictionaryArray):
        return values.moved(partial(_laid, shelf=shelf), partial(_laid_words, shelf=shelf))
    if values.dtype == object or values.nbytes < LEAST:
        return values
    found = _empty(shelf, values.shape, values.dtype)
    found[...] = values
    return found


def _laid_words(words: Any, shelf: Shelf) -> Any:
    """Words of Arrow, in a file."""
    if words.nbytes < LEAST or shelf.folder is None or shelf.failed:
        return words
    name = f"words-{next(NUMBERS)}"
    path = shelf.folder / f"{name}.arrow"
    try:
        shelf.expect_room(words.nbytes)
        save_words(words, shelf, name)
        return load_words(shelf.folder, name)
    except OSError as error:
        shelf.fail(error.strerror or str(error))
        return words
    finally:
        path.unlink(missing_ok=True)


def _empty(shelf: Shelf, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    name = f"column-{next(NUMBERS)}"
    found = shelf.empty(name, shape, dtype)
    if shelf.folder is not None:
        (shelf.folder / f"{name}.npy").unlink(missing_ok=True)  # it is there while it is held
    return found
