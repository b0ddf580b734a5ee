"""Which calls of gRPC are read: those with the token, and a few at a time.

gRPC would read the messages of all callers before it calls anything of ours. So a method is
registered as one that takes a stream, which nobody reads but us; on the wire it is the same.
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from kbuilder.serving.app import Server
from kbuilder.serving.bodies import LARGE
from kbuilder.serving.refusals import UnauthorizedError

READING = 2
"""Messages that are read at once, and kept while they are large."""

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


class Admission(grpc.aio.ServerInterceptor):
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
            if method is None or not inspect.iscoroutinefunction(method.unary_unary):
                return None  # those that the generated base class has are not implemented
            found = grpc.stream_unary_rpc_method_handler(
                self._reads(method, details.method), None, method.response_serializer
            )
            self._admitted[details.method] = found
        return found

    def _reads(self, method: Any, name: str) -> Callable[[Any, Any], Awaitable[Any]]:
        async def answer(_: Any, context: Any) -> Any:
            try:
                await self._check_token(context)
                return await self._answered(method, name, context)
            except BaseException as error:
                _let_go(error)
                raise

        return answer

    async def _check_token(self, context: Any) -> None:
        try:
            given = dict(context.invocation_metadata() or ()).get("authorization", "")
            self.server.authorize(given)
        except UnauthorizedError as refused:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(refused))

    async def _answered(self, method: Any, name: str, context: Any) -> Any:
        await self._wait(context)
        large = True  # until it is known
        try:
            message = await self._message(context)
            large = len(message) > LARGE
            if large:
                async with self._large:  # each takes several times its size
                    request = await self._parsed(message, context, method, name)
                    del message
                    return await method.unary_unary(request, context)
        finally:
            if large:
                self._reading.release()
        self._reading.release()
        request = await self._parsed(message, context, method, name)
        return await method.unary_unary(request, context)

    async def _wait(self, context: Any) -> None:
        try:
            async with asyncio.timeout(self.server.limits.seconds):
                await self._reading.acquire()
        except TimeoutError:
            await context.abort(
                grpc.StatusCode.UNAVAILABLE, "too many messages are being read already"
            )

    async def _message(self, context: Any) -> Any:
        seconds = self.server.limits.seconds
        try:
            async with asyncio.timeout(seconds):
                message = await context.read()  # an iteration would keep the message after the call
        except TimeoutError:
            await context.abort(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"the message did not come within {seconds:g} s"
            )
        if message is grpc.aio.EOF:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the call has no message")
        return message

    async def _parsed(self, message: bytes, context: Any, method: Any, name: str) -> Any:
        request = None
        with suppress(DecodeError):
            request = method.request_deserializer(message)
        if request is None:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the message of {len(message):,} bytes cannot be parsed. Expected the message "
                f"that {name} takes",
            )
        return request


def _let_go(error: BaseException) -> None:
    """Forget what an error holds: gRPC keeps it for a while, and with it would keep the message."""
    traceback.clear_frames(error.__traceback__)
    error.__context__ = None
