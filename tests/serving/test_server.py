"""A real server, in a process of its own, and real clients."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gzip
import json
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import handmade
import pytest
from halting import HANG
from serving_process import Served
from shared import Call

import kbuilder as kb
from kbuilder import files
from kbuilder.serving import places, server
from kbuilder.serving.batching import Batcher
from kbuilder.serving.metrics import Metrics
from kbuilder.serving.models import Model, watch

Exports = Callable[[str], Path]
Runs = Callable[[str], kb.Run]


@pytest.fixture(scope="module")
def folder(exported: Exports, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions, for this file alone."""
    place = tmp_path_factory.mktemp("served") / "answers"
    shutil.copytree(exported("mixed"), place / "1")
    return place


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    made = Served(folder, "--timeout", 5)
    yield made
    code, err = made.close()
    assert (code, err) == (0, "")


@pytest.fixture(scope="module")
def examples(folder: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((folder / "1/assets.extra/examples.json").read_text())
    return known


def same(given: Any, wanted: Any) -> bool:
    return bool(
        given == pytest.approx(wanted, abs=1e-5) if not isinstance(wanted, str) else given == wanted
    )


def rows_of(examples: dict[str, Any]) -> list[dict[str, Any]]:
    """The examples as a client sends them: a missing number is NaN, a missing word empty."""
    return [
        {k: v if v is not None else float("nan") for k, v in row.items()}
        for row in examples["instances"]
    ]


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.slow
def test_it_says_what_it_serves_and_where(served: Served) -> None:
    assert served.said[0] == "answers: version 1 is served"
    assert re.fullmatch(r"serving answers on http://127\.0\.0\.1:\d+", served.said[-1])


def test_rows_are_answered_as_the_export_answers(served: Served, examples: dict[str, Any]) -> None:
    answer = served.client.post(
        "/v1/models/answers:predict", content=body({"instances": rows_of(examples)})
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    assert len(found) == len(examples["predictions"]) > 3
    for given, wanted in zip(found, examples["predictions"], strict=True):
        assert given.keys() == wanted.keys()
        assert all(same(given[name], wanted[name]) for name in wanted)


def test_columns_are_answered_by_columns_in_both_protocols(
    served: Served, examples: dict[str, Any]
) -> None:
    rows = rows_of(examples)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    one = served.client.post(
        "/v1/models/answers/versions/1:predict", content=body({"inputs": columns})
    ).json()["outputs"]
    told = served.client.get("/v2/models/answers").json()
    kinds = {entry["name"]: entry["datatype"] for entry in told["inputs"]}
    inputs = [
        {"name": name, "shape": [len(rows)], "datatype": kinds[name], "data": values}
        for name, values in columns.items()
    ]
    other = served.client.post(
        "/v2/models/answers/infer", content=body({"id": "a", "inputs": inputs})
    ).json()
    assert (other["id"], other["model_name"], other["model_version"]) == ("a", "answers", "1")
    for output in other["outputs"]:
        flat = one[output["name"]]
        flat = [x for row in flat for x in row] if isinstance(flat[0], list) else flat
        assert output["data"] == flat


def test_a_body_may_be_compressed(served: Served, examples: dict[str, Any]) -> None:
    content = gzip.compress(body({"instances": rows_of(examples)}))
    answer = served.client.post(
        "/v1/models/answers:predict", content=content, headers={"content-encoding": "gzip"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path", "code", "said"), [
    ("GET", "/v1/models/answers", 200, '"state":"AVAILABLE"'),
    ("GET", "/V1/MODELS/answers", 200, '"state":"AVAILABLE"'),
    ("GET", "/v1/models/answers/versions/1", 200, '"version":"1"'),
    ("GET", "/v1/models/answers/metadata", 200, '"dtype":"DT_STRING"'),
    ("GET", "/v1/models/answers/versions/9", 404, "Could not find version 9 of model answers"),
    ("GET", "/v1/models/other", 404, "Servable not found for request: Latest(other)"),
    ("POST", "/v1/models/answers/versions/9:predict", 404,
     "Servable not found for request: Specific(answers, 9)"),
    ("POST", "/v1/models/answers:sing", 400, "Malformed request: POST /v1/models/answers:sing"),
    ("DELETE", "/v1/models/answers", 400, "Malformed request: DELETE /v1/models/answers"),
    ("GET", "/v1/nothing", 400, "Malformed request: GET /v1/nothing"),
    ("GET", "/nothing", 404, "Not Found"),
    ("GET", "/v2", 200, '"name":"kbuilder"'),
    ("GET", "/v2/health/live", 200, '"live":true'),
    ("GET", "/v2/health/ready", 200, '"status":"ok"'),
    ("GET", "/v2/models/answers/ready", 200, '"ready":true'),
    ("GET", "/v2/models/answers/versions/one", 400, "version 'one' is no number"),
    ("GET", "/v2/models/other", 404, "Servable not found for request: Latest(other)"),
    ("POST", "/v2/models/answers", 405,
     "POST /v2/models/answers is not known. Expected GET, HEAD"),
    ("GET", "/healthz", 200, '"status":"ok"'),
    ("GET", "/readyz", 200, '"status":"ok"'),
])  # fmt: skip
def test_each_path_has_its_answer(
    served: Served, method: str, path: str, code: int, said: str
) -> None:
    answer = served.client.request(method, path)
    assert (answer.status_code, said in answer.text) == (code, True), answer.text


def test_an_encoding_that_nobody_knows_is_refused(served: Served) -> None:
    answer = served.client.post(
        "/v1/models/answers:predict", content=b"{}", headers={"content-encoding": "br"}
    )
    said = "Content-Encoding 'br' is not known. Expected gzip, or none"
    assert (answer.status_code, answer.json()) == (415, {"error": said})


def test_many_clients_at_once_have_their_own_answers(
    served: Served, examples: dict[str, Any]
) -> None:
    pairs = list(zip(rows_of(examples), examples["predictions"], strict=True)) * 10

    def asked(pair: tuple[Any, Any]) -> bool:
        row, wanted = pair
        answer = served.client.post(
            "/v1/models/answers:predict", content=body({"instances": [row]})
        )
        [given] = answer.json()["predictions"]
        return all(same(given[name], wanted[name]) for name in wanted)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(asked, pairs))


def test_the_page_has_what_its_form_is_made_of(served: Served, examples: dict[str, Any]) -> None:
    page = served.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="([^"]*)', page.text) == ["data:,"]  # it loads nothing
    [model] = served.client.get("/models.json").json()["models"]
    assert (model["name"], model["version"]) == ("answers", 1)
    assert model["example"] == examples["instances"][0]
    assert model["targets"] == [{"name": "answer", "classes": ["no", "yes"], "prefix": ""}]
    kinds = {one["column"]: (one["kind"], one.get("vocabulary")) for one in model["inputs"]}
    assert kinds["size"] == ("number", None)
    assert kinds["floor"][0] == "category"
    assert all(type(value) is int for value in kinds["floor"][1])


def test_requests_and_batches_are_counted(served: Served, examples: dict[str, Any]) -> None:
    def figure(line: str) -> float:
        text = served.client.get("/metrics").text
        found = re.search(rf"^{re.escape(line)} (.+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    good = 'kbuilder_requests_total{code="200",model="answers",protocol="v1"}'
    bad = 'kbuilder_requests_total{code="400",model="answers",protocol="v2"}'
    rows = 'kbuilder_batch_rows_sum{model="answers"}'
    before = figure(good), figure(bad), figure(rows)
    content = body({"instances": rows_of(examples)})
    served.client.post("/v1/models/answers:predict", content=content)
    served.client.post("/v2/models/answers/infer", content=b"{}")
    after = figure(good), figure(bad), figure(rows)
    count = len(examples["instances"])
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, count]
    assert figure('kbuilder_model_version{model="answers"}') == 1


@pytest.mark.slow
def test_a_new_version_is_taken_over_without_losing_a_request_and_a_bad_one_is_left(
    folder: Path, examples: dict[str, Any]
) -> None:
    place = folder.parent / "versions" / "answers"
    shutil.copytree(folder / "1", place / "1")
    served = Served(place)
    row, over = body({"instances": rows_of(examples)[:1]}), threading.Event()

    def ask() -> set[int]:
        codes = set()
        while not over.is_set():
            codes.add(served.client.post("/v1/models/answers:predict", content=row).status_code)
        return codes

    def version() -> list[tuple[str, str]]:
        told = served.client.get("/v1/models/answers").json()["model_version_status"]
        return [(one["version"], one["state"]) for one in told]

    def until(states: list[tuple[str, str]]) -> None:
        deadline = time.monotonic() + HANG
        while version() != states:
            assert time.monotonic() < deadline, version()
            time.sleep(0.1)

    pool = concurrent.futures.ThreadPoolExecutor(4)
    asking = [pool.submit(ask) for _ in range(4)]
    bad = place.parent / "2"
    shutil.copytree(folder / "1", bad)
    data = bad / "variables/variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-4] + b"oops")
    bad.rename(place / "2")
    until([("2", "END"), ("1", "AVAILABLE")])
    shutil.copytree(folder / "1", place.parent / "3")
    (place.parent / "3").rename(place / "3")
    until([("3", "AVAILABLE"), ("2", "END"), ("1", "END")])
    over.set()
    assert [asked.result() for asked in asking] == [{200}] * 4
    code, err = served.close()
    assert code == 0
    assert err.splitlines() == [
        f"answers: version 2 is refused: {place}/2 is not what was exported: "
        "variables/variables.data-00000-of-00001 was altered. Export again.",
        "answers: version 3 is served",
    ]


@pytest.mark.slow
def test_a_token_is_asked_for_and_its_file_should_be_private(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    (tmp_path / "token").chmod(0o640)
    served = Served(folder, "--token-file", tmp_path / "token", "--name", "mine")
    assert served.said[0] == (
        f"{tmp_path}/token can be read by other users of this machine (mode 640). Keep it to its "
        f"owner: `chmod 600 {tmp_path}/token`"
    )
    try:
        path = "/v1/models/mine"
        for sent, code in ((None, 401), ("Bearer wrong", 401), ("Bearer s3cret", 200)):
            headers = {} if sent is None else {"authorization": sent}
            assert served.client.get(path, headers=headers).status_code == code
    finally:
        code, err = served.close()
    assert (code, err) == (0, "a request without the token was refused with 401\n")


def rows_that_wait(served: Served) -> float:
    found = re.search(r"waiting_rows\{.* ([\d.]+)", served.client.get("/metrics").text)
    return float(found[1]) if found else 0.0


@pytest.mark.slow
def test_what_was_accepted_is_answered_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    """Each row is computed by itself for a while, and the others wait for it."""
    handmade.write_all(tmp_path, only=["slow"])
    served, count = Served(tmp_path / "slow", "--batch", 1, "--timeout", HANG), 30
    content = b'{"instances": [60000]}'
    line = f"POST /v1/models/slow:predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}"
    with ExitStack() as opened:
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", served.port), HANG)
            clients.append(opened.enter_context(client))
            client.sendall(f"{line}\r\n\r\n".encode() + content)
        deadline = time.monotonic() + HANG
        while (waiting := rows_that_wait(served)) < count // 2:
            assert time.monotonic() < deadline, waiting
        served.process.send_signal(signal.SIGTERM)
        for client in clients:
            parts = []
            while part := client.recv(65536):
                parts.append(part)
            answer = b"".join(parts)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
            assert answer.endswith(b'{"predictions":[60000.0]}')
    assert served.close()[0] == 0


@pytest.mark.slow
def test_a_server_killed_while_it_takes_a_version_over_starts_again(folder: Path) -> None:
    place = folder.parent / "killed" / "answers"
    shutil.copytree(folder / "1", place / "1")
    served = Served(place)
    path = "/v1/models/answers"
    shutil.copytree(folder / "1", place / "2")
    deadline = time.monotonic() + HANG
    while '"2"' not in served.client.get(path).text:  # it is loaded, or has just been
        assert time.monotonic() < deadline
        time.sleep(0.005)
    served.process.kill()
    served.process.communicate()
    served.client.close()
    again = Served(place)
    try:
        states = again.client.get(path).json()["model_version_status"]
        assert [(one["version"], one["state"]) for one in states] == [("2", "AVAILABLE")]
    finally:
        assert again.close() == (0, "")


def test_a_version_that_was_refused_is_tried_again_once_it_is_whole(exported: Exports) -> None:
    said: list[str] = []
    place = Path("copied/answers")
    shutil.copytree(exported("mixed"), place / "1")
    whole = exported("mixed")
    model = server.load(place, "answers", 8, Metrics(), said.append)
    (place / "2").mkdir()
    shutil.copy(whole / "manifest.json", place / "2")
    assert [model.load(), model.load()] == [False, False]
    shutil.copytree(whole, place / "2", dirs_exist_ok=True)
    assert model.load() is True
    model.close()
    assert said[0] == "answers: version 1 is served"
    assert said[1].startswith(f"answers: version 2 is refused: {place}/2 is not what was exported")
    assert said[2:] == ["answers: version 2 is served"]


def test_a_version_whose_examples_fail_in_any_way_is_refused_once(tmp_path: Path) -> None:
    said: list[str] = []
    handmade.write_all(tmp_path, only=["double"])
    place = tmp_path / "double"
    shutil.copytree(place / "1", place / "2")
    (place / "2/assets.extra/examples.json").write_text('{"instances": [{}], "predictions": [{}]}')
    manifest = {"sha256": files.hashes(place / "2", leave_out=("manifest.json",))}
    (place / "2/manifest.json").write_text(json.dumps(manifest))
    model = server.load(place, "double", 8, Metrics(), said.append)
    assert model.load() is False
    model.close()
    assert said == [
        f"double: version 2 is refused: {place}/2 is not as kbuilder wrote it, though its hashes "
        "match: KeyError: 'x'. Export again.",
        "double: version 1 is served",
    ]


def test_the_folder_of_one_version_is_served_alone(tmp_path: Path) -> None:
    said: list[str] = []
    handmade.write_all(tmp_path, only=["double"])
    shutil.copytree(tmp_path / "double/1", tmp_path / "double/2")
    model = server.load(tmp_path / "double/1", "double", 8, Metrics(), said.append)
    assert model.load() is False
    model.close()
    assert said == ["double: version 1 is served"]


def test_no_fault_of_a_new_version_ends_the_watch() -> None:
    said: list[str] = []

    class Faulty(Model):
        def load(self) -> bool:
            raise RuntimeError(f"disk {len(said)}")

    async def watched() -> None:
        twice = asyncio.Event()

        def say(text: str) -> None:
            said.append(text)
            if len(said) == 2:
                twice.set()

        model = Faulty("a", Path(), say, lambda export: Batcher(export.predict))
        watching = asyncio.create_task(watch({"a": model}, 0.01))
        await asyncio.wait_for(twice.wait(), HANG)
        watching.cancel()

    asyncio.run(watched())
    assert said[:2] == [
        f"a: a new version could not be looked at: disk {number}" for number in (0, 1)
    ]


@pytest.mark.slow
def test_a_run_is_exported_for_as_long_as_it_is_served(fitted: Runs) -> None:
    run = fitted("mixed")
    served = Served(run.path)
    try:
        assert served.said[0] == (
            f"exporting {run.path}, to be served (`kbuilder export` writes an export that stays)"
        )
        assert served.client.get("/v1/models/mixed").status_code == 200
    finally:
        assert served.close() == (0, "")


def test_a_port_that_is_taken_is_said(served: Served, folder: Path, call: Call) -> None:
    assert call("serve", folder, "--port", served.port) == (2, "", (
        f"Error: nobody can listen on 127.0.0.1, port {served.port}: address already in use. "
        "Expected an address of this machine, and a port that is free: --host, --port.\n"
    ))  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), [
    (["nowhere"], f"Error: nowhere is no export. {places.EXPECTED}\n"),
    (["folder", "--token-file", "no"], "Error: no cannot be read: [Errno 2] No such file or "
                                       "directory: 'no'. Expected a file with a token.\n"),
])  # fmt: skip
def test_a_wrong_call_is_refused(arguments: list[str], said: str, folder: Path, call: Call) -> None:
    given = [folder if word == "folder" else word for word in arguments]
    assert call("serve", *given) == (2, "", said)


def test_a_link_in_an_export_is_refused(folder: Path, call: Call, tmp_path: Path) -> None:
    shutil.copytree(folder / "1", tmp_path / "linked/1")
    (tmp_path / "linked/1/more").symlink_to("/etc/passwd")
    code, _, err = call("serve", tmp_path / "linked")
    assert (code, err.splitlines()) == (1, [
        f"linked: version 1 is refused: {tmp_path}/linked/1 holds what is no regular file: more. "
        "Export again.",
        f"Error: {tmp_path}/linked has no version that can be served.",
    ])  # fmt: skip
