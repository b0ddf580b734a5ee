"""Tables from files of several kinds, by their content: whole, or part by part."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import progress
from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.tables import packing, several
from kbuilder.tables.arrays import from_frame, read_npz
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import csv_parts
from kbuilder.tables.dialect import Dialect, own
from kbuilder.tables.formats import format_of
from kbuilder.tables.keeping import Keep, objects, of_arrays, of_objects
from kbuilder.tables.parquet_file import parquet_parts, unreadable
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pandas as pd


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
        raise unreadable(path, key, error, "an Arrow file") from None


def _json(path: Path, key: Key, sheet: str | int | None) -> pd.DataFrame:
    try:
        with _reading(path, key) as file:
            content = json.loads(file.read().decode("utf-8-sig"))
        return _rows(path, key, content)
    except RecursionError:
        raise DataError(f"{path} is nested too deep. Expected a list of rows.", key=key) from None
    except (ValueError, OSError) as error:
        raise unreadable(path, key, error, "JSON") from None


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
        raise unreadable(path, key, error, "an Excel file") from None
    frame = frame.dropna(axis=0, how="all")
    return frame.rename(columns=lambda name: str(name).strip())


WHOLE = {"arrow": _arrow, "json": _json, "jsonl": _json_lines, "excel": _excel}
"""How a file is read of which no part can be read alone."""
