"""What a hostile client does to a server in a process of its own: others are answered meanwhile,
the memory stays bounded, and the log says it. Nothing here depends on how fast the machine is."""

from __future__ import annotations

import json
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import handmade
import numpy as np
import pytest
import tensorflow as tf
from serving_process import Served
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from kbuilder.serving import server
from kbuilder.serving.bodies import MOST
from kbuilder.serving.connections import HEAD, URL

BOUND = 300 * 2**20
HANG = 120.0
"""Seconds after which a test gives up; no test that passes comes near."""
PREDICT = "/tensorflow.serving.PredictionService/Predict"
HEADERS = b"x-header: " + b"a" * 100 + b"\r\n"
CHUNKED = b"POST /v1/models/double:predict HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"


class Attacked(Served):
    """A server, and what it prints as it comes."""

    def __init__(self, *arguments: object, open_files: int | None = None) -> None:
        with server.bound("127.0.0.1", 0) as free:
            self.grpc = f"127.0.0.1:{free.getsockname()[1]}"
        super().__init__(
            *arguments, "--grpc-port", self.grpc.rpartition(":")[2], open_files=open_files
        )
        self.printed: list[str] = []
        self._coming: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._coming.put(line.rstrip())

    def wait_for(self, words: str) -> str:
        """The line with these words."""
        while not (found := [line for line in self.printed if words in line]):
            self.printed.append(self._coming.get(timeout=HANG))
        return found[0]

    def healthy(self) -> bool:
        """Whether a new client is answered; prints how long that took."""
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), HANG) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")
            answer = everything(client)
        print(f"/healthz after {time.monotonic() - started:.3f} s")
        return answer.endswith(b'{"status":"ok"}')

    def reset_memory(self) -> int:
        """The bytes of memory that it has; the most is counted from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return self.most_memory()

    def stop(self) -> int:
        """Its exit code."""
        self.client.close()
        self.process.terminate()
        code = self.process.wait(HANG)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("attacked")
    handmade.write_all(place, only=["double"])
    return place


@pytest.fixture(scope="module")
def attacked(models: Path) -> Iterator[Attacked]:
    made = Attacked(models / "double", "--timeout", 3)
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def guarded(models: Path) -> Iterator[Attacked]:
    """One with a token, that may open few files."""
    (models / "token").write_text("s3cret")
    (models / "token").chmod(0o600)
    made = Attacked(
        models / "double", "--timeout", 3, "--token-file", models / "token", open_files=160
    )
    yield made
    assert made.stop() == 0


@pytest.fixture
def memory() -> Iterator[Callable[[Attacked], None]]:
    """Called with a server before the attack; its memory is compared after it."""
    begun: list[tuple[Attacked, int]] = []
    yield lambda server: begun.append((server, server.reset_memory()))
    for one, before in begun:
        growth = one.most_memory() - before
        print(f"memory grew by {growth / 2**20:.0f} MiB")
        assert growth < BOUND


def everything(client: socket.socket) -> bytes:
    """What comes until the connection ends."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def flood(port: int, start: bytes, piece: bytes) -> tuple[int, bytes]:
    """Send without end. Returns the bytes sent until the server ended it, and its answer."""
    with socket.create_connection(("127.0.0.1", port), HANG) as client:
        sent = 0
        try:
            client.sendall(start)
            while sent < 2**28 and not select.select([client], [], [], 0)[0]:
                client.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent, everything(client)


@pytest.mark.parametrize(("start", "piece", "code", "said"), [
    (b"GET / HTTP/1.1\r\n", HEADERS * 600, 431, f"the head is larger than {HEAD:,} bytes"),
    (b"GET / HTTP/1.1\r\nx: ", b"a" * 65536, 431, f"the head is larger than {HEAD:,} bytes"),
    (b"GET /", b"a" * 65536, 414, f"the URL is longer than {URL:,} bytes"),
    (CHUNKED + b"2\r\n{}\r\n0\r\n", HEADERS * 600, 431, f"the head is larger than {HEAD:,} bytes"),
    (CHUNKED + b"2;", b"a" * 65536, 431, f"the head is larger than {HEAD:,} bytes"),
], ids=["headers", "one header", "url", "trailers", "chunk extension"])  # fmt: skip
def test_an_endless_head_is_refused(
    attacked: Attacked, memory: Callable[[Attacked], None], start: bytes, piece: bytes, code: int,
    said: str,
) -> None:  # fmt: skip
    memory(attacked)
    with ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood, attacked.port, start, piece) for _ in range(8)]
        assert attacked.healthy()
        for one in floods:
            sent, answer = one.result()
            assert sent < 2**26
            if start.startswith(b"GET"):  # else a body had begun: the app is at work on it
                assert answer.startswith(b"HTTP/1.1 %d " % code)
                assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"error": said}
    attacked.wait_for(f"a request was refused with {code}: {said}")


def test_half_sent_heads_end_after_the_timeout(
    attacked: Attacked, memory: Callable[[Attacked], None]
) -> None:
    memory(attacked)
    with ExitStack() as opened:
        clients = []
        for _ in range(250):
            client = socket.create_connection(("127.0.0.1", attacked.port), HANG)
            clients.append(opened.enter_context(client))
            client.sendall(b"GET / HTTP/1.1\r\nhost")
        assert attacked.healthy()
        for client in clients:
            assert everything(client).endswith(b'{"error": "the head did not come within 3 s"}')
    line = attacked.wait_for("408")
    assert line == "a request was refused with 408: the head did not come within 3 s"


@pytest.mark.slow
def test_clients_that_never_read_their_answers_are_dropped(
    attacked: Attacked, memory: Callable[[Attacked], None]
) -> None:
    memory(attacked)
    content = b'{"instances":[' + b",".join([b"0.12345678"] * 90_000) + b"]}"
    head = b"POST /v1/models/double:predict HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(content)
    said = threading.Event()

    def send() -> None:
        while not said.is_set():  # on a busy machine, a connection may end for its late body
            with socket.socket() as client, suppress(OSError):  # until the server drops it
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(HANG)
                client.connect(("127.0.0.1", attacked.port))
                while not said.is_set():  # the kernels take megabytes for one that does not read
                    client.sendall(head + content)

    with ThreadPoolExecutor(4) as clients:
        sending = [clients.submit(send) for _ in range(4)]
        assert attacked.healthy()
        try:
            line = attacked.wait_for("did not read")
        finally:
            said.set()
        assert line == "dropped a client that did not read its answer within 3 s"
        for one in sending:
            one.result()


def test_where_few_files_may_be_open_idle_connections_make_room(
    guarded: Attacked, memory: Callable[[Attacked], None]
) -> None:
    memory(guarded)
    with ExitStack() as opened:
        for _ in range(400):
            client = socket.create_connection(("127.0.0.1", guarded.port), HANG)
            opened.enter_context(client)
            client.sendall(b"GET / HTTP/1.1\r\nhost")
        assert guarded.healthy()
    line = guarded.wait_for("no more are held")
    assert line.endswith(
        " connections are open, and no more are held: the longest idle one makes room for a new "
        "one, and where none is idle the new one is refused with 503"
    )
    assert sum("no more are held" in one for one in guarded.printed) == 1


def calls(address: str, message: bytes, count: int) -> list[grpc.StatusCode]:
    """How the calls of clients that send the same at once end; each has its own connection."""
    settings = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
    ]

    def call(_: int) -> grpc.StatusCode:
        with grpc.insecure_channel(address, settings) as channel:
            try:
                channel.unary_unary(PREDICT)(message, timeout=HANG)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
        return grpc.StatusCode.OK

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


@pytest.mark.parametrize(("fixture", "code"), [
    ("guarded", grpc.StatusCode.UNAUTHENTICATED), ("attacked", grpc.StatusCode.RESOURCE_EXHAUSTED),
])  # fmt: skip
def test_large_messages_of_many_callers_are_not_read(
    request: pytest.FixtureRequest, memory: Callable[[Attacked], None], fixture: str,
    code: grpc.StatusCode,
) -> None:  # fmt: skip
    server: Attacked = request.getfixturevalue(fixture)
    memory(server)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(calls, server.grpc, bytes(100 * 2**20), 12)
        assert server.healthy()
        assert asked.result() == [code] * 12
    if fixture == "guarded":
        server.wait_for("a request without the token was refused")


def test_the_largest_messages_are_answered_a_few_at_a_time(
    attacked: Attacked, memory: Callable[[Attacked], None]
) -> None:
    asked = predict_pb2.PredictRequest(model_spec={"name": "double"})
    asked.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones(100_000, np.float32)))
    asked.inputs["x"].tensor_content += bytes(MOST - 2**20)  # which its shape does not have
    memory(attacked)
    found = calls(attacked.grpc, asked.SerializeToString(), 12)
    assert set(found) <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE}
    asked.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones(3, np.float32)))
    with grpc.insecure_channel(attacked.grpc) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(asked, timeout=HANG)
    assert tf.make_ndarray(answer.outputs["y"]).tolist() == [2, 2, 2]
