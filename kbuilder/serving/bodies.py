"""The bodies of requests, inflated, and never more of them than memory is meant to hold."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from kbuilder.serving.refusals import EncodingError, RequestError, SlowBodyError, TooLargeError

LARGE = 2**20
"""Bytes from which a body is large: only so many are held at once."""
AT_ONCE = 4


@dataclass(frozen=True)
class Limits:
    """What a request may be.

    Args:
        body: Bytes of a body, and of what a compressed one inflates to.
        rows: Rows.
        brackets: Lists and objects in a large body: each takes 60 bytes and more once it is read.
        seconds: For its body to come, and then as many for its answer.
    """

    body: int = 100 * 2**20
    rows: int = 100_000
    brackets: int = 4_000_000
    seconds: float = 30.0


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
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._whole(request)
        except TimeoutError:
            raise SlowBodyError(f"the body did not come within {self.limits.seconds:g} s") from None

    def release(self, body: bytes) -> None:
        """A body is no longer held."""
        if len(body) > LARGE:
            self._large.release()

    async def _whole(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise EncodingError(
                f"Content-Encoding {encoding!r} is not known. Expected gzip, or none"
            )
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self.limits.body:
            raise self._too_large()
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        parts, size, large = [], 0, False
        try:
            async for part in request.stream():
                plain = part
                if inflate is not None:
                    plain = inflate.decompress(part, self.limits.body - size + 1)
                size += len(plain)
                if size > self.limits.body or (inflate is not None and inflate.unconsumed_tail):
                    raise self._too_large()
                if size > LARGE and not large:
                    large = await self._large.acquire()
                parts.append(plain)
            if inflate is not None and not inflate.eof and size:
                raise RequestError("the body ends in the midst of its gzip")
        except BaseException as error:
            if large:
                self._large.release()
            if isinstance(error, zlib.error):
                raise RequestError("the body is no gzip, as Content-Encoding says it is") from None
            if isinstance(error, ClientDisconnect):
                raise RequestError("the client has gone") from None
            raise
        return b"".join(parts)

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
