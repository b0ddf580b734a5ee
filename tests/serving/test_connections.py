"""Connections within limits, by a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from kbuilder.serving import connections
from kbuilder.serving.connections import PIPELINED, PROGRESS, Connection, Connections
from kbuilder.serving.notices import Notices


class Client(asyncio.Transport):
    """The other end of a connection: what it was sent, and how much of that it left unread."""

    def __init__(self, shared: Connections, app: Any) -> None:
        super().__init__()
        self.sent = bytearray()
        self.unread = 0
        self.ended = ""
        config = uvicorn.Config(app, interface="asgi3", lifespan="off", ws="none", access_log=False)
        self.protocol = Connection(shared, config, ServerState(), {})
        self.protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def refused(self) -> tuple[int, str]:
        """The status and the error of the last answer."""
        head, _, body = bytes(self.sent).rpartition(b"\r\n\r\n")
        return int(head.rpartition(b"HTTP/1.1 ")[2][:3]), json.loads(body)["error"]


class Site:
    """Connections to an app that answers after `go`, and what was printed."""

    def __init__(self, most: int = 10) -> None:
        self.now = 0.0
        self.go = asyncio.Event()
        self.printed: list[str] = []
        notices = Notices(self.printed.append, lambda: self.now)
        self.shared = Connections(5.0, most, notices, lambda: self.now)

    def client(self) -> Client:
        return Client(self.shared, self.answer)

    async def answer(self, scope: Any, receive: Any, send: Callable[..., Awaitable[None]]) -> None:
        self.heads = scope["headers"]
        await self.go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def at(self, now: float) -> None:
        """Move the clock, and look at all connections."""
        self.now = now
        self.shared.check()


def in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    return run


async def settled(site: Site) -> None:
    """Whatever can be answered has been."""
    site.go.set()
    for _ in range(5):
        await asyncio.sleep(0)


ASK = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"


@in_loop
async def test_a_head_has_to_come_in_time_from_the_connection_on() -> None:
    site = Site()
    silent, slow = site.client(), site.client()
    for now in range(1, 6):
        slow.send(b"GET /"[now - 1 : now])
        site.at(now)
        assert (silent.ended, slow.ended) == ("", "")
    site.at(5.1)
    assert (silent.ended, slow.ended) == ("closed", "closed")
    said = "the head did not come within 5 s"
    assert slow.refused() == (408, said)
    assert site.printed == [f"a request was refused with 408: {said}"]


@in_loop
async def test_the_next_head_has_to_come_in_time_from_its_first_byte_on() -> None:
    site = Site()
    client = site.client()
    client.send(ASK)
    await settled(site)
    site.at(60)
    assert client.ended == ""  # it is uvicorn that ends what is kept alive
    client.send(b"G")
    site.at(64)
    client.send(b"E")
    assert client.ended == ""
    site.at(65.1)
    assert client.refused() == (408, "the head did not come within 5 s")


@in_loop
async def test_an_answer_may_take_longer_than_a_head() -> None:
    site = Site()
    client = site.client()
    client.send(ASK + b"GET")
    site.at(50)
    assert client.ended == ""


@in_loop
async def test_the_rest_of_a_body_that_was_answered_has_to_come_in_time() -> None:
    site = Site()
    client = site.client()
    client.send(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n1")
    site.at(50)
    await settled(site)
    client.send(b"2")
    site.at(54)
    assert client.ended == ""
    client.send(b"3")
    site.at(55.1)
    assert client.ended == "aborted"


@in_loop
async def test_a_client_that_does_not_read_its_answer_is_dropped_and_a_slow_one_is_not() -> None:
    site = Site()
    stuck, slow = site.client(), site.client()
    for client in (stuck, slow):
        client.send(ASK)
        client.unread = 10 * PROGRESS
    await settled(site)
    for now in range(1, 8):
        slow.unread -= PROGRESS + 1
        site.at(now)
    assert (stuck.ended, slow.ended) == ("aborted", "")
    assert site.printed == ["dropped a client that did not read its answer within 5 s"]


@in_loop
async def test_the_longest_idle_connection_makes_room_for_a_new_one() -> None:
    site = Site(most=3)
    busy = site.client()
    busy.send(ASK)
    site.at(1)
    first = site.client()
    site.at(2)
    second = site.client()
    third = site.client()
    assert [one.ended for one in (busy, first, second, third)] == ["", "aborted", "", ""]
    for one in (second, third):
        one.send(ASK)
    fourth = site.client()
    assert fourth.refused() == (503, "too many connections are open")
    assert fourth.ended == "closed"
    assert site.printed == [
        "3 connections are open, and no more are held: the longest idle one makes room for a new "
        "one, and where none is idle the new one is refused with 503"
    ]


@in_loop
async def test_what_follows_a_body_is_no_header() -> None:
    site = Site()
    client = site.client()
    chunked = b"transfer-encoding: chunked\r\n\r\n0\r\nauthorization: Bearer a\r\n\r\n"
    client.send(b"POST / HTTP/1.1\r\n" + chunked)
    await settled(site)
    assert site.heads == [(b"transfer-encoding", b"chunked")]


@in_loop
async def test_many_requests_may_not_wait_on_one_connection() -> None:
    site = Site()
    client = site.client()
    client.send(ASK * (PIPELINED + 2))
    assert client.ended == "closed"
    said = f"more than {PIPELINED} requests wait on one connection"
    assert site.printed == [f"a request was refused with 503: {said}"]


@in_loop
async def test_what_is_no_http_is_refused() -> None:
    site = Site()
    client = site.client()
    client.send(b"\x16\x03\x01\r\n\r\n")
    assert client.refused() == (400, "this is not HTTP/1.1")


@in_loop
async def test_a_head_may_come_in_any_pieces() -> None:
    site = Site()
    client = site.client()
    for byte in ASK * 2:
        client.send(bytes([byte]))
    await settled(site)
    assert client.sent.count(b"HTTP/1.1 204 ") == 2


def test_a_kind_of_notice_is_printed_once_a_minute() -> None:
    printed: list[str] = []
    now = [0.0]
    notices = Notices(printed.append, lambda: now[0])
    for now[0] in (0, 1, 59, 61, 62):
        notices.note("a", f"at {now[0]}")
        notices.note(str(now[0]), "other")
    assert [line for line in printed if line != "other"] == ["at 0", "at 61 (2 more such before)"]
    assert printed.count("other") == 5


def test_connections_are_fewer_than_the_files_that_may_be_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resource = pytest.importorskip("resource")
    for allowed, least, most in ((40, 8, 16), (500, 8, 476), (10**6, 1000, 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=allowed: (soft, soft))
        assert least <= connections.most_connections() <= most
