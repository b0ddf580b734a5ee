"""Predictions as a sheet of Excel: what is text stays text, and no number loses a digit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder.errors import DataError
from kbuilder.tables.keeping import as_text

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 1_048_575
"""The rows of a sheet below its header."""
COLUMNS = 16_384
LONGEST = 32_767
"""The characters of a cell."""
EXACT = 10**15
"""A spreadsheet shows 15 digits of a number."""
FIRST = date(1900, 3, 1)
"""The first day that all spreadsheets count alike."""
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML has no room for."""
CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Where Excel takes `_x0041_` for a letter."""


def write(names: Sequence[str], batches: Iterable[pa.RecordBatch], path: Path) -> None:
    """Write a sheet.

    Args:
        names: The names of the columns.
        batches: The rows.
        path: The file.

    Raises:
        DataError: if a cell, or the sheet, has no room for what it should hold.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    if len(names) > COLUMNS:
        raise DataError(
            f"a sheet of Excel has room for {COLUMNS:,} columns, and there are {len(names):,}. "
            "Expected an output in CSV or Parquet."
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("predictions")

    def cells(values: Iterable[Any], columns: Iterable[str]) -> Iterator[Any]:
        for value, column in zip(values, columns, strict=False):
            plain = _plain(value)
            if not isinstance(plain, str):
                yield plain
                continue
            if len(plain) > LONGEST:
                raise DataError(
                    f"the column {column!r} holds a text of {len(plain):,} characters, and a cell "
                    f"of Excel has room for {LONGEST:,}. Expected an output in CSV or Parquet."
                )
            cell = WriteOnlyCell(sheet)
            cell._value, cell.data_type = plain, "s"  # what begins with "=" is text too
            yield cell

    try:
        sheet.append(list(cells(names, names)))
        for batch in batches:
            for row in zip(*(column.to_pylist() for column in _shortened(batch)), strict=True):
                sheet.append(list(cells(row, names)))
    finally:
        book.save(path)  # only so openpyxl lets go of the file that it fills


def _shortened(batch: pa.RecordBatch) -> Iterator[Any]:
    """The columns of a batch, float32 with as few digits as tell them apart."""
    import pyarrow as pa

    for column in batch.columns:
        if pa.types.is_float32(column.type):
            words = column.to_pandas().astype(str)
            column = pa.array(words.astype(float), from_pandas=True)
        yield column


def _plain(value: Any) -> Any:
    """A value that a cell can hold as it is; else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None if value != value else str(value)
    if isinstance(value, datetime):
        own = value.tzinfo is None and value.date() >= FIRST and value.microsecond % 1000 == 0
        return value if own else str(value)
    if isinstance(value, date):
        return value if value >= FIRST else str(value)
    if isinstance(value, time | Decimal):
        return str(value)
    if isinstance(value, bytes):
        raise DataError(
            "a column that is kept holds bytes, which Excel has no room for. Expected Parquet, or "
            "other columns to keep."
        )
    text = CODED.sub("_x005F_", as_text(value))
    return ILLEGAL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
