"""A table of named columns: what every source gives, and what every stage of the data takes.

A column is a NumPy array whose first axis is the rows. Scalars are float64 or int64; strings are
objects (`str`, or None where missing); encoded images are objects (`bytes`); arrays and decoded
images have more axes. A missing number is NaN.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, NamedTuple

import numpy as np

from kbuilder.errors import DataError, Key, listed, nearest

MISSING_INTEGER = -(2**63)
"""Stands for a missing value in a column of integers, which have no NaN."""

Kind = Literal["number", "string", "bytes", "array", "list", "mixed"]


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Args:
        columns: Arrays of equal length, by name.
        origin: Where the rows are from, for messages: a file's name.
        labels: The name of each row in messages: a file's path, or its number in the file from 1.
    """

    columns: Mapping[str, np.ndarray]
    origin: str
    labels: Sequence[str | int] = field(default=())

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
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Table(columns, self.origin, np.asarray(self.labels, dtype=object)[rows].tolist())

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
        return Table({name: self.columns[name] for name in names}, self.origin, self.labels)

    def row(self, number: int) -> str:
        """How a message names row `number`, counted from 0."""
        label = self.labels[number]
        return f"row {label} of {self.origin}" if not isinstance(label, str) else label

    def target(self, names: Sequence[str]) -> np.ndarray:
        """The target: one column as it is, several side by side (rows, k).

        Raises:
            DataError: if a column is missing, or several are not all numbers.
        """
        table = self.only(names, key=("data", "target"))
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
                digest.update(json.dumps(values.tolist()).encode())
            elif values.dtype == object:
                for value in values:
                    content = value if isinstance(value, bytes) else repr(value).encode()
                    digest.update(len(content).to_bytes(8) + content)
            else:
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


class Part(NamedTuple):
    """Some rows of a larger table, in their order.

    Args:
        table: The rows; their labels are those that they have in the whole.
        share: How much of the whole has been read by now, from 0 to 1; None: nobody knows.
    """

    table: Table
    share: float | None


LOOKED = 100
"""Values that a profile gives as examples, at most."""


@dataclass(frozen=True)
class Profile:
    """What can be seen of a column without knowing what it means.

    Args:
        kind: The kind of its values.
        rows: Number of rows.
        missing: Number of missing values.
        distinct: Number of different values that are not missing; 0 for arrays and bytes.
        whole: Whether all values are whole numbers.
        words: Mean number of words in a string; 0 for all else.
        numeric: Share of the strings that read as a number.
        shape: Shape of one row, where it is an array.
        dtype: Name of the array's dtype.
        low, high: Least and greatest value of a number or an array.
        examples: Some of the different values of numbers and strings, in the order of the rows.
    """

    kind: Kind
    rows: int
    missing: int = 0
    distinct: int = 0
    whole: bool = False
    words: float = 0.0
    numeric: float = 0.0
    shape: tuple[int, ...] = ()
    dtype: str = ""
    low: float = float("nan")
    high: float = float("nan")
    examples: tuple[Any, ...] = ()

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.rows - self.missing

    @property
    def reads_as_text(self) -> bool:
        """Whether strings read like sentences: several words each, and most of them different."""
        return self.words >= 4 and self.distinct > 0.5 * self.present

    @property
    def counts_classes(self) -> bool:
        """Whether numbers look like classes: a few different whole ones, each many times."""
        few = 2 < self.distinct <= 20 and self.present >= 10 * self.distinct
        return self.kind == "number" and self.whole and few

    @property
    def holds_flags(self) -> bool:
        """Whether each row is an array of 0 and 1."""
        flags = self.whole and self.low >= 0 and self.high == 1
        return self.kind == "array" and len(self.shape) == 1 and flags

    @property
    def names_rows(self) -> bool:
        """Whether strings name single rows: many, and most of them different."""
        return self.distinct > 20 and self.distinct > 0.5 * self.present


def missing(values: np.ndarray) -> np.ndarray:
    """Which values are missing: None, NaN or an empty string. (rows,) bool."""
    if values.dtype == object:
        gone = [not value if type(value) is str else _gone(value) for value in values]
        return np.array(gone, dtype=bool)
    if values.ndim > 1 or values.dtype.kind not in "f":
        return np.zeros(len(values), dtype=bool)
    return np.isnan(values)


def _gone(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def types(values: np.ndarray) -> set[type]:
    """The types of a column's objects; none, where it is of numbers."""
    return set(map(type, values)) if values.dtype == object else set()


def finite(column: str, values: np.ndarray) -> np.ndarray:
    """Numbers as float32, NaN where missing.

    Raises:
        DataError: naming the first row with a number that is infinite, or too large for float32.
    """
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32)
    endless = np.isinf(numbers).any(axis=tuple(range(1, numbers.ndim)))
    if endless.any():
        raise DataError(
            f"column {column!r} holds a number that is infinite, or over 3.4e38. "
            "Expected finite numbers; leave the value empty where it is missing.",
            key=("features", column),
            row=int(endless.argmax()),
        )
    return numbers


def kind_of(values: np.ndarray) -> Kind:
    """The kind of a column's values."""
    if values.ndim > 1:
        return "array"
    if values.dtype.kind in "iufb":
        return "number"
    if types(values) <= {str, type(None)}:
        return "string"
    found = {
        "string" if isinstance(v, str) else "bytes" if isinstance(v, bytes) else "list"
        if isinstance(v, list | tuple | set | frozenset) else "number"
        if isinstance(v, int | float | np.number) else "mixed"
        for v in values[~missing(values)]
    }  # fmt: skip
    if len(found) > 1:
        return "mixed"
    return found.pop() if found else "string"  # type: ignore[return-value]  # a set of literals


def is_number(text: str) -> bool:
    """Whether `text` reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def profile(values: np.ndarray) -> Profile:
    """Look at a column once, for the rules that infer its kind and its task."""
    kind = kind_of(values)
    rows = len(values)
    if kind == "array":
        numeric = values.dtype.kind in "iufb" and values.size > 0
        return Profile(
            kind=kind, rows=rows, shape=values.shape[1:], dtype=values.dtype.name,
            whole=bool(numeric and np.all(values == np.floor(values))),
            low=float(values.min()) if numeric else float("nan"),
            high=float(values.max()) if numeric else float("nan"),
        )  # fmt: skip
    absent = missing(values)
    there = values[~absent]
    if kind == "number":
        examples = tuple(dict.fromkeys(there[:LOOKED].tolist()))
        there = there.astype(np.float64)
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=len(np.unique(there)),
            whole=bool(np.all(there == np.floor(there))), dtype=values.dtype.name,
            low=float(there.min()) if len(there) else float("nan"),
            high=float(there.max()) if len(there) else float("nan"), examples=examples,
        )  # fmt: skip
    if kind == "string":
        counts, present = Counter(there.tolist()), max(1, len(there))
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=len(counts),
            words=sum(len(text.split()) * count for text, count in counts.items()) / present,
            numeric=sum(count for text, count in counts.items() if is_number(text)) / present,
            examples=tuple(islice(counts, LOOKED)),
        )  # fmt: skip
    return Profile(kind=kind, rows=rows, missing=int(absent.sum()))
