"""What the different words of a column become is spread over its rows, beside other columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.tables.dictionary import codes_of, count_different, different
from kbuilder.tables.table import Table

BATCH = 1024
FLOAT = np.dtype(np.float32)
MOST = 2**20
"""Different words that are prepared at once, at most: some 200 MB."""
TOGETHER = 2**12
"""Ways in which the words of neighbours can come together, at most, for them to be looked up as
one."""


class Repeated(NamedTuple):
    """The different values of a column: the first row of each, and the place of each row's."""

    rows: np.ndarray
    places: np.ndarray


def repeated_in(table: Table) -> dict[str, Repeated]:
    """The columns whose words come several times each, in the mean, and have room as objects."""
    found = {}
    for name, values in table.columns.items():
        if codes_of(values) is not None:
            count = count_different(values)
            if 2 * count <= len(table) and count <= MOST:
                found[name] = Repeated(*different(values))
    return found


class _Piece(NamedTuple):
    """Some numbers of a row.

    Args:
        columns: The columns that they are of, which stand side by side.
        table: What they are for each way in which words come together, those of the last column
            differing first; None: they are of a column that does not repeat its words.
        counts: How many different words each column has.
        taken: Where they are among the numbers of other columns.
    """

    columns: tuple[str, ...]
    table: np.ndarray | None
    counts: tuple[int, ...] = ()
    taken: slice = slice(0)


class Spread:
    """An input, of columns that repeat their words, and of others.

    Args:
        members: The columns of the input, in their order.
        words: What the different words of columns become that repeat them.
        repeated: Where these are.
        columns: The learned columns, which know how wide they are.
    """

    def __init__(
        self,
        members: Sequence[str],
        words: Arrays,
        repeated: Mapping[str, Repeated],
        columns: Columns,
    ) -> None:
        self.repeated = repeated
        self.several = len(members) > 1
        self.pieces: list[_Piece] = []
        self.width = end = 0
        for column in members:
            own = words.get(column)
            if own is not None:
                self._add(column, own)
                self.width += own.shape[1] if self.several else 0
            elif self.several:
                wide = columns.width(column)
                self.pieces.append(_Piece((column,), None, taken=slice(end, end + wide)))
                self.width, end = self.width + wide, end + wide
        self.of_words = any(piece.table is not None for piece in self.pieces)

    def _add(self, column: str, words: np.ndarray) -> None:
        """A column that repeats its words, with those before it if they are few enough."""
        last = self.pieces[-1] if self.pieces else None
        ways = len(words) * math.prod(last.counts if last else ())
        if last is None or last.table is None or ways > TOGETHER:
            self.pieces.append(_Piece((column,), words, (len(words),)))
            return
        before = np.repeat(last.table, len(words), axis=0)
        table = np.concatenate([before, np.tile(words, (len(last.table), 1))], axis=1)
        self.pieces[-1] = _Piece((*last.columns, column), table, (*last.counts, len(words)))

    def form(self, others: np.ndarray | None) -> tuple[tuple[int, ...], np.dtype]:
        """The shape of a row, and the type of its numbers.

        Args:
            others: The columns that do not repeat their words, side by side; None: there are none.
        """
        if self.of_words and self.several:
            return (self.width,), FLOAT
        alone = self.pieces[0].table if self.of_words else others
        assert alone is not None, "each column is one of both"
        return alone.shape[1:], alone.dtype

    def into(self, whole: np.ndarray, others: np.ndarray | None, rows: slice) -> None:
        """Write some rows of it.

        Args:
            whole: What is written to.
            others: As `form` takes them, of these rows.
            rows: Which rows they are.
        """
        if not self.of_words:
            whole[...] = others
            return
        places = {
            column: self.repeated[column].places[rows]
            for piece in self.pieces if piece.table is not None for column in piece.columns
        }  # fmt: skip
        if not self.several:
            [(table, column)] = [(piece.table, piece.columns[0]) for piece in self.pieces]
            assert table is not None, "it repeats its words"
            np.take(table, places[column], axis=0, out=whole)
            return
        for start in range(0, len(whole), BATCH):  # so many rows stay in the processor's cache
            some = slice(start, start + BATCH)
            side_by_side = []
            for piece in self.pieces:
                if piece.table is None:
                    assert others is not None, "there are some"
                    side_by_side.append(others[some, piece.taken])
                    continue
                first, *more = piece.columns
                found = places[first][some]
                for column, count in zip(more, piece.counts[1:], strict=True):
                    found = found.astype(np.intp) * count + places[column][some]
                side_by_side.append(np.take(piece.table, found, axis=0))
            np.concatenate(side_by_side, axis=1, out=whole[some])
