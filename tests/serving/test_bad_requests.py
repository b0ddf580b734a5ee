"""What no server should be sent: each a 4xx that says what is wrong, and the server stays well."""

from __future__ import annotations

import gzip
import json
import math
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from halting import HANG
from ruamel.yaml import YAML
from serving_process import Served

CASES = YAML(typ="safe").load(Path(__file__).with_name("bad_requests.yaml").read_text("utf-8"))
PATHS = {"v1": "/v1/models/mixed:predict", "v2": "/v2/models/mixed/infer"}
BOUND = 640 * 2**20
"""Bytes of memory that none of these requests costs; a million rows as objects take 500 MiB."""
TOO_LARGE = {"error": "the body is larger than 104,857,600 bytes"}
KINDS = {"size": "FP32", "colour": "BYTES", "floor": "INT64"}


@pytest.fixture(scope="module")
def served(exported: Callable[[str], Path]) -> Iterator[Served]:
    # A machine under load may take long over the largest.
    made = Served(exported("mixed").parent, "--timeout", HANG, "--max-body", 100)
    yield made
    code, err = made.close()
    assert (code, err) == (0, "")


@pytest.fixture
def hasty(exported: Callable[[str], Path]) -> Iterator[Served]:
    """A server that soon gives a sender up."""
    made = Served(exported("mixed").parent, "--timeout", 3)
    yield made
    made.close()


def columns(protocol: str, **values: list[Any]) -> bytes:
    """The body of a request for these columns."""
    if protocol == "v1":
        return json.dumps({"inputs": values}).encode()
    inputs = [
        {"name": name, "shape": [len(column)], "datatype": KINDS[name], "data": column}
        for name, column in values.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def still_answers(served: Served) -> bool:
    content = columns("v1", size=[1.0], colour=["red"], floor=[1])
    return bool(served.client.post(PATHS["v1"], content=content).status_code == 200)


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"].replace(" ", "_"))
def test_a_mistake_is_refused_by_name(served: Served, case: dict[str, str], protocol: str) -> None:
    answer = served.client.post(PATHS[protocol], content=case[protocol].encode())
    assert (answer.status_code, answer.json()) == (400, {"error": case[f"{protocol} says"]})


@pytest.mark.parametrize("protocol", PATHS)
def test_nan_is_a_missing_number(served: Served, protocol: str) -> None:
    content = columns(protocol, size=[math.nan], colour=["red"], floor=[1])
    assert b"NaN" in content
    assert served.client.post(PATHS[protocol], content=content).status_code == 200


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize(("content", "said"), [
    (b"\xff\xfe", "JSON Parse error: it is not UTF-8 at offset: 0"),
    (b"[" * 100_000, "JSON Parse error: it is nested too deeply, or a number too long"),
])  # fmt: skip
def test_what_is_no_json_is_refused(
    served: Served, protocol: str, content: bytes, said: str
) -> None:
    answer = served.client.post(PATHS[protocol], content=content)
    assert (answer.status_code, answer.json()) == (400, {"error": said})


def as_rows(count: int) -> bytes:
    row = json.dumps({"size": 1.5, "colour": "red", "floor": 1})
    return f'{{"instances": [{", ".join([row] * count)}]}}'.encode()


@pytest.mark.parametrize(
    ("protocol", "form"), [("v1", "rows"), ("v1", "columns"), ("v2", "columns")]
)
def test_a_million_rows_are_refused(served: Served, protocol: str, form: str) -> None:
    before, rows = served.most_memory(), 10**6
    content = (
        as_rows(rows) if form == "rows"
        else columns(protocol, size=[1.5] * rows, colour=["red"] * rows, floor=[1] * rows)
    )  # fmt: skip
    answer = served.client.post(PATHS[protocol], content=content)
    said = "1,000,000 rows are too many at once. At most 100,000"
    assert (answer.status_code, answer.json()) == (413, {"error": said})
    assert served.most_memory() - before < BOUND
    assert still_answers(served)


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize("part", [b"{},", b"[],"])
def test_many_empty_lists_and_objects_are_refused_before_they_are_read(
    served: Served, protocol: str, part: bytes
) -> None:
    before = served.most_memory()
    content = b'{"instances": [' + part * 33_000_000 + b"1]}"
    answer = served.client.post(PATHS[protocol], content=content)
    said = "33,000,002 lists and objects are too many at once. At most 4,000,000"
    assert (answer.status_code, answer.json()) == (413, {"error": said})
    assert served.most_memory() - before < BOUND
    assert still_answers(served)


def connection(served: Served, protocol: str, head: str) -> socket.socket:
    """A connection on which the head of a request has been sent."""
    client = socket.create_connection(("127.0.0.1", served.port), timeout=HANG)
    client.sendall(f"POST {PATHS[protocol]} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n".encode())
    return client


def received(client: socket.socket) -> tuple[int, Any]:
    """The status and the JSON of the answer, after which the server closes."""
    content = b""
    while b"}" not in content:
        part = client.recv(65536)
        assert part, content
        content += part
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


@pytest.mark.parametrize("protocol", PATHS)
def test_a_gigabyte_that_is_told_is_refused_before_it_comes(served: Served, protocol: str) -> None:
    with connection(served, protocol, "content-length: 1073741824") as client:
        assert received(client) == (413, TOO_LARGE)


@pytest.mark.parametrize("protocol", PATHS)
def test_a_gigabyte_that_is_not_told_is_refused_as_it_comes(served: Served, protocol: str) -> None:
    before, chunk = served.most_memory(), b"100000\r\n" + b" " * 2**20 + b"\r\n"
    with connection(served, protocol, "transfer-encoding: chunked") as client:
        sent = 0
        while sent < 1024 and not select.select([client], [], [], 0)[0]:
            client.sendall(chunk)
            sent += 1
        assert received(client) == (413, TOO_LARGE)
    assert sent < 200
    assert served.most_memory() - before < BOUND
    assert still_answers(served)


@pytest.mark.parametrize("protocol", PATHS)
def test_a_gzip_bomb_is_refused_while_it_is_inflated(served: Served, protocol: str) -> None:
    before, headers = served.most_memory(), {"content-encoding": "gzip"}
    bomb = gzip.compress(bytes(2**28), compresslevel=1)
    assert len(bomb) < 2**21
    answer = served.client.post(PATHS[protocol], content=bomb, headers=headers)
    assert (answer.status_code, answer.json()) == (413, TOO_LARGE)
    assert served.most_memory() - before < BOUND
    for content, said in (
        (b"{}", "the body is no gzip, as Content-Encoding says it is"),
        (gzip.compress(os.urandom(5000))[:-100], "the body ends in the midst of its gzip"),
    ):
        answer = served.client.post(PATHS[protocol], content=content, headers=headers)
        assert (answer.status_code, answer.json()) == (400, {"error": said})


@pytest.mark.slow
def test_a_slow_sender_is_given_up_while_others_are_answered(hasty: Served) -> None:
    def slow(protocol: str) -> tuple[int, Any, float]:
        started = time.monotonic()
        with connection(hasty, protocol, "content-length: 100") as client:
            for _ in range(8):  # a byte now and then does not help it
                client.sendall(b"{")
                if select.select([client], [], [], 0.5)[0]:
                    break
            return *received(client), time.monotonic() - started

    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(slow, protocol) for protocol in PATHS]
        assert still_answers(hasty)
        for one in waiting:
            status, said, took = one.result()
            assert (status, said) == (408, {"error": "the body did not come within 3 s"})
            assert took > 2  # and it ended, which a machine under load may take long over
    assert still_answers(hasty)
