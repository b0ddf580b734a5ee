"""The server: TensorFlow Serving's REST and the Open Inference Protocol beside each other."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kbuilder.serving import metrics, open_inference, tensorflow_serving
from kbuilder.serving.batching import ClosedError, DeadlineError, QueueFullError
from kbuilder.serving.metrics import Metrics
from kbuilder.serving.models import Model, Version, watch
from kbuilder.serving.signature import Columns
from kbuilder.serving.values import RequestError

V1 = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>:predict|/metadata)?",
    re.IGNORECASE,
)
V2 = re.compile(
    r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?P<what>/infer|/ready)?"
)
BUSY = {"retry-after": "1"}
PAGE = Path(__file__).with_name("page.html")
SAFE = {
    "content-security-policy": "default-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "script-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
"""The page loads nothing from elsewhere, and stands in no frame."""


@dataclass(frozen=True)
class Limits:
    """What a request may be.

    Args:
        body: Bytes of a body, and of what a compressed one inflates to.
        rows: Rows.
        seconds: For its body to come, and then as many for its answer.
    """

    body: int = 100 * 2**20
    rows: int = 100_000
    seconds: float = 30.0


class RefusedError(Exception):
    """A request that gets an error.

    Args:
        code: The status.
        message: For the client.
    """

    def __init__(self, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers or {}


class Server:
    """Answers requests for some models."""

    def __init__(
        self,
        models: dict[str, Model],
        metrics: Metrics,
        limits: Limits,
        token: str | None,
        poll: float,
    ) -> None:
        self.models = models
        self.metrics = metrics
        self.limits = limits
        self.token = token
        self.poll = poll

    def app(self) -> Starlette:
        """The ASGI application."""

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            watching = asyncio.create_task(watch(self.models, self.poll))
            yield
            watching.cancel()
            for model in self.models.values():
                await asyncio.to_thread(model.close)

        methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
        routes = [
            Route("/healthz", self._health),
            Route("/readyz", self._ready),
            Route("/", self._page),
            Route("/models.json", self._guarded(self._described)),
            Route("/metrics", self._guarded(self._figures)),
            Route("/v1/{rest:path}", self._guarded(self._v1), methods=methods),
            Route("/V1/{rest:path}", self._guarded(self._v1), methods=methods),
            Route("/v2", self._guarded(self._v2), methods=methods),
            Route("/v2/{rest:path}", self._guarded(self._v2), methods=methods),
        ]
        return Starlette(routes=routes, lifespan=lifespan)

    async def _health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def _ready(self, request: Request) -> Response:
        missing = [name for name, model in self.models.items() if model.current is None]
        if missing:
            return _json({"status": "loading", "ready": False, "models": missing}, 503)
        return _json({"status": "ok", "ready": True})

    async def _page(self, request: Request) -> Response:
        """A form for a row, and what the model answers to it."""
        return Response(PAGE.read_bytes(), media_type="text/html", headers=SAFE)

    async def _described(self, request: Request) -> Response:
        """What the page shows: inputs with a real example, targets with their classes."""
        served = [
            {
                "name": name,
                "version": model.current.number,
                "inputs": model.current.export.described["inputs"],
                "targets": [
                    {
                        "name": ", ".join(target["columns"]),
                        "classes": target["task"].get("classes"),
                        "prefix": target["prefix"],
                    }
                    for target in model.current.export.described["targets"]
                ],
                "example": model.current.export.examples["instances"][0],
            }
            for name, model in self.models.items()
            if model.current is not None
        ]
        return _json({"models": served})

    async def _figures(self, request: Request) -> Response:
        return Response(self.metrics.text(), headers={"content-type": metrics.TYPE})

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Answers what is refused in the form that both protocols have, and counts."""

        async def guarded(request: Request) -> Response:
            started = time.perf_counter()
            response = await self._answered(request, answer)
            model = getattr(request.state, "model", None)
            if model is not None:
                protocol = request.url.path[1:3].lower()
                self.metrics.asked(model, protocol, response.status_code, started)
            return response

        return guarded

    async def _answered(
        self, request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        try:
            self._authorize(request)
            return await answer(request)
        except RefusedError as refused:
            return _json({"error": str(refused)}, refused.code, refused.headers)
        except RequestError as invalid:
            return _json({"error": str(invalid)}, 400)
        except QueueFullError:
            return _json({"error": "too many requests wait already"}, 503, BUSY)
        except ClosedError:
            return _json({"error": "the server is going down"}, 503, BUSY)
        except DeadlineError:
            return _json({"error": f"not answered within {self.limits.seconds:g} s"}, 504)
        except Exception:  # a fault of ours: told in the log, not to the client
            logging.getLogger("uvicorn.error").exception("%s failed", request.url.path)
            return _json({"error": "something went wrong in the server; its log says what"}, 500)

    def _authorize(self, request: Request) -> None:
        if self.token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        same = compare_digest(given.encode(), self.token.encode())
        if scheme.lower() != "bearer" or not same:
            raise RefusedError(401, "a bearer token is needed", {"www-authenticate": "Bearer"})

    async def _v1(self, request: Request) -> Response:
        path = request.url.path
        found = V1.fullmatch(path)
        what = (found["what"] or "").lower() if found else ""
        if found is None or not _by_method(request, what == ":predict"):
            raise RefusedError(400, f"Malformed request: {request.method} {path}")
        if found["label"]:
            raise RefusedError(400, f"Unrecognized servable version label: {found['label']}")
        model = self._model(found["name"])
        number = int(found["version"]) if found["version"] else None
        if not what:
            return _body(self._status(model, number))
        version = self._version(model, number)
        signature = version.export.signature
        if what == "/metadata":
            return _body(tensorflow_serving.metadata(model.name, version.number, signature))
        request.state.model = model.name
        body = await self._read(request)
        asked = await self._parse(tensorflow_serving.read, body, signature)
        _, answer = await self._answer(model, version, number, asked.columns)
        return _body(tensorflow_serving.write(answer, asked.rows))

    def _status(self, model: Model, number: int | None) -> bytes:
        states = {n: s for n, s in model.states.items() if number in (None, n)}
        if not states:
            raise RefusedError(404, f"Could not find version {number} of model {model.name}")
        return tensorflow_serving.status(states)

    async def _v2(self, request: Request) -> Response:
        path = request.url.path.rstrip("/")
        if request.method in ("GET", "HEAD"):
            if path == "/v2":
                return _json(
                    {
                        "name": "kbuilder",
                        "version": _release(),
                        "extensions": ["binary_tensor_data"],
                    }
                )
            if path == "/v2/health/live":
                return _json({"live": True})
            if path == "/v2/health/ready":
                return await self._ready(request)
        found = V2.fullmatch(path)
        infer = found is not None and found["what"] == "/infer"
        if found is None or not _by_method(request, infer):
            raise RefusedError(404, f"there is no {request.method} {path}")
        model = self._model(found["name"])
        written = found["version"]
        if written is not None and not (written.isascii() and written.isdigit()):
            raise RefusedError(400, f"version {written!r} is no number")
        number = int(written) if written else None
        version = self._version(model, number)
        if found["what"] == "/ready":
            return _json({"name": model.name, "ready": True})
        signature = version.export.signature
        if not infer:
            return _json(open_inference.metadata(model.name, [version.number], signature))
        request.state.model = model.name
        body = await self._read(request)
        length = request.headers.get(open_inference.LENGTH)
        if length is not None and not length.isdecimal():
            raise RequestError(f"{open_inference.LENGTH} is {length!r}. Expected a number of bytes")
        size = int(length) if length is not None else None
        asked = await self._parse(open_inference.read, body, signature, size)
        version, answer = await self._answer(model, version, number, asked.columns)
        content, headers = open_inference.write(answer, asked, model.name, version.number)
        return Response(content, headers=headers)

    def _model(self, name: str) -> Model:
        if name not in self.models:
            raise RefusedError(404, f"Servable not found for request: Latest({name})")
        return self.models[name]

    def _version(self, model: Model, number: int | None) -> Version:
        current = model.current
        if current is None:
            raise RefusedError(503, f"model {model.name} is not loaded yet", BUSY)
        if number is not None and number != current.number:
            raise RefusedError(
                404, f"Servable not found for request: Specific({model.name}, {number})"
            )
        return current

    async def _parse(self, read: Callable[..., Any], body: bytes, *given: Any) -> Any:
        """Read a body; a large one off the loop, which others wait for."""
        asked = (
            await asyncio.to_thread(read, body, *given) if len(body) > 65536 else read(body, *given)
        )
        rows = len(next(iter(asked.columns.values())))
        if rows > self.limits.rows:
            raise RefusedError(
                413, f"{rows:,} rows are too many at once. At most {self.limits.rows:,}"
            )
        return asked

    async def _answer(
        self, model: Model, version: Version, number: int | None, columns: Columns
    ) -> tuple[Version, Columns]:
        """The answer, and the version that gave it: another one, if that has just taken over."""
        try:
            return version, await version.batcher.ask(columns, self.limits.seconds)
        except ClosedError:
            fresh = model.current
            if fresh is None or fresh is version or number is not None:
                raise
            if fresh.export.signature != version.export.signature:
                raise
            return fresh, await fresh.batcher.ask(columns, self.limits.seconds)

    async def _read(self, request: Request) -> bytes:
        """The body, inflated if it is compressed, within the limits."""
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise RefusedError(
                415, f"Content-Encoding {encoding!r} is not known. Expected gzip, or none"
            )
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self.limits.body:
            raise self._too_large()
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in request.stream():
                    plain = part
                    if inflate is not None:
                        plain = inflate.decompress(part, self.limits.body - size + 1)
                    size += len(plain)
                    if size > self.limits.body or (inflate is not None and inflate.unconsumed_tail):
                        raise self._too_large()
                    parts.append(plain)
        except TimeoutError:
            raise RefusedError(
                408, f"the body did not come within {self.limits.seconds:g} s"
            ) from None
        except zlib.error:
            raise RefusedError(400, "the body is no gzip, as Content-Encoding says it is") from None
        except ClientDisconnect:
            raise RefusedError(400, "the client has gone") from None
        if inflate is not None and not inflate.eof and size:
            raise RefusedError(400, "the body ends in the midst of its gzip")
        return b"".join(parts)

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is larger than {self.limits.body:,} bytes")


def _by_method(request: Request, asks: bool) -> bool:
    """Whether the method is the one for asking the model, or for asking about it."""
    return request.method in (("POST",) if asks else ("GET", "HEAD"))


def _release() -> str:
    from kbuilder import __version__

    return __version__


def _json(value: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return _body(json.dumps(value, ensure_ascii=False).encode(), code, headers)


def _body(content: bytes, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(content, code, dict(headers or {}), "application/json")
