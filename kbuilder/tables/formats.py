"""What a file holds, by its first bytes; its ending is what people call it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Literal

from kbuilder.errors import CallError, DataError, Key
from kbuilder.lines import to_line
from kbuilder.tables import packing
from kbuilder.tables.arrays import expect_file

Format = Literal["lines", "parquet", "arrow", "json", "jsonl", "excel", "npz"]

PICKLE = "a pickle, which is a program"
SQLITE = "a SQLite database"
OTHERS = {
    b"\x93NUMPY": "one NumPy array (.npy)", b"\x89HDF": "HDF5", b"ORC": "ORC", b"Obj\x01": "Avro",
    b"SQLite format 3": SQLITE, b"%PDF": "PDF", b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"\x80\x04": PICKLE,
    b"\x80\x05": PICKLE, b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself",
}  # fmt: skip
"""What no table is read from, by its first bytes."""


def format_of(path: Path, key: Key = ()) -> Format:
    """The format of a file of rows; lines: of text, with fields.

    Raises:
        DataError: if there is no such file, or it is no table.
    """
    expect_file(path, key)
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "excel"
    if head.startswith(b"PK\x03\x04"):
        if not zipfile.is_zipfile(path):
            raise DataError(
                f"{path} begins as an Excel or zip file does, and its end is lost. Expected the "
                "whole file.",
                key=key,
            )
        with zipfile.ZipFile(path) as zipped:
            names = zipped.namelist()
        if any(name.startswith("xl/") or name == "content.xml" for name in names):
            return "excel"
        if names and all(name.endswith(".npy") for name in names):
            return "npz"
        if packing.of(path) is None:
            raise _no_table(path, key, "a zip archive, which is read if its name ends in .zip")
    try:
        with packing.opened(path, key) as file:
            head = file.read(2**16)
    except (OSError, *packing.DAMAGED) as error:
        message = f"{path} cannot be read: {error}. Expected a CSV file."
        raise DataError(message, key=key) from None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for begins, what in OTHERS.items():
        if head.startswith(begins):
            raise _no_table(path, key, what)
    if start[:1] == b"<" and start[:200].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise _no_table(path, key, "a web page, or other XML, such as an error page in its place")
    if start[:1] == b"[" and _is_json(start[:200]):
        return "json"
    if re.match(rb'\{\s*["}]', start):
        first, *others = start.splitlines()
        return "jsonl" if others and _is_json(first) else "json"
    return "lines"


def _no_table(path: Path, key: Key, what: str) -> DataError:
    expected = "Expected a table: CSV, Parquet, Arrow, JSON, JSON lines or Excel."
    if what == SQLITE:
        asked = {"url": f"sqlite:///{path.absolute()}", "query": "SELECT * FROM …"}
        expected += f" A query reads it: `{to_line(('data', 'sql'), asked)}`."
    if path.suffix == ".npy":
        named = {"source": "arrays", "path": str(path), "columns": {"x": "…", "y": "…"}}
        expected += f" Arrays are columns by their names: `{to_line(('data',), named)}`."
    return DataError(f"{path} is {what}. {expected}", key=key)


def _is_json(line: bytes) -> bool:
    """Whether a text begins as JSON does: a list of objects or lists, or one object a line."""
    if line[:1] == b"[":
        return line[1:].lstrip()[:1] in (b"{", b"[", b"]")
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def expect_scalars(path: Path) -> None:
    """Check that a Parquet file has numbers, words and dates alone, and is no list or bytes.

    Raises:
        CallError: naming a column that has others, which a script does not read.
    """
    from pyarrow import parquet, types

    others = (
        types.is_nested, types.is_binary, types.is_large_binary, types.is_fixed_size_binary,
        types.is_binary_view,
    )  # fmt: skip
    for field in parquet.read_schema(path):
        if any(other(field.type) for other in others):
            raise CallError(
                f"a script reads numbers, words and dates of Parquet files, and column "
                f"{field.name!r} of {path.name} has values of type {field.type}. Expected such a "
                "column to be left out of the file."
            )
