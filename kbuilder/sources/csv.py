"""Rows of a table in a file: CSV, Parquet, Arrow, JSON lines, JSON, Excel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Choice, Script
from kbuilder.errors import CallError, Key, missing_file
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.refusals import refuse
from kbuilder.spec import DataPath, Decimal, Missing, Names, Spec, Thousands, encoding_name
from kbuilder.tables import chunks, dialect
from kbuilder.tables.cells import MISSING, Cells, Words
from kbuilder.tables.chunks import Reading
from kbuilder.tables.dialect import Dialect, Quoting
from kbuilder.tables.formats import format_of
from kbuilder.tables.table import Part, Table

DELIMITERS = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "space": " "}
"""What people write for a delimiter."""


def _delimiter(name: str) -> str:
    if name != dialect.WHITESPACE and len(name) != 1:
        raise PydanticCustomError(
            "delimiter", "Expected one character, such as ';', or tab, or whitespace"
        )
    return name


class CSV(Spec):
    """A table in a file, and optionally a second one with the test rows.

    CSV, Parquet, Arrow, JSON lines, JSON or Excel: what it is its content says. Of a CSV file the
    delimiter, the encoding and the quotes are recognised, and said.
    """

    path: DataPath
    """The file, relative to the recipe."""
    test_path: DataPath | None = None
    """A second file, with the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict, or several columns of numbers."""
    ignore: Names = ()
    """Columns that are not used."""
    delimiter: (
        Annotated[
            str,
            BeforeValidator(lambda name: DELIMITERS.get(name, name)),
            AfterValidator(_delimiter),
        ]
        | None
    ) = None
    """What stands between two fields: a character, tab, or whitespace for any number of blanks;
    left out: as the file has it."""
    encoding: Annotated[str, AfterValidator(encoding_name)] | None = None
    """The encoding of the file, as Python names it: utf-8, cp949, latin-1 …; left out: as the file
    has it."""
    quoting: Quoting | None = None
    """standard: a field may stand in double quotes; none: quotes are characters like others; left
    out: as the file has it."""
    decimal: Decimal | None = None
    """What stands before the decimals of a number, "." or ","; left out: "."."""
    thousands: Thousands | None = None
    """What groups the digits of large numbers: "," in 1,234,567. Where it or `decimal` is given,
    signs of currencies, % and brackets around negative numbers are read too."""
    columns: Names = ()
    """The names of the columns, for a file without a header."""
    header: bool = True
    """Whether the first line has the names of the columns; if not, they are called column_1 …"""
    skip: Annotated[int, Field(ge=0)] = 0
    """Lines before the header that are skipped; >= 0."""
    comment: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """A character that begins a line, or the end of one, that is skipped."""
    sheet: str | int | None = None
    """The sheet of an Excel file, by name or by number from 0; left out: the first."""
    missing: Missing | None = None
    """Words that mean missing, beside the empty field; left out: NA, N/A, NaN, null, None and the
    like."""
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    checks: Checks
    """What a finding in the rows is, by the name of its check: error, warn or ignore."""
    split: Split
    """How the rows are divided."""

    @model_validator(mode="after")
    def _marks_differ(self) -> CSV:
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise refuse(
                ("thousands",), f"{self.thousands!r} stands before decimals. Expected another, "
                "or `decimal` with another", self.thousands,
            )  # fmt: skip
        return self

    def settle(self) -> dict[str, Choice]:
        """The dialect of the file, where it is left open."""
        if not self.path.exists() or format_of(self.path, ("data", "path")) != "lines":
            return {}
        return self._recognised(self.path, ("data", "path"))

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read the file, and the test file if there is one."""
        train = self._read(self.path, "path", words)
        if self.test_path is None:
            return train, None
        texts = {name: () for name, values in train.columns.items() if values.dtype == object}
        return train, self._read(self.test_path, "test_path", {**texts, **(words or {})})

    def read(self, path: Path, words: Words | None = None) -> Table:
        """The rows of another file, of any format."""
        return chunks.read(path, (), self._reading(path, (), words))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int
    ) -> Iterator[Part]:
        """The rows of another file, as they are read."""
        return chunks.parts(path, (), self._reading(path, (), words), wanted, size, start)

    @property
    def _rest(self) -> Dialect:
        """What of the dialect is never recognised."""
        return Dialect(
            columns=self.columns, header=self.header, skip=self.skip, comment=self.comment
        )

    def _recognised(self, path: Path, key: Key) -> dict[str, Choice]:
        return dialect.recognise(path, key, self.delimiter, self.encoding, self.quoting, self._rest)

    def _reading(self, path: Path, key: Key, words: Words | None) -> Reading:
        """How a file is read: as the recipe says, and what it leaves open as the file has it."""
        cells = Cells.of(self.missing, words, self.decimal, self.thousands)
        known = Dialect()
        if format_of(path, key) == "lines":
            found = self._recognised(path, key)
            known = replace(
                self._rest,
                **{name: choice.value for name, choice in found.items()},
                **{
                    name: getattr(self, name)
                    for name in ("delimiter", "encoding", "quoting")
                    if getattr(self, name) is not None
                },
            )
            if not key:
                known = dialect.suited(path, known)
        return Reading(cells, known, self.sheet)

    def script(self, words: Words | None = None) -> Script:
        """pandas, each value as it is written."""
        known = self._reading(self.path, ("data", "path"), words).dialect
        if format_of(self.path, ("data", "path")) != "lines" or self.decimal or self.thousands:
            raise CallError(
                "a script reads CSV files whose numbers are written as Python writes them. "
                "Expected such a file."
            )
        blank = known.delimiter == dialect.WHITESPACE
        options = ['sep=r"\\s+"' if blank else f"sep={known.delimiter!r}"]
        options += [f"encoding={known.encoding!r}", "dtype=str", "index_col=False"]
        options += ["skipinitialspace=True", "keep_default_na=False"]
        options += ["quoting=3"] if known.quoting == "none" else []
        options += [f"skiprows={known.skip}"] if known.skip else []
        options += [f"comment={known.comment!r}"] if known.comment else []
        options += ["header=None"] if known.columns or not known.header else []
        given = "".join(f"        {option},\n" for option in ("path", *options))
        missing = MISSING if self.missing is None else self.missing
        texts = (words or {}).items()
        kept = {name: [word for word in known if word in missing] for name, known in texts}
        lists = None if self.missing is None else list(self.missing)
        read = (
            "def read(path):\n"
            '    """The columns of a CSV file, their cells as words."""\n'
            f"    frame = pd.read_csv(\n{given}    )\n"
            f"{self._naming(known)}"
            f"    words = {kept!r}\n"
            f"    missing = {lists!r}\n"
            "    return {name: cells(frame[name], missing, words.get(name)) for name in frame}"
        )
        lines, paths = ["rows = read(path)"], {"path": self.path}
        if self.test_path is not None:
            lines.append("test = read(test_path)")
            paths["test_path"] = self.test_path
        return Script(tuple(lines), (read,), ("import pandas as pd",), paths)

    @staticmethod
    def _naming(known: Dialect) -> str:
        """A statement that names the columns."""
        if known.columns:
            return f"    frame.columns = {list(known.columns)!r}\n"
        if not known.header:
            return '    frame.columns = [f"column_{n + 1}" for n in frame.columns]\n'
        return "    frame.columns = frame.columns.str.strip()\n"

    def _read(self, path: Path, field: str, words: Words | None) -> Table:
        key: Key = ("data", field)
        if not path.exists():
            raise missing_file(path, self.origin, key, "a table, such as a CSV file")
        return chunks.read(path, key, self._reading(path, key, words))
