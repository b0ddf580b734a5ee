"""Packed files: the bytes that they hold, for as long as those are no more than is believed.

A few bytes can claim any size. So it is looked at before room is made for it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shlex
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kbuilder.errors import DataError, Key

SMALL = 64 * 2**20
"""Bytes that anything may unpack to."""
TIMES = 100
"""How much more than it takes packed a table may be; those of people take 3 to 30 times as much."""
DAMAGED = (EOFError, zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error)
"""What the reading of a damaged one raises, beside `OSError`."""


class Packing(NamedTuple):
    """A way of packing a file.

    Args:
        open: Opens the bytes that a file holds.
        command: Unpacks it in a shell.
    """

    open: Callable[[Path], AbstractContextManager[Any]]
    command: str


def swells(packed: int, unpacked: int) -> bool:
    """Whether so many bytes are more than packed ones are believed to hold."""
    return unpacked > max(SMALL, TIMES * packed)


def of(path: Path) -> Packing | None:
    """How a file is packed, by its ending; None: it is not."""
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    return PACKINGS.get(".tar" if ".tar" in endings else "".join(endings[-1:]))


@contextmanager
def opened(path: Path, key: Key = ()) -> Iterator[Any]:
    """The bytes of a file, unpacked by its ending.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.

    Raises:
        DataError: as soon as more is read of a packed one than is believed.
    """
    way = of(path)
    with path.open("rb") if way is None else way.open(path) as file:
        if way is not None:
            command = f"{way.command} {shlex.quote(str(path))}"
            file = io.BufferedReader(_Counted(file, command, path, key))
        yield file


def expect_zip(path: Path, key: Key = ()) -> None:
    """Refuse a zip of many files, such as a workbook, that swells, or is damaged.

    Raises:
        DataError: if it unpacks to more than is believed.
        OSError: if one of its files is damaged, or larger than is said of it.
    """
    with zipfile.ZipFile(path) as packed:
        size = sum(one.file_size for one in packed.infolist())
        if swells(path.stat().st_size, size):
            raise DataError(
                f"{path} unpacks to more than {TIMES} times its size, as no table of people does: "
                f"{size / 2**20:,.0f} MiB. If it is meant, save it as CSV.",
                key=key,
            )
        if damaged := packed.testzip():
            raise OSError(f"{damaged} in it is damaged")


class _Counted(io.RawIOBase):
    """Bytes that are counted as they are unpacked."""

    def __init__(self, file: Any, command: str, path: Path, key: Key) -> None:
        self.file, self.command, self.path, self.key = file, command, path, key
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self.file.read(len(buffer))
        self.count += len(content)
        if swells(self.path.stat().st_size, self.count):
            raise DataError(
                f"{self.path} unpacks to more than {TIMES} times its size, as no table of people "
                f"does: {self.count / 2**20:.0f} MiB, and there is more. If it is meant, unpack "
                f"it by `{self.command}`, and name the file that comes of it.",
                key=self.key,
            )
        buffer[: len(content)] = content
        return len(content)


@contextmanager
def _zip(path: Path) -> Iterator[Any]:
    with zipfile.ZipFile(path) as packed:
        names = [one.filename for one in packed.infolist() if not one.is_dir()]
        with packed.open(_only(names)) as file:
            yield file


@contextmanager
def _tar(path: Path) -> Iterator[Any]:
    with tarfile.open(path) as packed:
        yield packed.extractfile(_only([one.name for one in packed if one.isfile()]))


def _only(names: Sequence[str]) -> str:
    if len(names) != 1:
        raise OSError(f"it holds {len(names)} files, not one")
    return names[0]


def _zst(path: Path) -> AbstractContextManager[Any]:
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


PACKINGS = {
    ".bz2": Packing(bz2.open, "bunzip2 --keep"),
    ".gz": Packing(gzip.open, "gunzip --keep"),
    ".tar": Packing(_tar, "tar --extract --file"),
    ".xz": Packing(lzma.open, "unxz --keep"),
    ".zip": Packing(_zip, "unzip"),
    ".zst": Packing(_zst, "unzstd --keep"),
}  # fmt: skip
"""By the ending of the file; `.tar.gz` and the like are tar's."""
