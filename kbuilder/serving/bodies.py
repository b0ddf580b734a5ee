"""The bodies of requests, inflated, and never more of them than memory is meant to hold."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from kbuilder.serving.refusals import (
    BusyError,
    EncodingError,
    RequestError,
    SlowBodyError,
    TooLargeError,
)

LARGE = 2**20
"""Bytes from which a body is large: only so many are held at once."""
AT_ONCE = 4
MOST = 24 * 2**20
"""Bytes of a body unless `--max-body` says otherwise: a message of gRPC takes several times its
size until it is answered, and a few are held at once."""


@dataclass(frozen=True)
class Limits:
    """What a request may be.

    Args:
        body: Bytes of a body, and of what a compressed one inflates to.
        rows: Rows.
        brackets: Lists and objects in a large body: each takes 60 bytes and more once it is read.
        seconds: For its body to come, and then as many for its answer.
    """

    body: int = MOST
    rows: int = 100_000
    brackets: int = 4_000_000
    seconds: float = 30.0


class Inflating:
    """The plain content of a gzip that comes in parts, a piece at a time; of several in a row."""

    def __init__(self) -> None:
        self._one = zlib.decompressobj(wbits=31)

    def plain(self, part: bytes) -> Iterator[bytes]:
        """The content of a part, in pieces that are not large.

        Raises:
            zlib.error: if it is no gzip.
        """
        while part:
            if self._one.eof:
                self._one = zlib.decompressobj(wbits=31)
            yield self._one.decompress(part, LARGE)
            part = self._one.unused_data if self._one.eof else self._one.unconsumed_tail

    @property
    def whole(self) -> bool:
        """Whether it has come to an end."""
        return self._one.eof


@dataclass
class _Reading:
    """How far a body has come: bytes of it, and of what they inflate to."""

    inflating: Inflating | None
    parts: list[bytes] = field(default_factory=list)
    came: int = 0
    size: int = 0
    large: bool = False

    def plain(self, part: bytes) -> Iterator[bytes]:
        """What a part inflates to, counted."""
        self.came += len(part)
        for piece in (part,) if self.inflating is None else self.inflating.plain(part):
            self.size += len(piece)
            yield piece

    def end(self) -> None:
        if self.inflating is not None and self.came and not self.inflating.whole:
            raise RequestError("the body ends in the midst of its gzip")


class Bodies:
    """Reads bodies within the limits; of large ones a few at a time, while the others wait."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._large = asyncio.Semaphore(AT_ONCE)

    async def read(self, request: Request) -> bytes:
        """The body. A large one counts until it is released.

        Raises:
            RefusedError: if it is too large, does not come in time, or is not what it says it is.
        """
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise EncodingError(
                f"Content-Encoding {encoding!r} is not known. Expected gzip, or none"
            )
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self.limits.body:
            raise self._too_large()
        reading = _Reading(Inflating() if encoding == "gzip" else None)
        try:
            async with asyncio.timeout(self.limits.seconds) as clock:
                async for part in request.stream():
                    for plain in reading.plain(part):
                        await self._check_size(reading, clock)
                        reading.parts.append(plain)
            reading.end()
        except BaseException as error:
            if reading.large:
                self._large.release()
            if isinstance(error, zlib.error):
                raise RequestError("the body is no gzip, as Content-Encoding says it is") from None
            if isinstance(error, ClientDisconnect):
                raise RequestError("the client has gone") from None
            if isinstance(error, TimeoutError):
                raise SlowBodyError(
                    f"the body did not come within {self.limits.seconds:g} s"
                ) from None
            raise
        return b"".join(reading.parts)

    async def _check_size(self, reading: _Reading, clock: asyncio.Timeout) -> None:
        """Refuse what is too large; wait for a place for what is large."""
        if max(reading.size, reading.came) > self.limits.body:
            raise self._too_large()
        if reading.size > LARGE and not reading.large:
            clock.reschedule(None)  # to wait for others is not the client's fault
            await self._place()
            reading.large = True
            clock.reschedule(asyncio.get_running_loop().time() + self.limits.seconds)

    async def _place(self) -> None:
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self._large.acquire()
        except TimeoutError:
            raise BusyError("too many large requests are at work already") from None

    def release(self, body: bytes) -> None:
        """A body is no longer held."""
        if len(body) > LARGE:
            self._large.release()

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"the body is larger than {self.limits.body:,} bytes")


def check_brackets(body: bytes, limits: Limits) -> None:
    """Check, before it is read, that a body does not take many times its size.

    Raises:
        TooLargeError: if it holds too many lists and objects.
    """
    count = body.count(b"{") + body.count(b"[")
    if count > limits.brackets:
        raise TooLargeError(
            f"{count:,} lists and objects are too many at once. At most {limits.brackets:,}"
        )
