"""Bodies of requests: inflated, counted, and a few large ones at a time."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request

from kbuilder.serving import bodies
from kbuilder.serving.bodies import AT_ONCE, LARGE, Bodies, Limits
from kbuilder.serving.refusals import BusyError, RefusedError, RequestError, TooLargeError

ZIPPED = {"content-encoding": "gzip"}


def request(parts: Iterable[bytes], headers: dict[str, str] | None = None) -> Request:
    """A request whose body comes in parts."""
    left = iter(parts)

    async def receive() -> dict[str, Any]:
        part = next(left, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    named = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


def read(parts: Iterable[bytes], headers: dict[str, str] | None = None, most: int = 10**7) -> bytes:
    async def reading() -> bytes:
        return await Bodies(Limits(body=most, seconds=2)).read(request(parts, headers))

    return asyncio.run(reading())


def test_parts_are_joined() -> None:
    assert read([b"{", b"}"]) == b"{}"


def test_several_gzips_in_a_row_are_one_body() -> None:
    content = gzip.compress(b"ab") + gzip.compress(b"cd")
    assert read([content[:7], content[7:]], ZIPPED) == b"abcd"


def test_what_is_large_is_inflated_whole() -> None:
    plain = b"0123456789" * 300_000
    assert read([gzip.compress(plain)], ZIPPED) == plain


@pytest.mark.parametrize(("parts", "kind"), [
    ([gzip.compress(b"{}") + b"junk"], RequestError),
    ([gzip.compress(b"{}")[:-3]], RequestError),
    ([gzip.compress(b"")] * 1000, TooLargeError),
    ([gzip.compress(bytes(2 * 10**7))], TooLargeError),
])  # fmt: skip
def test_what_is_no_gzip_or_too_much_of_it_is_refused(
    parts: list[bytes], kind: type[RefusedError]
) -> None:
    with pytest.raises(kind):
        read(parts, ZIPPED, most=10**7 if len(parts) == 1 else 10**4)


def test_large_bodies_are_held_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def many() -> None:
        held = Bodies(Limits(seconds=0.2))
        large = [bytes(LARGE + 1)]
        found = [await held.read(request(large)) for _ in range(AT_ONCE)]
        with pytest.raises(BusyError):
            await held.read(request(large))
        assert await held.read(request([b"{}"])) == b"{}"
        for body in found:
            held.release(body)
        assert len(await held.read(request(large))) == LARGE + 1

    asyncio.run(many())


def test_a_refused_large_body_gives_its_place_back() -> None:
    async def again_and_again() -> None:
        held = Bodies(Limits(body=2 * LARGE, seconds=1))
        for _ in range(3 * AT_ONCE):
            with pytest.raises(TooLargeError):
                await held.read(request([bytes(LARGE + 1), bytes(LARGE)]))

    asyncio.run(again_and_again())


def test_brackets_are_counted_before_they_are_read() -> None:
    with pytest.raises(TooLargeError, match="12 lists and objects are too many at once"):
        bodies.check_brackets(b"[{}" * 6, Limits(brackets=11))
