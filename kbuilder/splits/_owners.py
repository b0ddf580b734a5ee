"""To whom rows belong."""

from __future__ import annotations

import hashlib

from kbuilder.errors import cut, listed
from kbuilder.late import np
from kbuilder.tables.table import Table
from kbuilder.tables.values import as_label, kind_of, missing


def owners(table: Table, column: str, field: str) -> np.ndarray:
    """Whose each row is, as a word; "" where nothing says so. (rows,) object

    Raises:
        DataError: if there is no such column.
    """
    values = table.only([column], key=("data", "split", field))[column]
    gone = missing(values)
    words = [
        "" if lost else _owner(value) for value, lost in zip(values.tolist(), gone, strict=True)
    ]
    return np.array(words, dtype=object)


def _owner(value: object) -> str:
    """A value as a word: of what a file holds, its SHA-256."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(as_label(value))


def written(table: Table, column: str) -> str:
    """The same in a script, which reads cells as they are written."""
    read = "labels" if kind_of(table[column]) == "number" else "words"
    return f"{read}(rows[{column!r}])"


def without(known: np.ndarray, column: str) -> tuple[str, ...]:
    """What is said of rows that belong to nobody."""
    count = int(np.sum(known == ""))
    return (f"{count:,} rows have no {column}: they are one group",) if count else ()


def in_both(train: Table, held: Table, column: str, part: str) -> str | None:
    """What is said where rows of the source's own belong to those of training rows."""
    both = {*owners(train, column, "column")} & {*owners(held, column, "column")} - {""}
    if not both:
        return None
    some = listed((repr(cut(name)) for name in sorted(both)), 3)
    return f"{len(both):,} groups of {column} are in training and in {part}: {some}"
