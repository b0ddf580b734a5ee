"""Connections of HTTP within limits: how many, how large a head, how long a client may take.

uvicorn parses and answers; it has no limit for any of these. What belongs to all connections is in
`Connections`, which looks at them once in a while, so that a request costs no timer of its own.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kbuilder.serving.notices import Notices

URL, HEAD = 8 * 2**10, 32 * 2**10
"""Bytes of a URL; of a head with it, and of what follows a body or lies between its chunks."""
PIPELINED = 64
"""Requests that may wait on one connection."""
MOST, RESERVE = 1000, 24
"""Connections at most; file descriptors that are kept for models, logs and all else."""
PROGRESS = 2**20
"""Bytes of a large answer that a client has to read in time."""


class Connections:
    """All connections of a server.

    Args:
        seconds: For a head to come, for the rest of a body that was refused, and for an answer to
            be read.
        most: How many there may be.
        notices: For the log.
        clock: The time in seconds.
    """

    def __init__(
        self,
        seconds: float,
        most: int,
        notices: Notices,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self.most = most
        self.notices = notices
        self.clock = clock
        self.open: set[Connection] = set()

    def add(self, connection: Connection) -> bool:
        """Add a connection, in place of the longest idle one if there are too many.

        Returns:
            Whether there was room: False where all others are being answered.
        """
        if len(self.open) >= self.most:
            self.notices.note(
                "full",
                f"{self.most:,} connections are open, and no more are held: the longest idle one "
                "makes room for a new one, and where none is idle the new one is refused with 503",
            )
            if not self._drop_idle(1):
                return False
        self.open.add(connection)
        return True

    def _drop_idle(self, count: int) -> int:
        """Drop the longest idle connections. Returns how many there were, at most `count`."""
        idle = sorted(
            (one for one in self.open if not one.answering), key=lambda one: one.idle_since
        )[:count]
        for one in idle:
            self.open.discard(one)
            one.transport.abort()
        return len(idle)

    def unread(self) -> int:
        """Bytes of answers that clients have not read."""
        return sum(one.transport.get_write_buffer_size() for one in self.open)

    async def watch(self) -> None:
        """Check all connections again and again, until cancelled."""
        while True:
            await asyncio.sleep(min(1.0, self.seconds / 4))
            self.check()

    def check(self) -> None:
        """End the connections whose time is up; make room where no file can be opened."""
        now = self.clock()
        for one in list(self.open):
            one.check(now)
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            dropped = self._drop_idle(max(1, len(self.open) // 4))
            self.notices.note(
                "descriptors",
                f"no file descriptors are left: {dropped} idle connections were dropped. Allow "
                "more open files: `ulimit -n`",
            )


class Connection(HttpToolsProtocol):
    """One connection of HTTP.

    Args:
        connections: All of them.
        config: See uvicorn, like the others.
    """

    def __init__(self, connections: Connections, config: Any, *given: Any, **more: Any) -> None:
        super().__init__(config, *given, **more)
        self.shared = connections
        self.idle_since = connections.clock()
        self._owed_since: float | None = self.idle_since  # a head, or the rest of a body
        self._in_head = True
        self._came = 0  # bytes of a head, or of a body without any content
        self._refusal = 400, "this is not HTTP/1.1"
        self._unread = 0
        self._unread_since: float | None = None

    @property
    def answering(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """There is a client."""
        super().connection_made(transport)
        if not self.shared.add(self):
            self._end(503, "too many connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was dropped."""
        self.shared.open.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; no more of a head at once than one may have."""
        self._unset_keepalive_if_required()
        if self._in_head and self._owed_since is None:
            self._owed_since = self.shared.clock()
        while data and not self.transport.is_closing():
            most = HEAD + 1 - self._came if self._in_head else len(data)
            piece, data = data[:most], data[most:]
            self._came += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade:  # it is answered as if it had not asked for one
                pass
            except httptools.HttpParserError:
                self._refuse()
                return
            if self._came > HEAD:
                self._refusal = 431, f"the head is larger than {HEAD:,} bytes"
                self._refuse()

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        super().on_url(url)
        if len(self.url) > URL:
            self._refusal = 414, f"the URL is longer than {URL:,} bytes"
            raise ValueError(self._refusal)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those that follow a body are not kept, as nothing reads them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head has come."""
        if len(self.pipeline) >= PIPELINED:
            self._refusal = 503, f"more than {PIPELINED} requests wait on one connection"
            raise ValueError(self._refusal)
        self._in_head, self._came, self._owed_since = False, 0, None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._came = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body has come."""
        self._in_head, self._came = True, 0
        if not self.answering:  # it was refused before; uvicorn's clock has stopped since
            self._owed_since = self.shared.clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is on its way."""
        self.idle_since = self.shared.clock()
        if not self._in_head:
            self._owed_since = self.idle_since
        super().on_response_complete()

    def resume_writing(self) -> None:
        """The client has read most of an answer."""
        self._unread_since = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """End it if its time is up.

        Args:
            now: By the clock of all connections.
        """
        seconds = self.shared.seconds
        owed, waiting = self._owed_since, self.transport.get_write_buffer_size()
        if owed is not None and now - owed > seconds and not self.transport.is_closing():
            if not self._in_head and not self.answering:
                self.transport.abort()
            elif not self.answering:
                self._refusal = 408, f"the head did not come within {seconds:g} s"
                self._refuse()
        if not waiting:
            self._unread_since = None
        elif self._unread_since is None or waiting < self._unread - PROGRESS:
            self._unread, self._unread_since = waiting, now
        elif now - self._unread_since > seconds:
            self.shared.notices.note(
                "unread", f"dropped a client that did not read its answer within {seconds:g} s"
            )
            self.transport.abort()

    def _refuse(self) -> None:
        code, text = self._refusal
        self.shared.notices.note(str(code), f"a request was refused with {code}: {text}")
        self._end(code, text)

    def _end(self, code: int, text: str) -> None:
        """Close, with an answer unless that to an earlier request is on its way."""
        if self.answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        else:
            content = json.dumps({"error": text}).encode()
            self.transport.write(
                STATUS_LINE[code] + b"content-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(content), content)
            )
        self.transport.close()


def most_connections() -> int:
    """How many connections the file descriptors of this process allow."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return MOST
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return MOST
    used = len(list(Path("/dev/fd").iterdir()))
    return max(8, min(MOST, allowed - used - RESERVE))
