"""CSV files as Arrow reads them: ten times as fast, where there is no doubt about how.

Arrow and pandas read a file alike but for quotes within fields, lone carriage returns, null bytes
and lines of unlike length; what has any of these is left to pandas.
"""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import progress, room
from kbuilder.tables import packing
from kbuilder.tables.dialect import Dialect
from kbuilder.tables.quotes import all_close

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 2**22
"""Bytes that one thread reads at a time; a row must fit in."""
SAMPLE = 2**20
"""Bytes of the first rows, which say which columns repeat their words."""
REPEATED = 0.9
"""A column repeats its words where they are a smaller share of its rows."""
ENCODINGS = ("utf-8", "ascii", "utf-8-sig")


def read(path: Path, dialect: Dialect, names: Sequence[str], header: bool) -> pd.DataFrame | None:
    """All cells of a file as words, those of a column that repeats them by their places.

    Args:
        path: The file.
        dialect: How it is written.
        names: The names of its columns, which may be others than those of its first line.
        header: Whether its first line has names.

    Returns:
        A frame with the columns in the order of the file; None: pandas is to read it.
    """
    import pyarrow as pa
    from pyarrow import csv

    spelled = codecs.lookup(dialect.encoding).name in ENCODINGS
    plain = spelled and len(dialect.delimiter) == 1 and dialect.delimiter.isascii()
    if not plain or dialect.comment or dialect.skip or packing.of(path) is not None:
        return None
    if not path.stat().st_size or not all(names):
        return None
    quotes = dialect.quoting == "standard"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if not _is_certain(content, dialect.delimiter.encode(), quotes):
            return None
        quoted = quotes and content.find(b'"') >= 0
    parsing = csv.ParseOptions(
        delimiter=dialect.delimiter, quote_char='"' if quotes else False,
        newlines_in_values=quoted, ignore_empty_lines=len(names) > 1,
    )  # fmt: skip
    try:
        known = {"autogenerate_column_names": not header}
        first = csv.ReadOptions(block_size=SAMPLE, **known)
        with csv.open_csv(path, first, parsing) as reader:
            some = reader.read_next_batch()
        if len(set(some.schema.names)) < len(names) or len(some.schema.names) != len(names):
            return None
        types = {name: _type(some[name]) for name in some.schema.names}
        converting = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
        reading = csv.ReadOptions(block_size=BLOCK, **known)
        size = path.stat().st_size
        with (
            progress.stage(f"reading {path.name}", size, "bytes") as stage,
            path.open("rb") as plain_file,
        ):
            table = csv.read_csv(stage.counting(plain_file), reading, parsing, converting)
    except (pa.ArrowException, OSError, StopIteration):
        return None
    if not len(table):
        return None
    frame = table.to_pandas()
    del table
    room.give_back(path.stat().st_size)
    return frame


def _is_certain(content: mmap.mmap, delimiter: bytes, quotes: bool) -> bool:
    """Whether any reader takes the same cells of a text."""
    if content.find(b"\0") >= 0 or re.search(rb"\r(?!\n)", content):
        return False
    if not quotes or content.find(b'"') < 0:
        return True
    return all_close(content, delimiter)


def _type(some: Any) -> Any:
    """How a column of words is held, by some of its first values."""
    import pyarrow as pa

    repeated = len(some.unique()) < REPEATED * len(some)
    return pa.dictionary(pa.int32(), pa.string()) if repeated else pa.string()
