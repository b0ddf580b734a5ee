"""A gRPC server in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from halting import HANG

from kbuilder.serving import prediction_service, server


@contextmanager
def answering(app: Any) -> Iterator[grpc.Channel]:
    """A channel to the gRPC server of an app, whose models are closed in the end."""
    with server.bound("127.0.0.1", 0) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> grpc.aio.Server:
        made = prediction_service.make(app, address)
        await made.start()
        return made

    def wait(task: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(task, loop).result(HANG)

    made = wait(start())
    with grpc.insecure_channel(address) as channel:
        yield channel
    wait(made.stop(1))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    for model in app.models.values():
        model.close()
