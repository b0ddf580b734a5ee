"""A table of named columns: what every source gives, and what every stage of the data takes.

A column is a NumPy array whose first axis is the rows. Scalars are float64 or int64; strings are
objects (`str`, or None where missing); encoded images are objects (`bytes`); arrays and decoded
images have more axes. A missing number is NaN.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.late import np
from kbuilder.tables.dictionary import each
from kbuilder.tables.targets import expect_one_axis
from kbuilder.tables.values import kind_of, types

if TYPE_CHECKING:
    import pandas as pd

MANY = 2**16
"""Rows from which on they may lie in files."""


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Args:
        columns: Arrays of equal length, by name.
        origin: Where the rows are from, for messages: a file's name.
        labels: The name of each row in messages: a file's path, or its number in the file from 1.
        taken: Words of a column that count as missing, and how often.
        kept: Columns that are carried over beside predictions, as the file has them; None: none.
        notes: What of its origin is no row, as sentences without their ends.
        files: Whether each row is a file, whose path is its label.
        folders: The folder of the file that the rows are from, or that of each row; none: they are
            from no file.
        joined: The columns that a column of arrays was made of, by its name.
    """

    columns: Mapping[str, np.ndarray]
    origin: str
    labels: Sequence[str | int] = field(default=())
    taken: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    kept: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    files: bool = False
    folders: Sequence[Path] = ()
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.labels):
            object.__setattr__(self, "labels", range(1, len(self) + 1))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise DataError(
                f"{self.origin} has no column {name!r}. It has: {listed(self.columns)}.",
                suggestion=nearest(name, self.columns),
            )
        return self.columns[name]

    def take(self, rows: np.ndarray | slice) -> Table:
        """The table of the given row numbers, in their order."""
        columns = {name: _rows_of(values, rows) for name, values in self.columns.items()}
        labels = _taken(self.labels, rows)
        kept = None if self.kept is None else self.kept.iloc[rows].reset_index(drop=True)
        folders = self.folders
        if len(folders) > 1:
            folders = np.asarray(folders, dtype=object)[rows].tolist()
        return replace(self, columns=columns, labels=labels, kept=kept, folders=folders)

    def parts(self, size: int, start: int = 0) -> Iterator[Part]:
        """The rows part by part, from a row on, counted from 0."""
        for first in range(start, len(self), size):
            part = self.take(slice(first, first + size))
            yield Part(part, (first + len(part)) / len(self))

    def only(self, names: Sequence[str], key: Key = ()) -> Table:
        """The table of the named columns.

        Raises:
            DataError: naming every column that is missing, and those that are there.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise DataError(
                f"{self.origin} has no column {listed(repr(name) for name in missing)}. "
                f"It has: {listed(self.columns)}.",
                key=key,
                suggestion=nearest(missing[0], self.columns),
            )
        columns = {name: self.columns[name] for name in names}
        return replace(self, columns=columns)

    def folder(self, number: int) -> Path:
        """The folder that paths in row `number` are relative to."""
        if len(self.folders) > 1:
            return self.folders[number]
        return self.folders[0] if self.folders else Path()

    def count(self) -> str:
        """How many rows there are, by what they are: `60 files`, or `12 folders` of frames."""
        what = "row"
        if self.files and len(self):
            what = "folder" if Path(str(self.labels[0])).is_dir() else "file"
        return f"{len(self):,} {what}{'' if len(self) == 1 else 's'}"

    def row(self, number: int) -> str:
        """How a message names row `number`, counted from 0."""
        label = self.labels[number]
        return f"row {label} of {self.origin}" if not isinstance(label, str) else label

    def target(self, names: Sequence[str]) -> np.ndarray:
        """The target: one column as it is, several side by side (rows, k).

        Raises:
            DataError: if a column is missing, a row of it has several axes, or several are not all
                numbers.
        """
        table = self.only(names, key=("data", "target"))
        for name in names:
            expect_one_axis(name, table[name])
        if len(names) == 1:
            return table[names[0]]
        words = [name for name in names if kind_of(table[name]) != "number"]
        if words:
            raise DataError(
                f"several targets must all be numbers; {listed(words)} is not. "
                "Name one target, or turn the column into 0 and 1.",
                key=("data", "target"),
            )
        return np.stack([table[name].astype(np.float64) for name in names], axis=1)

    def fingerprint(self) -> str:
        """SHA-256 over names and values: equal for equal rows, whatever file they came from."""
        digest = hashlib.sha256()
        for name in sorted(self.columns):
            values = self.columns[name]
            digest.update(f"{name!r} {values.dtype} {values.shape}".encode())
            if values.dtype == object and types(values) <= {str, type(None)}:
                for some in _as_json(values):
                    digest.update(some)
            elif values.dtype == object:
                for value in values:
                    content = value if isinstance(value, bytes) else repr(value).encode()
                    digest.update(len(content).to_bytes(8) + content)
            else:
                for start in range(0, len(values), MANY):
                    digest.update(np.ascontiguousarray(values[start : start + MANY]).tobytes())
        return digest.hexdigest()


def _rows_of(values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
    if isinstance(rows, slice) or len(rows) < MANY:
        return values[rows]
    from kbuilder.tables import scratch  # which needs NumPy

    return scratch.taken(values, rows)


def _taken(labels: Sequence[str | int], rows: np.ndarray | slice) -> Sequence[str | int]:
    """The labels of some rows; numbers as one array, since there may be many."""
    if isinstance(labels, range) and isinstance(rows, slice):
        return labels[rows]
    if isinstance(labels, range) and isinstance(rows, np.ndarray) and len(rows) >= MANY:
        return cast(Sequence[int], _numbers(labels, rows))
    if isinstance(labels, range | np.ndarray):
        return cast(Sequence[int], _rows_of(np.asarray(labels), rows))
    return cast(Sequence[str], np.asarray(labels, dtype=object)[rows].tolist())


def _numbers(labels: range, rows: np.ndarray) -> np.ndarray:
    """The labels of some rows, in a file if they are many. (rows,) int64"""
    from kbuilder.tables import scratch  # which needs NumPy

    rows = np.flatnonzero(rows) if rows.dtype.kind == "b" else rows
    found = scratch.empty((len(rows),), np.int64)
    for start in range(0, len(rows), MANY):
        some = rows[start : start + MANY].astype(np.int64)
        some[some < 0] += len(labels)  # from the end
        found[start : start + MANY] = some * labels.step + labels.start
    return found


def _as_json(words: np.ndarray) -> Iterator[bytes]:
    """Words as a list of JSON, piece by piece."""

    def written(some: list[str | None]) -> np.ndarray:
        return np.array([*map(json.dumps, some)], dtype=object)

    yield b"["
    for start in range(0, len(words), MANY):
        yield b", " if start else b""
        yield ", ".join(each(words[start : start + MANY], written).tolist()).encode()
    yield b"]"


class Part(NamedTuple):
    """Some rows of a larger table, in their order.

    Args:
        table: The rows; their labels are those that they have in the whole.
        share: How much of the whole has been read by now, from 0 to 1; None: nobody knows.
    """

    table: Table
    share: float | None
