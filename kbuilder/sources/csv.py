"""Rows of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Script
from kbuilder.errors import Key, missing_file
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Missing, Names, Spec
from kbuilder.tables.cells import MISSING, Cells, Words
from kbuilder.tables.csv_file import csv_parts, read_csv
from kbuilder.tables.table import Part, Table


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise PydanticCustomError("encoding", "Expected an encoding such as utf-8") from None
    return name


class CSV(Spec):
    """A CSV file with a header, and optionally a second one with the test rows."""

    path: DataPath
    """The CSV file, relative to the recipe."""
    test_path: DataPath | None = None
    """A second CSV file, with the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict, or several columns of numbers."""
    ignore: Names = ()
    """Columns that are not used."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """What stands between two fields; "\\t" for a tab."""
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    """The encoding of the file, as Python names it: utf-8, latin-1, cp1252 …"""
    missing: Missing | None = None
    """Words that mean missing, beside the empty field; left out: NA, N/A, NaN, null, None and the
    like."""
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    split: Split = Split()
    """How the rows are divided."""

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read the file, and the test file if there is one."""
        train = self._read(self.path, "path", words)
        if self.test_path is None:
            return train, None
        texts = {name: () for name, values in train.columns.items() if values.dtype == object}
        return train, self._read(self.test_path, "test_path", {**texts, **(words or {})})

    def read(self, path: Path, words: Words | None = None) -> Table:
        """The rows of another file, with the same delimiter, encoding and missing words."""
        return self._parse(path, (), words)

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int
    ) -> Iterator[Part]:
        """The rows of another file, as they are read."""
        return csv_parts(
            path, delimiter=self.delimiter, encoding=self.encoding,
            cells=Cells.of(self.missing, words), wanted=wanted, size=size, start=start,
        )  # fmt: skip

    def script(self, words: Words | None = None) -> Script:
        """pandas, each value as it is written."""
        options = [f"sep={self.delimiter!r}", f"encoding={self.encoding!r}", "dtype=str"]
        options += ["index_col=False", "skipinitialspace=True", "keep_default_na=False"]
        given = "".join(f"        {option},\n" for option in ("path", *options))
        missing = MISSING if self.missing is None else self.missing
        texts = (words or {}).items()
        kept = {name: [word for word in known if word in missing] for name, known in texts}
        lists = None if self.missing is None else list(self.missing)
        read = (
            "def read(path):\n"
            '    """The columns of a CSV file, their cells as words."""\n'
            f"    frame = pd.read_csv(\n{given}    )\n"
            "    frame.columns = frame.columns.str.strip()\n"
            f"    words = {kept!r}\n"
            f"    missing = {lists!r}\n"
            "    return {name: cells(frame[name], missing, words.get(name)) for name in frame}"
        )
        lines, paths = ["rows = read(path)"], {"path": self.path}
        if self.test_path is not None:
            lines.append("test = read(test_path)")
            paths["test_path"] = self.test_path
        return Script(tuple(lines), (read,), ("import pandas as pd",), paths)

    def _read(self, path: Path, field: str, words: Words | None) -> Table:
        if not path.exists():
            raise missing_file(path, self.origin, ("data", field), "a CSV file")
        return self._parse(path, ("data", field), words)

    def _parse(self, path: Path, key: Key, words: Words | None) -> Table:
        cells = Cells.of(self.missing, words)
        return read_csv(path, key, delimiter=self.delimiter, encoding=self.encoding, cells=cells)
