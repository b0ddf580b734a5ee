"""Which calls of gRPC are read: those with the token, and a few at a time.

gRPC would read the messages of all callers before it calls anything of ours. So a method is
registered as one that takes a stream, which nobody reads but us; on the wire it is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from kbuilder.serving.app import Server
from kbuilder.serving.bodies import LARGE
from kbuilder.serving.refusals import UnauthorizedError

READING = 4
"""Messages that are read at once, and kept while they are large."""

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


class Admission(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Asks for the token before a message is read, and bounds how many are read at once."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._reading = asyncio.Semaphore(READING)
        self._large = asyncio.Lock()
        self._admitted: dict[str, Any] = {}

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Any:
        """The method that reads what is admitted; None: there is no such method."""
        found = self._admitted.get(details.method)
        if found is None:
            method = await continuation(details)
            if method is None:
                return None
            found = grpc.stream_unary_rpc_method_handler(
                self._reads(method, details.method), None, method.response_serializer
            )
            self._admitted[details.method] = found
        return found

    def _reads(self, method: Any, name: str) -> Callable[[Any, Any], Awaitable[Any]]:
        async def answer(messages: Any, context: Any) -> Any:
            try:
                given = dict(context.invocation_metadata() or ()).get("authorization", "")
                self.server.authorize(given)
            except UnauthorizedError as refused:
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(refused))
            await self._wait(context, self._reading)
            held = True
            try:
                message = await self._message(messages, context)
                if len(message) > LARGE:
                    async with self._large:  # each takes several times its size
                        request = await self._parsed(message, context, method, name)
                        del message
                        return await method.unary_unary(request, context)
                self._reading.release()
                held = False
                request = await self._parsed(message, context, method, name)
                return await method.unary_unary(request, context)
            finally:
                if held:
                    self._reading.release()

        return answer

    async def _wait(self, context: Any, reading: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self.server.limits.seconds):
                await reading.acquire()
        except TimeoutError:
            await context.abort(
                grpc.StatusCode.UNAVAILABLE, "too many messages are being read already"
            )

    async def _message(self, messages: Any, context: Any) -> bytes:
        seconds = self.server.limits.seconds
        try:
            async with asyncio.timeout(seconds):
                async for message in messages:
                    return bytes(message)
        except TimeoutError:
            await context.abort(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"the message did not come within {seconds:g} s"
            )
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the call has no message")
        raise AssertionError  # abort always raises

    async def _parsed(self, message: bytes, context: Any, method: Any, name: str) -> Any:
        try:
            return method.request_deserializer(message)
        except DecodeError:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the message of {len(message):,} bytes cannot be parsed. Expected the message "
                f"that {name} takes",
            )
