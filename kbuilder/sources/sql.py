"""Rows of a query to a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from kbuilder.contracts import Choice, Script
from kbuilder.errors import CallError
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.query import VARIABLE, Query, without_password
from kbuilder.recipe.split import Split
from kbuilder.spec import (
    Decimal,
    Ignored,
    Missing,
    Names,
    Series,
    Spec,
    Thousands,
    Time,
    Unreadable,
    Weight,
)
from kbuilder.tables import chunks
from kbuilder.tables.cells import Cells, Words
from kbuilder.tables.chunks import Reading
from kbuilder.tables.database import read_query
from kbuilder.tables.keeping import Keep
from kbuilder.tables.table import Part, Table


class SQL(Spec):
    """Rows of a query to a database, through SQLAlchemy: PostgreSQL, MySQL, SQLite and others.

    The query only reads. A password is in no file and no message: the url names it by a variable of
    the environment, or has it, and then `${KBUILDER_PASSWORD}` stands for it in the run.
    """

    sql: Query
    """The url of the database, and the query."""
    target: Names = Field(min_length=1)
    """The column to predict, or several columns of numbers."""
    ignore: Ignored
    weight: Weight
    time: Time
    series: Series
    missing: Missing | None = None
    """Words that mean missing, beside the empty one; left out: NA, N/A, NaN, null, None and the
    like."""
    decimal: Decimal | None = None
    """What stands before the decimals of numbers that are words, "." or ","; left out: "."."""
    thousands: Thousands | None = None
    """What groups the digits of large numbers that are words: "," in 1,234,567."""
    unreadable: Unreadable = "error"
    """What rows are whose pictures, named by their paths, cannot be read: an error, or skipped and
    counted."""
    checks: Checks
    split: Split

    def settle(self) -> dict[str, Choice]:
        """How a password that the recipe holds is read again."""
        if without_password(self.sql.url) == self.sql.url:
            return {}
        reason = f"the run does not keep the password: `export {VARIABLE}=…` reads the rows again"
        return {"sql": Choice(self.sql, reason)}

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Ask the query, and that of the test rows if there is one."""
        train = self._ask("query", self.sql.query, words)
        if self.sql.test_query is None:
            return train, None
        texts = {name: () for name, values in train.columns.items() if values.dtype == object}
        return train, self._ask("test_query", self.sql.test_query, {**texts, **(words or {})})

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of a file of any format, its columns called like those of the query."""
        return chunks.read(path, (), Reading(self._cells(words), keep=keep))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The rows of a file, part by part."""
        return chunks.parts(path, (), Reading(self._cells(words), keep=keep), wanted, size, start)

    def script(self, words: Words | None = None) -> Script:
        """Refused: what a driver gives is read by its types, which a script has no place for."""
        raise CallError(
            "a script reads CSV files, and no database. Expected the rows of the query in such a "
            "file, and the source csv."
        )

    def _ask(self, field: str, query: str, words: Words | None) -> Table:
        return read_query(self.sql.url, query, self._cells(words), ("data", "sql", field))

    def _cells(self, words: Words | None) -> Cells:
        return Cells.of(self.missing, words, self.decimal, self.thousands)
