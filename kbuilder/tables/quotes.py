"""Whether quotes in a text file of rows are around fields, or are characters as any other."""

from __future__ import annotations

import codecs
import io
import mmap
import re
from collections.abc import Generator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kbuilder.errors import Key
from kbuilder.tables import packing

if TYPE_CHECKING:
    from kbuilder.tables.dialect import Dialect


def left_open(path: Path, key: Key, dialect: Dialect) -> str:
    """Why quotes are characters: read as quotes, some would swallow lines that are rows alone."""
    if _closes_all(path, dialect):
        return ""
    width, first = 0, 0
    with closing(_all_lines(path, key, dialect)) as lines:
        for number, line in lines:
            fields = line.count(dialect.delimiter) + 1
            width = width or fields
            if fields != width:
                return ""
            if not first and _opens(line, dialect.delimiter):
                first = number
    return f"line {first} opens a quote that it does not close" if first and width > 1 else ""


def _closes_all(path: Path, dialect: Dialect) -> bool:
    """Whether no line can open a quote that it does not close; False: nobody has looked.

    All fields have no quotes, or are in quotes within a line. It is what `_opens` sees line by
    line, at once for the whole file.
    """
    narrow = not codecs.lookup(dialect.encoding).name.startswith(("utf-16", "utf-32"))
    known = narrow and len(dialect.delimiter) == 1 and dialect.delimiter.isascii()
    if not known or packing.of(path) is not None:
        return False
    return close_in_lines(path, dialect.delimiter.encode())


def close_in_lines(path: Path, delimiter: bytes) -> bool:
    """Whether each quote of a file, if it has any, is around a whole field within a line.

    A large file is looked through once, as long as it stays as it is.
    """
    found = path.stat()
    return _close_in_lines(path.absolute(), delimiter, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=64)
def _close_in_lines(path: Path, delimiter: bytes, size: int, changed: int) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return all_close(content, delimiter, rb"\r\n")


def all_close(content: mmap.mmap, delimiter: bytes, without: bytes = b"") -> bool:
    """Whether quotes are around whole fields alone, and each that opens closes.

    Args:
        content: A text file.
        delimiter: What stands between fields.
        without: Bytes that fields in quotes have none of.
    """
    ends = re.escape(delimiter) + rb"\r\n"
    inside = rb'[^"%b]*+' % without
    field = rb'(?<![^%b])"%b(?:""%b)*+"(?![^%b])' % (ends, inside, inside, ends)
    return re.fullmatch(rb'(?:[^"]*+%b)*+[^"]*+' % field, content) is not None


def _all_lines(path: Path, key: Key, dialect: Dialect) -> Generator[tuple[int, str], None, None]:
    """The lines that are not empty, with their numbers from 1."""
    with packing.opened(path, key) as file:
        lines = io.TextIOWrapper(file, dialect.encoding, "replace")
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            if number > dialect.skip and text:
                yield number, text


def _opens(line: str, delimiter: str) -> bool:
    """Whether a field of a line begins with a quote that the line does not close."""
    inside = False
    for field in line.split(delimiter):
        if not inside and field.lstrip(" ").startswith('"'):
            inside = True
            field = field.lstrip(" ")[1:]
        if inside and field.count('"') % 2:
            inside = False
    return inside
