"""A table in a folder of the cache: its columns as files, read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import cache
from kbuilder.cache import Shelf
from kbuilder.tables.dictionary_array import DictionaryArray
from kbuilder.tables.table import Table
from kbuilder.tables.values import types
from kbuilder.tables.words_file import load_words, save_parts, save_words


class UnkeptError(Exception):
    """A column holds what has no form on the disk: sets, lists."""


def save(table: Table, shelf: Shelf, name: str) -> dict[str, Any]:
    """Write a table.

    Args:
        table: The table; what it carries over beside predictions is not kept.
        shelf: Where its files go.
        name: What their names begin with.

    Returns:
        What `load` reads it by, as values of JSON.

    Raises:
        UnkeptError: if a column has no form on the disk.
        OSError: if it cannot be written.
    """
    columns = [
        {"name": column, "is": _save(values, shelf, f"{name}-{place}")}
        for place, (column, values) in enumerate(table.columns.items())
    ]
    return {
        "columns": columns,
        "origin": table.origin,
        "labels": _save_labels(table.labels, shelf, f"{name}-labels"),
        "taken": {column: dict(words) for column, words in table.taken.items()},
        "notes": list(table.notes),
        "files": table.files,
        "folders": _save_labels([*map(str, table.folders)], shelf, f"{name}-folders"),
        "joined": {column: list(members) for column, members in table.joined.items()},
    }


def load(folder: Path, about: dict[str, Any]) -> Table:
    """The table that `save` wrote.

    Raises:
        OSError, ValueError, KeyError: if it is not there as it was written.
    """
    return Table(
        columns={one["name"]: _load(folder, one["is"]) for one in about["columns"]},
        origin=about["origin"],
        labels=_load_labels(folder, about["labels"]),
        taken=about["taken"],
        notes=tuple(about["notes"]),
        files=about["files"],
        folders=tuple(Path(one) for one in _load_labels(folder, about["folders"])),
        joined={column: tuple(members) for column, members in about["joined"].items()},
    )


def _save(values: np.ndarray, shelf: Shelf, name: str) -> dict[str, Any]:
    if isinstance(values, DictionaryArray):
        many = values.compact_parts()
        if many is not None:
            places, size, parts = many
            save_parts(parts, size, shelf, name)
        else:
            places, different = values.compact()  # each part has its own
            save_words(different, shelf, name)
        return {"words": name, "places": shelf.put(f"{name}-places", places)}
    if values.dtype != object:
        return {"values": shelf.put(name, values)}
    if values.ndim == 1 and types(values) <= {bytes, type(None)}:
        return _save_files(values, shelf, name)
    if values.ndim > 1 or not types(values) <= {str, type(None)}:
        raise UnkeptError(name)
    save_words(values, shelf, name)
    return {"words": name}


def _load(folder: Path, about: dict[str, Any]) -> np.ndarray:
    if "values" in about:
        return cache.load(folder, about["values"])
    if "files" in about:
        return _load_files(folder, about)
    words = load_words(folder, about["words"])
    if "places" not in about:
        return np.asarray(words.to_numpy(zero_copy_only=False))
    return DictionaryArray.of(cache.load(folder, about["places"]), words)


def _save_files(values: np.ndarray, shelf: Shelf, name: str) -> dict[str, Any]:
    """Write what files hold, one after the other, and how long each is; -1: it is missing."""
    held = values.tolist()
    sizes = np.array([-1 if one is None else len(one) for one in held], np.int64)
    content = shelf.empty(name, (int(sizes.clip(0).sum()),), np.uint8)
    end = 0
    for one in held:
        start, end = end, end + len(one or b"")
        content[start:end] = np.frombuffer(one or b"", np.uint8)
    return {"files": name, "sizes": shelf.put(f"{name}-sizes", sizes)}


def _load_files(folder: Path, about: dict[str, Any]) -> np.ndarray:
    content, sizes = cache.load(folder, about["files"]), cache.load(folder, about["sizes"])
    ends = np.cumsum(sizes.clip(0)).tolist()
    values = np.empty(len(sizes), dtype=object)
    start = 0
    for row, (size, end) in enumerate(zip(sizes.tolist(), ends, strict=True)):
        values[row] = None if size < 0 else content[start:end].tobytes()
        start = end
    return values


def _save_labels(labels: Sequence[str | int], shelf: Shelf, name: str) -> Any:
    if isinstance(labels, range):
        return {"range": [labels.start, labels.stop, labels.step]}
    if isinstance(labels, np.ndarray):
        return {"values": shelf.put(name, labels)}
    if len(labels) and not isinstance(labels[0], str):
        return {"values": shelf.put(name, np.asarray(labels))}
    words, places = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    save_words(words, shelf, name)
    return {"words": name, "places": shelf.put(f"{name}-places", places)}


def _load_labels(folder: Path, about: dict[str, Any]) -> Any:
    if "range" in about:
        return range(*about["range"])
    if "values" in about:
        return cache.load(folder, about["values"])
    words = load_words(folder, about["words"]).to_numpy(zero_copy_only=False)
    return words[cache.load(folder, about["places"])].tolist()
