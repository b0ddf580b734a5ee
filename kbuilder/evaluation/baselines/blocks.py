"""Prepared rows as blocks of columns, which other models than networks take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kbuilder.columns import PACKED, Arrays, Columns
from kbuilder.errors import listed

MOST = {"sequence": (64,), "image": (32, 32), "video": (8, 16, 16)}
"""Steps, rows and columns of pixels, and frames; of more, neighbours are averaged."""

Kind = Literal["numbers", "label", "counts", "words", "grid"]
"""What the numbers of a block are:

numbers (rows, d) · label: one 1 in each row (rows, d), or its place (rows, 1) · counts: of words
(rows, d) · words: their numbers (rows, time) · grid: pixels, or steps of a sequence (rows, …)
"""


@dataclass(frozen=True)
class Block:
    """Some columns of an input of the network.

    Args:
        column: The column that they come of.
        key: The input of the network.
        first, last: Which numbers of it they are.
        kind: What they are.
        form: The form of the column.
    """

    column: str
    key: str
    first: int
    last: int
    kind: Kind
    form: str

    def of(self, arrays: Arrays, rows: np.ndarray | slice) -> np.ndarray:
        """The numbers of some rows. (rows, …)"""
        values = arrays[self.key]
        own = values[:, self.first : self.last] if self.key == PACKED else values
        return np.asarray(own[rows])

    def flat(self, arrays: Arrays, rows: np.ndarray | slice) -> np.ndarray:
        """The same as plain columns, float32 (rows, d); of a grid neighbours are averaged."""
        values = self.of(arrays, rows)
        if self.kind == "grid":
            values = _smaller(values.astype(np.float32), self.form)
        return values.reshape(len(values), -1).astype(np.float32, copy=False)

    @property
    def width(self) -> int:
        """Columns of the packed input that it has."""
        return self.last - self.first


def blocks_of(columns: Columns, arrays: Arrays) -> list[Block]:
    """What each column brings.

    Args:
        columns: The learned features.
        arrays: Prepared training rows by input of the network.
    """
    found, first = [], 0
    for column, key in columns.keys().items():
        feature = columns.features[column]
        values = arrays[key]
        width = columns.width(column) if key == PACKED else int(np.prod(values.shape[1:]))
        first = first if key == PACKED else 0
        kind: Kind = "numbers"
        if feature.form == "text":
            kind = "words"
        elif feature.form != "vector":
            kind = "grid"
        elif key != PACKED and values.dtype.kind in "iu":
            kind = "label"
        elif feature.holds in ("texts", "sets"):
            kind = "counts"
        elif feature.holds == "words" and _one_hot(values[:1000, first : first + width]):
            kind = "label"
        found.append(Block(column, key, first, first + width, kind, feature.form))
        first += width if key == PACKED else 0
    return _whole(found, arrays)


def _whole(found: list[Block], arrays: Arrays) -> list[Block]:
    """The packed input as one block of numbers, where its columns do not say which are theirs."""
    packed = [block for block in found if block.key == PACKED]
    if not packed or packed[-1].last == arrays[PACKED].shape[1]:
        return found
    rest = [block for block in found if block.key != PACKED]
    width = arrays[PACKED].shape[1]
    return [Block(packed[0].column, PACKED, 0, width, "numbers", "vector"), *rest]


def _one_hot(values: np.ndarray) -> bool:
    """Whether each row has one 1, and else 0."""
    ones = (values == 1).sum(axis=1) == 1
    return bool(ones.all() and np.count_nonzero(values) == len(values))


def _smaller(values: np.ndarray, form: str) -> np.ndarray:
    """Steps or pixels, of which neighbours are averaged until they are few enough."""
    for axis, most in enumerate(MOST.get(form, ()), start=1):
        several = -(-values.shape[axis] // most)
        if several > 1:
            starts = np.arange(0, values.shape[axis], several)
            counts = np.diff(np.append(starts, values.shape[axis])).astype(np.float32)
            shape = [len(counts) if n == axis else 1 for n in range(values.ndim)]
            values = np.add.reduceat(values, starts, axis=axis) / counts.reshape(shape)
    return values


def averaged(blocks: Sequence[Block], arrays: Arrays) -> str:
    """What is said of columns of which neighbouring pixels or steps are averaged; empty: none."""
    names = [
        repr(block.column)
        for block in blocks
        if block.kind == "grid"
        and block.flat(arrays, slice(1)).size < np.prod(arrays[block.key].shape[1:])
    ]
    return f"neighbours in {listed(names, 3)} averaged" if names else ""
