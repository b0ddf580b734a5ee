"""Words in files, where they lie as long as nobody asks for them: of Arrow, or two of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kbuilder import cache
from kbuilder.cache import Shelf

ENDS, LETTERS = "ends", "letters"
Empty = Callable[[str, tuple[int, ...], npt.DTypeLike], np.ndarray]
"""Makes an array without values: `ENDS` or `LETTERS`, of its shape and dtype."""


def save_words(words: Any, shelf: Shelf, name: str) -> None:
    """Write words: objects, or an array of Arrow."""
    import pyarrow as pa

    if shelf.folder is None or shelf.failed:
        return
    words = words.tolist() if isinstance(words, np.ndarray) else words
    array = words if isinstance(words, pa.Array) else pa.array(words, pa.large_string())
    schema = pa.schema([("words", array.type)])
    with (
        pa.OSFile(str(shelf.folder / f"{name}.arrow"), "wb") as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        writer.write_batch(pa.record_batch([array], schema=schema))


def save_parts(parts: Callable[[], Iterator[Any]], size: int, shelf: Shelf, name: str) -> None:
    """Write words that are there part by part; the arguments are those of `together`."""
    if shelf.folder is not None and not shelf.failed:
        together(parts, size, lambda what, *of: shelf.empty(f"{name}-{what}", *of))


def load_words(folder: Path, name: str) -> Any:
    """Words as an array of Arrow, which lie in the file."""
    import pyarrow as pa

    path = folder / f"{name}.arrow"
    if not path.exists():
        return _array(*(cache.load(folder, f"{name}-{what}") for what in (ENDS, LETTERS)))
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).get_batch(0).column(0)


def together(parts: Callable[[], Iterator[Any]], size: int, empty: Empty) -> Any:
    """Words as one array of Arrow, of which no more than a part is there twice.

    Args:
        parts: Gives arrays of `large_string`, the same each time that it is called.
        size: How many words they have.
        empty: Makes the arrays that are filled.
    """
    length = sum(int(np.diff(_ends(part)[[0, -1]])[0]) for part in parts())
    ends, letters = empty(ENDS, (size + 1,), np.int64), empty(LETTERS, (length,), np.uint8)
    ends[:1] = 0
    done = end = 0
    for part in parts():
        own = _ends(part)
        first, last = int(own[0]), int(own[-1])
        ends[done + 1 : done + len(part) + 1] = own[1:] - first + end
        if last > first:
            letters[end : end + last - first] = np.frombuffer(part.buffers()[2], np.uint8)[
                first:last
            ]
        done, end = done + len(part), end + last - first
    return _array(ends, letters)


def _ends(words: Any) -> np.ndarray:
    """Where words of Arrow end, after where the first begins. (n + 1,) int64"""
    if not len(words):
        return np.zeros(1, np.int64)
    ends: np.ndarray = np.frombuffer(words.buffers()[1], np.int64)
    return ends[words.offset : words.offset + len(words) + 1]


def _array(ends: np.ndarray, letters: np.ndarray) -> Any:
    import pyarrow as pa

    buffers = [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.large_string(), len(ends) - 1, buffers)
