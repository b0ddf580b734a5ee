"""How far reading, learning and preparing have come, for whoever follows.

Who does the work says what is done of it, and never asks whether anybody follows. Of stages within
a stage the outermost is followed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

Unit = Literal["bytes", "rows", "columns", "checks", "files"]


BUFFER = 2**20
"""Bytes that are read at a time, at least."""


class Stage:
    """Work of which is known how much there is.

    Args:
        what: What is done, as `reading adult.csv`.
        total: How much there is; None: nobody knows.
        unit: What it is counted in.
        follower: Is called whenever more is done, and at the end, from any thread; None: nobody.
    """

    def __init__(
        self, what: str, total: float | None, unit: Unit, follower: Follower | None
    ) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0.0
        self.ended = False
        self._follower = follower

    def advance(self, amount: float = 1) -> None:
        """So much more is done."""
        self.done += amount
        if self._follower is not None:
            self._follower(self)

    def end(self) -> None:
        """All is done, or will not be."""
        self.ended = True
        self.advance(0)

    def counting(self, file: Any) -> Any:
        """A binary file, of which what is read is done."""
        return file if self._follower is None else Counting(file, self.advance).buffered()


Follower = Callable[[Stage], None]

_follower: ContextVar[Follower | None] = ContextVar("follower", default=None)


@contextmanager
def followed(by: Follower) -> Iterator[None]:
    """Who follows what is done here."""
    before = _follower.set(by)
    try:
        yield
    finally:
        _follower.reset(before)


@contextmanager
def stage(what: str, total: float | None, unit: Unit) -> Iterator[Stage]:
    """A stage, followed from here to its end; the arguments are those of `Stage`.

    In a generator nothing may be given from within it: who takes it would be in the stage, too.
    """
    current = Stage(what, total, unit, _follower.get())
    before = _follower.set(None)
    try:
        current.advance(0)
        yield current
    finally:
        _follower.reset(before)
        current.end()


class Counting(io.RawIOBase):
    """A binary file that says how much of it is read.

    Args:
        file: The file, which stays open when this one is closed.
        advance: Is called with how many bytes have been read.
    """

    def __init__(self, file: Any, advance: Callable[[int], None] = lambda size: None) -> None:
        self._file, self.advance = file, advance
        self.count = 0  # bytes that have been read

    def buffered(self) -> io.BufferedReader:
        """The same, to read as any file."""
        return io.BufferedReader(self, BUFFER)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        size = int(self._file.readinto(buffer))
        self.count += size
        self.advance(size)
        return size
