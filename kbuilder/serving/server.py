"""From exports to a server that listens: what `kbuilder serve` runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from kbuilder.errors import CallError, ExportError
from kbuilder.serving.app import Limits, Server
from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported
from kbuilder.serving.models import Model


def load(folder: Path, name: str, batch: int, say: Callable[[str], None]) -> Model:
    """A model with its newest sound version.

    Args:
        folder: The folder of its versions.
        name: What clients call it.
        batch: Rows that are answered together at most.
        say: Is told of versions.

    Raises:
        ExportError: if no version is sound.
    """

    def batcher(export: Exported) -> Batcher:
        return Batcher(export.predict, most=batch)

    model = Model(name, folder, say, batcher)
    if not model.load():
        raise ExportError(f"{folder} has no version that can be served.")
    return model


def listen(
    models: dict[str, Model], host: str, port: int, limits: Limits, token: str | None,
    say: Callable[[str], None], poll: float = 2.0,
) -> None:  # fmt: skip
    """Serve until SIGINT or SIGTERM; what was accepted is answered first."""
    import uvicorn

    app = Server(models, limits, token, poll).app()
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        timeout_keep_alive=75, timeout_graceful_shutdown=int(limits.seconds) + 1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    config.load()
    with config.bind_socket() as socket:
        where = socket.getsockname()
        if host not in ("127.0.0.1", "::1", "localhost") and token is None:
            say("anyone who can reach this address may ask: there is no --token-file")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            say("running as root, which nothing here needs")
        say(f"serving {', '.join(models)} on http://{where[0]}:{where[1]}")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # uvicorn raises it again once all is answered
        server.run(sockets=[socket])


def token_in(file: Path | None) -> str | None:
    """The token that a file holds.

    Raises:
        CallError: if it holds none.
    """
    if file is None:
        return None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CallError(f"{file} cannot be read: {error}. Expected a file with a token.") from None
    if not token or any(c.isspace() for c in token):
        raise CallError(f"{file} holds no token. Expected one word on one line.")
    return token
