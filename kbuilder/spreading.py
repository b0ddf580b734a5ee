"""What the different words of a column become is spread over its rows, beside other columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.tables.dictionary import codes_of, comes_again, different
from kbuilder.tables.table import Table

BATCH = 1024
FLOAT = np.dtype(np.float32)


class Repeated(NamedTuple):
    """The different values of a column: the first row of each, and the place of each row's."""

    rows: np.ndarray
    places: np.ndarray


def repeated_in(table: Table) -> dict[str, Repeated]:
    """The columns whose words come several times each, in the mean."""
    known = {name: values for name, values in table.columns.items() if codes_of(values) is not None}
    return {n: Repeated(*different(values)) for n, values in known.items() if comes_again(values)}


class Spread(NamedTuple):
    """Some rows of an input, of columns that repeat their words, and of others.

    Args:
        members: The columns of the input, in their order.
        others: Those of them that do not repeat their words, side by side; None: there are none.
        words: What the different words of the others become.
        repeated: Where these are.
        rows: Which rows they are.
    """

    members: Sequence[str]
    others: np.ndarray | None
    words: Arrays
    repeated: Mapping[str, Repeated]
    rows: slice

    def form(self, columns: Columns) -> tuple[tuple[int, ...], np.dtype]:
        """The shape of a row, and the type of its numbers."""
        own = [column for column in self.members if column in self.words]
        if own and len(self.members) > 1:
            return (sum(self._width(column, columns) for column in self.members),), FLOAT
        alone = self.words[own[0]] if own else self.others
        assert alone is not None, "each column is one of both"
        return alone.shape[1:], alone.dtype

    def _width(self, column: str, columns: Columns) -> int:
        return self.words[column].shape[1] if column in self.words else columns.width(column)

    def into(self, whole: np.ndarray, columns: Columns) -> None:
        """Write them."""
        places = {c: self.repeated[c].places[self.rows] for c in self.members if c in self.words}
        if not places:
            whole[...] = self.others
            return
        if len(self.members) == 1:
            [(column, own)] = places.items()
            np.take(self.words[column], own, axis=0, out=whole)
            return
        for start in range(0, len(whole), BATCH):  # so many rows stay in the processor's cache
            some = slice(start, start + BATCH)
            taken, side_by_side = 0, []  # columns of the others that are in their places
            for column in self.members:
                if column in places:
                    side_by_side.append(np.take(self.words[column], places[column][some], axis=0))
                elif self.others is not None:
                    end = taken + columns.width(column)
                    side_by_side.append(self.others[some, taken:end])
                    taken = end
            np.concatenate(side_by_side, axis=1, out=whole[some])
