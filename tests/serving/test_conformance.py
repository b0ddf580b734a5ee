"""Clients of both protocols get what they expect: cases as data, over a connection."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import handmade
import httpx
import pytest
from halting import HANG
from ruamel.yaml import YAML

import kbuilder as kb
from kbuilder.serving.signature import Columns

SECONDS = 1.0
PROTOCOLS = {
    path.stem: YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "conformance").glob("*.yaml"))
}
CASES = [
    pytest.param(case, id=f"{protocol}-{case['rule']}-{place}".replace(" ", "_"))
    for protocol, content in PROTOCOLS.items()
    for place, case in enumerate(content["cases"])
]
HEADER = "inference-header-content-length"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    place = tmp_path_factory.mktemp("handmade")
    names = handmade.write_all(place)
    with (
        handmade.served({name: place / name for name in names}, SECONDS) as address,
        httpx.Client(base_url=address, timeout=HANG) as made,
    ):
        yield made


def numbers(text: str) -> Any:
    """JSON in which 1 is not 1.0, nor 0.2 the float64 next to it, but 9e+06 is 9000000.0."""
    return json.loads(
        text,
        parse_int=lambda digits: ("whole", int(digits)),
        parse_float=lambda digits: ("float", Decimal(digits).normalize().as_tuple()),
        parse_constant=lambda word: ("float", word),
    )


def sent(client: httpx.Client, case: dict[str, Any]) -> httpx.Response:
    """What comes of a case; its tail follows its body as bytes."""
    method, path = case["request"].split(" ")
    headers = dict(case.get("headers", {}))
    content = case.get("body", "").encode()
    if "tail" in case:
        headers.setdefault(HEADER, str(len(content)))
        content += bytes.fromhex(case["tail"])
    if case.get("gzip"):
        headers["content-encoding"] = "gzip"
        content = gzip.compress(content)
    return client.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_answered_as_its_protocol_says(
    client: httpx.Client, case: dict[str, Any]
) -> None:
    answer = sent(client, case)
    content = answer.content
    assert answer.status_code == case["status"], answer.text
    if "text" in case:
        assert answer.text == case["text"]
        return
    tail = case.get("answer_tail")
    kind = "application/json" if tail is None else "application/octet-stream"
    assert answer.headers["content-type"] == kind
    if tail is not None:
        size = int(answer.headers[HEADER])
        assert content[size:] == bytes.fromhex(tail)
        content = content[:size]
    if "begins" in case:  # the rest is the parser's
        told = json.loads(content)
        assert told.keys() == {"error"}
        assert told["error"].startswith(case["begins"])
    elif "error" in case:
        assert json.loads(content) == {"error": case["error"]}
    else:
        wanted = case["answer"].replace("{release}", kb.__version__)
        assert numbers(content.decode()) == numbers(wanted)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_rule_has_a_case_and_every_case_a_rule(protocol: str) -> None:
    content = PROTOCOLS[protocol]
    tried = {case["rule"] for case in content["cases"]}
    assert tried == content["rules"].keys()
    for case in content["cases"]:
        assert len({"answer", "error", "begins", "text"} & case.keys()) == 1, case
        assert (case["status"] == 200) == ("answer" in case), case


def test_numbers_count_as_they_are_written() -> None:
    assert numbers("[1, 1.0]") != numbers("[1.0, 1.0]")
    assert numbers("[0.2]") != numbers("[0.200000003]")
    assert numbers('{"a": [9e+06, NaN], "b": 1}') == numbers('{"b":1,"a":[9000000.0,NaN]}')
    assert numbers("[-0.0]") != numbers("[0.0]")


def asked(client: httpx.Client, protocol: str, values: list[float]) -> httpx.Response:
    """What the model `double` answers."""
    if protocol == "tensorflow_serving":
        return client.post("/v1/models/double:predict", json={"instances": values})
    one = {"name": "x", "shape": [len(values)], "datatype": "FP32", "data": values}
    return client.post("/v2/models/double/infer", json={"inputs": [one]})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_takes_too_long_is_504_and_what_too_many_wait_for_503(
    protocol: str, tmp_path: Path
) -> None:
    """The model computes until it is let go."""
    handmade.write_all(tmp_path, only=["double"])
    app = handmade.make({"double": tmp_path / "double"}, SECONDS)
    batcher = app.models["double"].version().batcher
    compute, at_work, going = batcher.predict, threading.Event(), threading.Event()

    def predict(columns: Columns) -> Columns:
        at_work.set()
        assert going.wait(HANG)
        return compute(columns)

    batcher.predict = predict
    with (
        handmade.listening_to(app) as address,
        httpx.Client(base_url=address, timeout=HANG) as client,
        ThreadPoolExecutor() as pool,
    ):
        slow = pool.submit(asked, client, protocol, [1.0])
        assert at_work.wait(HANG)
        waiting = pool.submit(asked, client, protocol, [0.0] * 8000)
        while not batcher.rows and not waiting.done():
            pass
        refused = asked(client, protocol, [0.0] * 8000)
        assert slow.result().status_code == waiting.result().status_code == 504
        going.set()
        while asked(client, protocol, [1.0]).status_code != 200:
            pass  # on a busy machine it is late
    batcher.close()
    assert slow.result().json() == {"error": "not answered within 1 s"}
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {"error": "too many requests wait already"}
