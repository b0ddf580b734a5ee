"""Values that a model has not seen the like of: counted by column, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Cutting, Discerning, unlike
from kbuilder.errors import DataError, cut, listed
from kbuilder.tables.table import Table

Unknown = Literal["error", "warn"]
ENOUGH = 20
"""Values of which all must be unknown for an error: of fewer it may be chance."""
MUCH = 0.01
"""The share of unknown values that is worth a word."""


class Strangers:
    """Counts what is unknown to a model, over the tables that it is asked of.

    Args:
        columns: What the model knows.
        unknown: Whether a column of which each value is unknown is an error.
    """

    def __init__(self, columns: Columns, unknown: Unknown = "error") -> None:
        self.columns = columns
        self.unknown = unknown
        self.seen: Counter[str] = Counter()
        self.strange: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.rows = 0

    def see(self, table: Table, arrays: Arrays) -> None:
        """Count what is in a table.

        Args:
            table: The rows.
            arrays: Its raw columns, as the features give them.

        Raises:
            DataError: if all of many values of a column are unknown.
        """
        self.rows += len(table)
        for column, feature in self.columns.features.items():
            if not isinstance(feature, Discerning):
                continue
            there, strange = feature.strange(arrays[column])
            self.seen[column] += int(there.sum())
            self.strange[column] += int(strange.sum())
            if strange.any() and column not in self.first:
                row = int(strange.reshape(len(strange), -1).any(axis=1).argmax())
                steps = strange.ndim > 1
                value = arrays[column][row][strange[row]][0] if steps else table[column][row]
                self.first[column] = f"{cut(str(value))!r} in {table.row(row)}"
        wrong = [
            column
            for column, seen in self.seen.items()
            if seen == self.strange[column]
            and seen >= ENOUGH
            and not isinstance(self.columns.features[column], Cutting)
        ]
        if wrong and self.unknown == "error":
            raise DataError(
                f"{'; '.join(map(self._said, wrong))}. The model can make nothing of it. Expected "
                "values like those of the training rows; if they are new indeed, "
                "`--unknown warn` (in Python `unknown='warn'`) predicts all the same."
            )

    def say(self, say: Callable[[str], None]) -> None:
        """Say which columns have many of them."""
        for column, there in self.seen.items():
            if not there and self.rows >= ENOUGH:
                say(f"Warning: column {column!r} has no value in any of {self.rows:,} rows")
        for column, count in self.strange.items():
            if count > MUCH * self.seen[column]:
                say(f"Warning: {self._said(column)}")

    def _said(self, column: str) -> str:
        strange, seen = self.strange[column], self.seen[column]
        share = "each value" if strange == seen else f"{strange / seen:.0%} of the values"
        return f"column {column!r}: {share} ({strange:,} of {seen:,}) {self._why(column)}"

    def _why(self, column: str) -> str:
        feature, first = self.columns.features[column], self.first[column]
        known = feature.choices
        few = "" if known is None else f"; it knows {listed((repr(one) for one in known), 4)}"
        return f"is {unlike(feature)}, the first {first}{few}"
