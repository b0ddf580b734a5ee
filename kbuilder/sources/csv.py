"""Rows of a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from kbuilder.errors import DataError, missing_file
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Names, Spec
from kbuilder.table import Table, from_frame

if TYPE_CHECKING:
    import pandas as pd


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
    delimiter: str = Field(default=",", min_length=1)
    """What stands between two fields; "\\t" for a tab."""
    encoding: str = "utf-8"
    """The encoding of the file, as Python names it: utf-8, latin-1, cp1252 …"""
    missing: Names = ()
    """Texts that mean "missing", beside the empty field, NA, NaN, null and None."""
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    split: Split = Split()
    """How the rows are divided."""

    def load(self) -> tuple[Table, Table | None]:
        """Read the file, and the test file if there is one."""
        train = self._read(self.path, "path")
        test = self._read(self.test_path, "test_path") if self.test_path else None
        return train, test

    def _read(self, path: Path, field: str) -> Table:
        import pandas as pd

        key = ("data", field)
        if not path.is_file():
            raise missing_file(path, self.origin, key, "a CSV file")
        try:
            frame = pd.read_csv(
                path, sep=self.delimiter, encoding=self.encoding, na_values=list(self.missing),
                low_memory=False, skipinitialspace=True,
            )  # fmt: skip
        except pd.errors.EmptyDataError:
            raise DataError(f"{path} is empty. Expected a header and rows.", key=key) from None
        except pd.errors.ParserError as error:
            reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
            raise DataError(
                f"{path} cannot be read as CSV: {reason}. "
                f"Expected as many fields in each line as in the header, between "
                f"{self.delimiter!r} (data.delimiter).",
                key=key,
            ) from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path} is not {self.encoding}: byte {error.start} cannot be read. "
                "Name the file's encoding, such as `encoding: latin-1`.",
                key=key,
            ) from None
        except LookupError:
            raise DataError(
                f"there is no encoding {self.encoding!r}. Expected a name such as utf-8, latin-1.",
                key=("data", "encoding"),
            ) from None
        if frame.empty:
            raise DataError(f"{path} has a header, but no rows. Expected rows.", key=key)
        self._check_delimiter(frame, path)
        return from_frame(frame, origin=path.name)

    def _check_delimiter(self, frame: pd.DataFrame, path: Path) -> None:
        header = str(frame.columns[0])
        other = next((mark for mark in (";", "\t", "|", ",") if mark in header), None)
        if len(frame.columns) == 1 and other and other != self.delimiter:
            raise DataError(
                f"{path} has a single column, called {header!r}. "
                f"Expected fields between {self.delimiter!r}; this looks like "
                f"`delimiter: {other!r}`.",
                key=("data", "delimiter"),
            )
