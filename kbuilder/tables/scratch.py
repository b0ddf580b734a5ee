"""Columns of many rows lie in files without names, while rows are prepared that are to be kept.

So they take no memory that others lack: the system writes what is not asked for to the disk. What
has no room there lies in memory.
"""

from __future__ import annotations

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


def _empty(shelf: Shelf, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    name = f"column-{next(NUMBERS)}"
    found = shelf.empty(name, shape, dtype)
    if shelf.folder is not None:
        (shelf.folder / f"{name}.npy").unlink(missing_ok=True)  # it is there while it is held
    return found
