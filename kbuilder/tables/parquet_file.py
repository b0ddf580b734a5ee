"""Parquet files as tables: whole, some columns after the others; or some rows after the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import progress, room
from kbuilder.errors import DataError, Key
from kbuilder.late import np
from kbuilder.tables.arrays import expect_columns, expect_file, expect_unique
from kbuilder.tables.cells import Cells
from kbuilder.tables.dictionary import categorical
from kbuilder.tables.keeping import Keep, pick
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BUFFER = 2**20
"""Bytes that are read of a column of a Parquet file at a time; else all of a group of rows."""


AT_ONCE = 2**27
"""Bytes that the columns of a Parquet file take which are converted at a time, but one at least."""
NUMBER, WORD = 16, 128
"""Bytes that a number and a word take while they are converted, about."""
LONG, PART, MANY = 4, 2**18, 2**20
"""Bytes of a word in the file from which on a column of so many rows is read part by part, and the
rows of a part: most of its words differ."""


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
            if size is None and not start and not keep:
                whole = _by_columns(file, asked or names, cells or Cells(), path)
                yield Part(replace(whole, folders=(path.parent,)), 1.0)
                return
            batches = file.iter_batches(size or rows, row_groups=groups, columns=asked)
            for some in _cut(batches, size or rows, start - first):
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
        raise unreadable(path, key, error, "a Parquet file") from None


def _by_columns(file: Any, names: Sequence[str], cells: Cells, path: Path) -> Table:
    """All rows of a Parquet file, some columns after the others.

    So there is never more beside the table than these columns as Arrow and as pandas have them.
    """
    rows = file.metadata.num_rows
    words = set(_columns_of_words(file.schema_arrow))
    columns: dict[str, np.ndarray] = {}
    taken: dict[str, Mapping[str, int]] = {}
    with progress.stage(f"reading {path.name}", len(names), "columns") as stage:
        for name in _long(file, names, words):
            found = cells.words_in_parts(name, _in_parts(path, name), rows)
            room.give_back(WORD * PART)
            if found is not None:
                columns[name], own = found
                taken |= {name: own} if own else {}
                stage.advance()
        left = [name for name in names if name not in columns]
        for asked, used in _groups(left, rows, words):
            some = file.read(asked).select(asked).replace_schema_metadata()
            frame = _frame(some)
            del some
            room.give_back(used)
            part = cells.table(frame, path.name)
            del frame
            columns |= part.columns
            taken |= part.taken
            room.give_back(used)
            stage.advance(len(asked))
    columns = {name: columns[name] for name in names}
    taken = {name: taken[name] for name in names if name in taken}
    return Table(columns, path.name, range(1, rows + 1), taken)


def _long(file: Any, names: Sequence[str], words: Container[str]) -> list[str]:
    """The columns of words that are read part by part, where long columns lie in files."""
    from kbuilder.tables import scratch  # which needs NumPy

    rows = file.metadata.num_rows
    if not scratch.are_used() or not MANY <= rows < 2**31:
        return []
    sizes: Counter[str] = Counter()
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            sizes[column.path_in_schema] += column.total_uncompressed_size
    return [name for name in names if name in words and sizes[name] >= LONG * rows]


def _in_parts(path: Path, name: str) -> Iterator[pd.Series]:
    """A column of words part by part."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path, buffer_size=BUFFER) as file:
        for batch in file.iter_batches(PART, columns=[name]):
            yield pd.Series(pd.array(batch.column(0).cast(pa.large_string()), dtype="str"))


def _frame(table: pa.Table) -> pd.DataFrame:
    """Columns as pandas has them, of words all or none; no word becomes an object."""
    import pandas as pd
    import pyarrow as pa

    if not all(map(pa.types.is_dictionary, table.schema.types)):
        # Whole numbers stay whole where some are missing.
        return table.to_pandas(integer_object_nulls=True)
    columns = {name: categorical(table.column(name)) for name in table.column_names}
    return pd.DataFrame(columns, copy=False)


def _groups(
    names: Sequence[str], rows: int, words: Container[str]
) -> Iterator[tuple[list[str], int]]:
    """The columns that are converted together, those of words apart, and the bytes they take."""
    for kind, size in ((False, NUMBER), (True, WORD)):
        own = [name for name in names if (name in words) is kind]
        at_once = max(1, AT_ONCE // (size * rows))
        for first in range(0, len(own), at_once):
            group = own[first : first + at_once]
            yield group, size * rows * len(group)


def _columns_of_words(schema: pa.Schema) -> list[str]:
    """The columns of words, which are read by the places of their different words."""
    import pyarrow as pa

    def holds_words(kind: pa.DataType) -> bool:
        if pa.types.is_dictionary(kind):
            return holds_words(kind.value_type)
        return pa.types.is_string(kind) or pa.types.is_large_string(kind)

    return [field.name for field in schema if holds_words(field.type)]


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


def unreadable(path: Path, key: Key, error: Exception, what: str) -> DataError:
    """What is said of a file that its library cannot read."""
    reason = str(error).partition("\n")[0].rstrip(".")
    return DataError(f"{path} cannot be read: {reason}. Expected {what}.", key=key)
