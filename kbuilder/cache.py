"""The cache: what is prepared once and used again. Its folders are written whole or not at all.

It lies in `KBUILDER_CACHE`, else in `kbuilder` of `XDG_CACHE_HOME`, else in `~/.cache/kbuilder`,
there in a folder of its own, so that nothing else is removed; `KBUILDER_CACHE=none` does without.
What was used longest ago is removed where all takes more than `KBUILDER_CACHE_LIMIT` gigabytes.
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kbuilder import files, room
from kbuilder.errors import CallError

FOLDER, LIMIT = "KBUILDER_CACHE", "KBUILDER_CACHE_LIMIT"
"""The variables of the environment."""
NONE = "none"
OWN = "prepared-rows"
"""The folder within; nobody else has anything in it."""
GIGABYTES = 20.0
SPARED = 2**30
"""Bytes that are left free on the disk."""
ABOUT = "about.json"
"""What an entry holds; one without it is not whole."""
PARTIAL = ".partial"
EMPTY = 3600
"""Seconds after which nobody fills a folder that has nothing in it."""


class Entry(NamedTuple):
    """What is kept of one data set.

    Args:
        path: Its folder.
        size: Bytes.
        used: When it was last used, in seconds since 1970.
        origin: What it was prepared from.
    """

    path: Path
    size: int
    used: float
    origin: str


def root() -> Path | None:
    """The folder of the cache, whether it is there or not; None: there is to be none."""
    written = os.environ.get(FOLDER)
    if written:
        return None if written == NONE else Path(written).absolute() / OWN
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "kbuilder" / OWN


def limit() -> int:
    """How many bytes the cache may take.

    Raises:
        CallError: if the variable is no such number.
    """
    written = os.environ.get(LIMIT) or str(GIGABYTES)
    try:
        found = float(written)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise CallError(f"{LIMIT} is {written!r}. Expected gigabytes, such as {GIGABYTES:g}.")
    return int(found * 1e9)


def entries() -> list[Entry]:
    """What is in the cache, the last used first."""
    found = []
    for path in _folders():
        with suppress(OSError, ValueError, KeyError, TypeError):  # it goes while it is looked at
            about = path / ABOUT
            origin = str(files.read_json(about)["origin"])
            size = sum(file.stat().st_size for file in path.iterdir())
            found.append(Entry(path, size, about.stat().st_mtime, origin))
    return sorted(found, key=lambda entry: -entry.used)


def find(key: str) -> Path | None:
    """The folder of an entry, which counts as used now; None: there is none."""
    folder = root()
    if folder is None or not (folder / key / ABOUT).is_file():
        return None
    with suppress(OSError):  # a cache that others share may be read alone
        os.utime(folder / key / ABOUT)
    return (folder / key).resolve()


def clear() -> int:
    """Remove all that no process is writing; returns how many bytes that were."""
    found = entries()
    for entry in found:
        shutil.rmtree(entry.path, ignore_errors=True)
    _sweep()
    return sum(entry.size for entry in found)


class Shelf:
    """A folder of the cache while it is filled. What cannot lie there lies in memory.

    Args:
        folder: The folder; None: everything lies in memory.
        failed: Why it is not kept; empty: it is.
    """

    def __init__(self, folder: Path | None, failed: str = "") -> None:
        self.folder = folder
        self.failed = failed

    def empty(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
        """An array without values, in a file of that name where there is room for it."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self.folder is None or self.failed:
            return room.for_rows(shape, dtype)
        path = self.folder / f"{name}.npy"
        try:
            self.expect_room(size)
            if not size:
                np.save(path, np.empty(shape, dtype), allow_pickle=False)
                return np.empty(shape, dtype)
            held = np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
            with path.open("r+b") as file:  # a file with holes ends the process on a full disk
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            self.failed = error.strerror or str(error)
            return room.for_rows(shape, dtype)
        return np.asarray(held)

    def expect_room(self, size: int) -> None:
        """Refuse what would leave too little free on the disk.

        Raises:
            OSError: if so many bytes would.
        """
        assert self.folder is not None, "it has a folder"
        if shutil.disk_usage(self.folder).free - size < SPARED:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def put(self, name: str, values: np.ndarray) -> str:
        """Write an array; returns its name."""
        held = self.empty(name, values.shape, values.dtype)
        if not self.failed:
            held[...] = values
        return name

    def fail(self, reason: str) -> None:
        """Keep nothing, for a reason."""
        self.failed = self.failed or reason


def load(folder: Path, name: str) -> np.ndarray:
    """An array of an entry, whose values are read from the disk when they are asked for.

    What is written to it does not reach the file.
    """
    path = folder / f"{name}.npy"
    try:
        return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
    except ValueError:  # nothing can be mapped of an array without values
        return np.load(path, allow_pickle=False)


@contextmanager
def filling(key: str) -> Iterator[Shelf]:
    """A shelf that is kept under its key when all went well, unless it failed or has no folder.

    Its `about.json` has been written by then. Of two processes that fill one at a time the first
    wins; what the other has stays as it is until it ends.
    """
    folder = root()
    assert folder is not None, "there is a cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep()
        own = Path(tempfile.mkdtemp(prefix=f"{key}.", suffix=PARTIAL, dir=folder))
    except OSError as error:
        yield Shelf(None, error.strerror or str(error))
        return
    try:
        with files.alone(own):
            shelf = Shelf(own)
            yield shelf
            if shelf.folder is not None and not shelf.failed:
                try:
                    _settle(own, folder / key)
                except OSError as error:
                    shelf.fail(error.strerror or str(error))
    finally:
        shutil.rmtree(own, ignore_errors=True)
    _remove_oldest(folder / key)


def also(key: str, other: str) -> None:
    """Have an entry found by another key, too."""
    folder = root()
    if folder is not None and key != other:
        with suppress(OSError):  # some file systems have no links, and another may have made it
            (folder / other).symlink_to(key)


def _settle(own: Path, path: Path) -> None:
    """Give a filled folder its name, once it is on the disk."""
    for file in own.iterdir():
        if file.suffix in (".npy", ".json", ".arrow"):
            files.sync(file)
    files.sync(own)
    try:
        own.rename(path)
    except OSError:
        if (path / ABOUT).exists():  # another was first
            return
        raise
    (path / files.AT_WORK).unlink(missing_ok=True)  # not before: it says whose this is
    files.sync(path.parent)


def _folders() -> list[Path]:
    """The folders of the entries."""
    folder = root()
    if folder is None or not folder.is_dir():
        return []
    with suppress(OSError):
        return [
            path for path in folder.iterdir()
            if path.suffix != PARTIAL and not path.is_symlink() and (path / ABOUT).is_file()
        ]  # fmt: skip
    return []


def _sweep() -> None:
    """Remove what processes that were killed have left, and names of what is gone."""
    folder = root()
    if folder is None or not folder.is_dir():
        return
    for path in folder.glob(f"*{PARTIAL}"):
        with suppress(OSError), (path / files.AT_WORK).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while one is at work on it
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):  # it was killed before there was anything in it
            if time.time() - path.stat().st_mtime > EMPTY:
                path.rmdir()
    for path in folder.iterdir():
        if path.is_symlink() and not path.exists():
            path.unlink(missing_ok=True)


def _remove_oldest(new: Path) -> None:
    """Remove what was used longest ago, while all takes more than its limit."""
    found, most = entries(), limit()
    total = sum(entry.size for entry in found)
    for entry in reversed(found):
        if total > most and entry.path != new:
            shutil.rmtree(entry.path, ignore_errors=True)
            total -= entry.size


def age(entry: Entry) -> str:
    """How long ago an entry was used, in words."""
    seconds: Any = max(0, time.time() - entry.used)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
