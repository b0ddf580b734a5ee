"""Tables part by part, from files of several kinds: by their ending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from kbuilder import room
from kbuilder.errors import DataError
from kbuilder.tables.arrays import expect_columns, expect_file, expect_unique, read_npz
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import csv_parts, read_csv
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pyarrow as pa

BUFFER = 2**20
"""Bytes that are read of a column of a Parquet file at a time; else all of a group of rows."""


def read_like(path: Path, cells: Cells | None = None) -> Table:
    """The rows of a file by its ending: `.csv`, or `.npz` with arrays named like the columns.

    Args:
        path: The file.
        cells: How the cells of a CSV file are read.

    Raises:
        DataError: if it cannot be read.
    """
    if path.suffix.lower() == ".npz":
        return read_npz(path, (), None, "columns")
    return read_csv(path, cells=cells)


def parts_like(
    path: Path, cells: Cells, wanted: Sequence[str], size: int, start: int
) -> Iterator[Part]:
    """The rows that `read_like` reads, part by part.

    Args:
        path, cells: As `read_like` takes them.
        wanted: The columns that are needed.
        size: The rows of a part.
        start: How many rows are skipped.

    Raises:
        DataError: if it cannot be read, or a wanted column is missing.
    """
    if path.suffix.lower() == ".npz":
        return read_like(path).parts(size, start)
    return csv_parts(path, cells=cells, wanted=wanted, size=size, start=start)


def read_parquet(path: Path, cells: Cells | None = None) -> Table:
    """The rows of a Parquet file.

    Raises:
        DataError: if it has no rows, or cannot be read.
    """
    [part] = parquet_parts(path, None, None, 0, cells)
    return part.table


def parquet_parts(
    path: Path,
    wanted: Sequence[str] | None,
    size: int | None,
    start: int,
    cells: Cells | None = None,
) -> Iterator[Part]:
    """The rows of a Parquet file part by part; those that are skipped are not read, if many.

    Args:
        path: The file.
        wanted: The columns that are needed; None: all.
        size: The rows of a part; None: all are one part.
        start: How many rows are skipped.
        cells: How its cells are read.

    Raises:
        DataError: if it has no rows, cannot be read, or a wanted column is missing.
    """
    import pyarrow as pa
    from pyarrow import parquet

    expect_file(path, ())
    try:
        with parquet.ParquetFile(path, buffer_size=BUFFER) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
            expect_unique(names, str(path), ())
            if not rows:
                raise DataError(f"{path} has no rows. Expected rows.")
            if wanted is not None:
                expect_columns(names, wanted, path.name)
            if size is None:
                claim = f"{path} claims {rows:,} rows, which take"
                room.expect(8 * rows * len(names), claim)
            lengths = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
            passed = [n for n, end in enumerate(accumulate(lengths)) if end <= start]
            groups, first = range(len(passed), len(lengths)), sum(lengths[: len(passed)])
            batches = file.iter_batches(size or rows, row_groups=groups, columns=wanted)
            for some in _cut(batches, size or rows, start - first):
                # Whole numbers stay whole where some are missing, whatever rows a part has.
                frame = some.replace_schema_metadata().to_pandas(integer_object_nulls=True)
                labels = range(start + 1, start + len(frame) + 1)
                start += len(frame)
                yield Part((cells or Cells()).table(frame, path.name, labels), start / rows)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{path} cannot be read: {reason}. Expected a Parquet file.") from None


def _cut(batches: Iterable[pa.RecordBatch], size: int, drop: int) -> Iterator[pa.Table]:
    """Tables of `size` rows, the last of fewer, from batches of any; the first rows are dropped."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        gone = min(drop, len(batch))
        drop -= gone
        held.append(batch.slice(gone))
        while sum(map(len, held)) >= size:
            table = pa.Table.from_batches(held)
            yield table.slice(0, size)
            held = table.slice(size).to_batches()
    if any(map(len, held)):
        yield pa.Table.from_batches(held)
