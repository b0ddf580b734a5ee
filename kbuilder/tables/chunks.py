"""Tables from files of several kinds, by their content: whole, or part by part."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import progress, room
from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.tables import packing, several
from kbuilder.tables.arrays import expect_columns, expect_file, expect_unique, from_frame, read_npz
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import csv_parts
from kbuilder.tables.dialect import Dialect, own
from kbuilder.tables.formats import format_of
from kbuilder.tables.keeping import Keep, objects, of_arrays, of_objects, pick
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BUFFER = 2**20
"""Bytes that are read of a column of a Parquet file at a time; else all of a group of rows."""


STEPS = 50
"""In about so many steps a Parquet file of many groups of rows is read."""


@dataclass(frozen=True)
class Reading:
    """How a file of rows is read, whatever its format.

    Args:
        cells: How its cells are read.
        dialect: How a CSV file is written; None: as is recognised.
        sheet: The sheet of an Excel file, by name or number from 0; None: the first.
        keep: Columns that are carried over beside predictions.
    """

    cells: Cells = field(default_factory=Cells)
    dialect: Dialect | None = None
    sheet: str | int | None = None
    keep: Keep = ()


def read(path: Path, key: Key = (), reading: Reading | None = None) -> Table:
    """The rows of a file, by its content; or of several by a pattern, which are read whole.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        reading: How it is read.

    Raises:
        DataError: if it is no table, has no rows, or cannot be read.
    """
    files = several.matching(path)
    if files:
        return several.read(files, lambda file: read(file, key, reading), key=key)
    [part] = parts(path, key, reading)
    return part.table


def parts(
    path: Path,
    key: Key = (),
    reading: Reading | None = None,
    wanted: Sequence[str] | None = None,
    size: int | None = None,
    start: int = 0,
) -> Iterator[Part]:
    """The rows that `read` reads, part by part.

    Args:
        path, key, reading: As `read` takes them.
        wanted: The columns that are needed; None: all.
        size: The rows of a part; None: all are one part.
        start: How many rows are skipped.

    Raises:
        DataError: as `read`, and if a wanted column is missing.
    """
    reading = reading or Reading()
    if several.matching(path):
        table = read(path, key, reading)
        table = table if wanted is None else table.only(wanted)
        return table.parts(size or len(table), start)
    kind = format_of(path, key)
    if kind == "lines":
        given: dict[str, Any] = {
            "wanted": wanted, "size": size, "start": start, "keep": reading.keep,
        }  # fmt: skip
        return csv_parts(path, key, reading.dialect or own(path, key), cells=reading.cells, **given)
    if kind == "parquet":
        return parquet_parts(path, wanted, size, start, reading.cells, key, reading.keep)
    if kind == "npz":
        table = read_npz(path, key, None, "columns")
        table = replace(table, kept=of_arrays(reading.keep, table))
    else:
        frame = WHOLE[kind](path, key, reading.sheet)
        table = from_frame(frame, path.name, reading.cells)
        loose = frame.astype(object) if kind == "excel" else frame
        kept = of_objects(reading.keep, loose, path.name, kind == "excel")
        table = replace(table, kept=kept, folders=(path.parent,))
    if not len(table):
        raise DataError(f"{path} has no rows. Expected rows.", key=key)
    if wanted is not None:
        table = table.only(wanted)
    return table.parts(size or len(table), start)


def _arrow(path: Path, key: Key, sheet: str | int | None) -> pd.DataFrame:
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            whole = file.read(6) == b"ARROW1"
            file.seek(0)
            table = (pa.ipc.open_file if whole else pa.ipc.open_stream)(file).read_all()
            return table.replace_schema_metadata().to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, key, error, "an Arrow file") from None


def _json(path: Path, key: Key, sheet: str | int | None) -> pd.DataFrame:
    try:
        with _reading(path, key) as file:
            content = json.loads(file.read().decode("utf-8-sig"))
        return _rows(path, key, content)
    except RecursionError:
        raise DataError(f"{path} is nested too deep. Expected a list of rows.", key=key) from None
    except (ValueError, OSError) as error:
        raise _unreadable(path, key, error, "JSON") from None


@contextmanager
def _reading(path: Path, key: Key) -> Iterator[Any]:
    """The bytes of a file, unpacked, of which is followed how many have been read."""
    size = path.stat().st_size if packing.of(path) is None else None
    with (
        packing.opened(path, key) as file,
        progress.stage(f"reading {path.name}", size, "bytes") as stage,
    ):
        yield stage.counting(file)


def _rows(path: Path, key: Key, content: Any) -> pd.DataFrame:
    """The rows of a list of objects, or of an object with a list for each column."""
    import pandas as pd

    rows = content.get("instances", content) if isinstance(content, dict) else content
    if isinstance(rows, dict) and all(isinstance(values, list) for values in rows.values()):
        rows = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f'{path} holds no rows. Expected [{{"column": value, …}}, …].', key=key)
    return objects(rows) if rows else pd.DataFrame()


def _json_lines(path: Path, key: Key, sheet: str | int | None) -> pd.DataFrame:
    rows, number = [], 0
    try:
        with _reading(path, key) as file:
            for line in file:
                number += 1
                if line.strip():
                    rows.append(json.loads(line.decode("utf-8-sig")))
                    if not isinstance(rows[-1], dict):
                        raise ValueError("it is no object")
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(
            f'line {number} of {path} cannot be read: {error}. Expected {{"column": value, …}} in '
            "each line.",
            key=key,
        ) from None
    return objects(rows)


def _excel(path: Path, key: Key, sheet: str | int | None) -> pd.DataFrame:
    import pandas as pd

    try:
        if zipfile.is_zipfile(path):  # an old workbook is none
            packing.expect_zip(path, key)
        with pd.ExcelFile(path, engine="calamine") as book:
            names = book.sheet_names
            known = isinstance(sheet, int) and 0 <= sheet < len(names)
            if sheet is not None and not known and sheet not in names:
                raise DataError(
                    f"{path} has no sheet {sheet!r}. It has: {listed(map(repr, names))}.",
                    key=("data", "sheet"),
                    suggestion=nearest(sheet, names),
                )
            # As objects: a text of digits stays one, and its zeros, and so do truth values.
            given: dict[str, Any] = {"keep_default_na": False, "na_values": [""], "dtype": object}
            frame = pd.read_excel(book, sheet_name=sheet or 0, **given)
    except DataError:
        raise
    except Exception as error:  # calamine raises its own, and whatever a damaged file makes it
        raise _unreadable(path, key, error, "an Excel file") from None
    frame = frame.dropna(axis=0, how="all")
    return frame.rename(columns=lambda name: str(name).strip())


def _unreadable(path: Path, key: Key, error: Exception, what: str) -> DataError:
    reason = str(error).partition("\n")[0].rstrip(".")
    return DataError(f"{path} cannot be read: {reason}. Expected {what}.", key=key)


WHOLE = {"arrow": _arrow, "json": _json, "jsonl": _json_lines, "excel": _excel}
"""How a file is read of which no part can be read alone."""


def read_parquet(path: Path, cells: Cells | None = None, keep: Keep = ()) -> Table:
    """The rows of a Parquet file, as `parquet_parts` takes it.

    Raises:
        DataError: if it has no rows, or cannot be read.
    """
    [part] = parquet_parts(path, None, None, 0, cells, keep=keep)
    return part.table


def parquet_parts(
    path: Path,
    wanted: Sequence[str] | None,
    size: int | None,
    start: int,
    cells: Cells | None = None,
    key: Key = (),
    keep: Keep = (),
) -> Iterator[Part]:
    """The rows of a Parquet file part by part; those that are skipped are not read, if many.

    Args:
        path: The file.
        wanted: The columns that are needed; None: all.
        size: The rows of a part; None: all are one part.
        start: How many rows are skipped.
        cells: How its cells are read.
        key: The place of its name in the recipe, for messages.
        keep: Columns that are carried over beside predictions, with the types of the file.

    Raises:
        DataError: if it has no rows, cannot be read, or a wanted column is missing.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    expect_file(path, key)
    try:
        words = _columns_of_words(parquet.read_schema(path))
        with parquet.ParquetFile(path, buffer_size=BUFFER, read_dictionary=words) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
            expect_unique(names, str(path), ())
            if not rows:
                raise DataError(f"{path} has no rows. Expected rows.", key=key)
            if wanted is not None:
                expect_columns(names, wanted, path.name)
            carried = pick(keep, names, path.name)
            if size is None:
                claim = f"{path} claims {rows:,} rows, which take"
                room.expect(8 * rows * len(names), claim)
            lengths = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
            passed = [n for n, end in enumerate(accumulate(lengths)) if end <= start]
            groups, first = range(len(passed), len(lengths)), sum(lengths[: len(passed)])
            asked = None if wanted is None else list(dict.fromkeys([*wanted, *carried]))
            if size is None and not start:
                with progress.stage(f"reading {path.name}", rows, "rows") as stage:
                    tables = iter([_whole(file, asked, stage)])
            else:
                batches = file.iter_batches(size or rows, row_groups=groups, columns=asked)
                tables = _cut(batches, size or rows, start - first)
            for some in tables:
                # Whole numbers stay whole where some are missing, whatever rows a part has.
                some = some.replace_schema_metadata()
                kept = None
                if keep:
                    carry = some.select(carried).cast(_as_written(some.select(carried), words))
                    kept = carry.to_pandas(types_mapper=pd.ArrowDtype)
                columns = some.select(wanted or names)
                frame = columns.to_pandas(integer_object_nulls=True)
                labels = range(start + 1, start + len(frame) + 1)
                start += len(frame)
                table = (cells or Cells()).table(frame, path.name, labels)
                del some, columns, frame
                room.give_back(8 * len(table) * len(table.columns))
                yield Part(replace(table, kept=kept, folders=(path.parent,)), start / rows)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, key, error, "a Parquet file") from None


def _whole(file: Any, columns: Sequence[str] | None, stage: progress.Stage) -> pa.Table:
    """All rows of a Parquet file, some groups after the others."""
    import pyarrow as pa

    tables, at_once = [], max(1, file.num_row_groups // STEPS)
    for first in range(0, file.num_row_groups, at_once):
        numbers = range(first, min(first + at_once, file.num_row_groups))
        tables.append(file.read_row_groups([*numbers], columns))
        stage.advance(len(tables[-1]))
    return pa.concat_tables(tables)


def _columns_of_words(schema: pa.Schema) -> list[str]:
    """The columns of words, which are read by the places of their different words."""
    import pyarrow as pa

    kinds = (pa.types.is_string, pa.types.is_large_string)
    return [field.name for field in schema if any(kind(field.type) for kind in kinds)]


def _as_written(table: pa.Table, words: Sequence[str]) -> pa.Schema:
    """The types of a table that has these columns by the places of their words, without these."""
    import pyarrow as pa

    return pa.schema(
        field.with_type(field.type.value_type) if field.name in words else field
        for field in table.schema
    )


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
