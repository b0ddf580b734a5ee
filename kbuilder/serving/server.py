"""From exports to a server that listens: what `kbuilder serve` runs."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from kbuilder.errors import CallError, ExportError
from kbuilder.serving.app import Server
from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported
from kbuilder.serving.metrics import Metrics
from kbuilder.serving.models import Model, watch

if TYPE_CHECKING:
    import uvicorn

    from kbuilder.serving.connections import Connections

PLAIN, OTHER = 1024, 128
"""Rows that are answered together: of numbers and categories; of texts, images and arrays, each of
which may take megabytes while it is computed."""
SECONDS = 2.0
"""Between two looks for new versions."""
FEW = 100
"""Connections below which it is said that there are few."""


def load(
    folder: Path, name: str, batch: int | None, metrics: Metrics, say: Callable[[str], None]
) -> Model:
    """A model with its newest sound version.

    Args:
        folder: The folder of its versions.
        name: What clients call it.
        batch: Rows that are answered together at most; None: by what a row is.
        metrics: Counts its batches.
        say: Called with versions.

    Raises:
        ExportError: if no version is sound.
    """

    def batcher(export: Exported) -> Batcher:
        most = batch or (PLAIN if export.is_plain else OTHER)
        return Batcher(export.predict, most=most, noted=metrics.rows.labels(name).observe)

    model = Model(name, folder, say, batcher)
    if not model.load():
        raise ExportError(f"{folder} has no version that can be served.")
    metrics.watch(
        name,
        lambda: model.current.batcher.rows if model.current else 0,
        lambda: model.current.number if model.current else 0,
        lambda: model.current.export.strangers.counts if model.current else {},
    )
    return model


def listen(
    server: Server,
    listening: socket.socket,
    say: Callable[[str], None],
    rpc: socket.socket | None = None,
) -> None:
    """Serve on a socket until SIGINT or SIGTERM; what was accepted is answered first.

    Args:
        server: What answers.
        listening: For HTTP.
        say: Called with where it serves.
        rpc: Whose address gRPC takes over.
    """
    import uvicorn

    from kbuilder.serving.connections import Connection, Connections, most_connections

    most = most_connections()
    if most < FEW:
        say(
            f"only {most} connections are held at once: few files may be open. Allow more: "
            "`ulimit -n 4096`"
        )
    calls = 0 if rpc is None else max(4, most // 4)
    connections = Connections(server.limits.seconds, most - calls, server.notices)
    server.unread = connections.unread
    config = uvicorn.Config(
        server, http=partial(Connection, connections),  # type: ignore[arg-type]
        log_level="warning", access_log=False, server_header=False, date_header=False,
        lifespan="off", ws="none", proxy_headers=False, timeout_keep_alive=75,
        timeout_graceful_shutdown=int(2 * server.limits.seconds) + 1,
    )  # fmt: skip
    address, _ = _address(listening)
    if not ip_address(address).is_loopback and server.token is None:
        say("anyone who can reach this address may ask: there is no --token-file")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        say("running as root, which nothing here needs")
    http = uvicorn.Server(config)

    def stop(*_: object) -> None:
        """What comes before uvicorn listens to signals; it raises them again once it is done."""
        http.should_exit = True

    for signalled in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signalled, stop)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, http, connections, listening, say, rpc, calls))


async def _serve(
    server: Server,
    http: uvicorn.Server,
    connections: Connections,
    listening: socket.socket,
    say: Callable[[str], None],
    rpc: socket.socket | None,
    calls: int,
) -> None:
    watching = asyncio.create_task(watch(server.models, SECONDS))
    checking = asyncio.create_task(connections.watch())
    names = ", ".join(server.models)
    try:
        async with _answering(server, rpc, http, calls) as where:
            if where:
                say(f"serving {names} by gRPC on {where}")
            say(f"serving {names} on http://{_written(*_address(listening))}")
            await http.serve(sockets=[listening])
    finally:
        watching.cancel()
        checking.cancel()
        for model in server.models.values():
            await asyncio.to_thread(model.close)


@asynccontextmanager
async def _answering(
    server: Server, rpc: socket.socket | None, http: uvicorn.Server, calls: int
) -> AsyncIterator[str | None]:
    """gRPC, until HTTP is stopped; gives its address, which it takes over from a socket."""
    if rpc is None:
        yield None
        return
    from kbuilder.serving import prediction_service

    where = _written(*_address(rpc))
    rpc.close()
    answering = prediction_service.make(server, where, calls)
    await answering.start()

    async def until_stopped() -> None:
        while not http.should_exit:
            await asyncio.sleep(0.1)
        await answering.stop(server.limits.seconds)

    stopping = asyncio.create_task(until_stopped())
    try:
        yield where
    finally:
        http.should_exit = True
        await stopping


def _address(listening: socket.socket) -> tuple[str, int]:
    address, port = listening.getsockname()[:2]
    return address, port


def _written(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        CallError: if the address is not to be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]  # which says the same again
        raise CallError(
            f"nobody can listen on {host}, port {port}: {why.lower()}. Expected an address of this "
            "machine, and a port that is free: --host, --port."
        ) from None


def token_in(file: Path | None, say: Callable[[str], None] = lambda line: None) -> str | None:
    """The token that a file holds.

    Args:
        say: Called with a warning if others than the owner can read the file.

    Raises:
        CallError: if it holds none.
    """
    if file is None:
        return None
    try:
        token = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"{file} cannot be read: {error}. Expected a file with a token.") from None
    if not re.fullmatch("[!-~]+", token):
        raise CallError(
            f"{file} holds no token. Expected one word on one line, of ASCII: headers have no more."
        )
    if os.name == "posix" and mode & 0o044:
        say(
            f"{file} can be read by other users of this machine (mode {mode & 0o777:03o}). Keep it "
            f"to its owner: `chmod 600 {shlex.quote(str(file))}`"
        )
    return token


def check_grpc() -> None:
    """Check that the packages for gRPC are there.

    Raises:
        CallError: if they are not.
    """
    if find_spec("tensorflow_serving") is None or find_spec("grpc") is None:
        raise CallError(
            "gRPC needs the package tensorflow-serving-api. Install it with "
            "`pip install 'kbuilder[grpc]'`, or leave out --grpc-port."
        )
