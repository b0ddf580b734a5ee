"""The paths of a server: TensorFlow Serving's REST and the Open Inference Protocol."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sized
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kbuilder import exports
from kbuilder.serving import models, open_inference, openapi, pages, tensorflow_serving
from kbuilder.serving.bodies import LARGE, Bodies, Limits, check_brackets
from kbuilder.serving.json_text import written_json
from kbuilder.serving.metrics import TYPE, Metrics
from kbuilder.serving.models import Model
from kbuilder.serving.notices import Notices
from kbuilder.serving.refusals import (
    BusyError,
    RefusedError,
    RequestError,
    TooLargeError,
    UnauthorizedError,
    UnknownError,
)
from kbuilder.serving.signature import Columns

V1 = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]{1,19})|/labels/(?P<label>[^/:]+))?"
    r"(?P<what>:predict|/metadata)?",
    re.IGNORECASE,
)
V2 = re.compile(
    r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?P<what>/infer|/ready)?"
)
V2_PAGES = ("/v2", "/v2/health/live", "/v2/health/ready")
ASKING = ("GET", "HEAD")
UNREAD = 128 * 2**20
"""Bytes of large answers that may wait for their clients to read them; one alone may be larger."""


class Server:
    """Answers requests for some models: an ASGI application.

    Args:
        models: By their names.
        metrics: Counts the requests.
        limits: What a request may be.
        token: What clients must send; None: nothing.
        notices: For the log; None: there is none.

    Attributes:
        unread: Returns how many bytes of answers clients have not read.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        metrics: Metrics,
        limits: Limits,
        token: str | None,
        notices: Notices | None = None,
    ) -> None:
        self.models = models
        self.metrics = metrics
        self.limits = limits
        self.token = token
        self.notices = notices or Notices(lambda line: None)
        self.unread: Callable[[], int] = lambda: 0
        self._sending = 0
        self._bodies = Bodies(limits)
        self._parsing = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, "reading")
        self._open: dict[str, Callable[[], Response]] = {
            "/": lambda: Response(pages.PAGE.read_bytes(), 200, pages.SAFE, "text/html"),
            "/healthz": lambda: _json({"status": "ok"}),
            "/readyz": self._ready,
        }
        self._guarded: dict[str, Callable[[], Response]] = {
            "/models.json": lambda: _json(pages.described(self.models)),
            "/openapi.json": lambda: _json(openapi.document(self.models, token is not None)),
            "/metrics": lambda: Response(self.metrics.text(), 200, {"content-type": TYPE}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._answered(request)
        size = len(response.body)
        if size <= LARGE // 16:
            await response(scope, receive, send)
            return
        if self._sending + self.unread() + size > max(UNREAD, size):
            response = _refused(BusyError("too many answers wait for their clients to read them"))
            size = 0
        self._sending += size
        try:
            await response(scope, receive, send)
        finally:
            self._sending -= size

    async def _answered(self, request: Request) -> Response:
        """The answer, or why there is none in the form that both protocols have."""
        try:
            return await self._route(request)
        except RefusedError as refused:
            return _refused(refused)
        except Exception:  # a fault of ours: told in the log, not to the client
            logging.getLogger("uvicorn.error").exception("%s failed", request.scope["path"])
            return _json({"error": "something went wrong in the server; its log says what"}, 500)

    async def _route(self, request: Request) -> Response:
        path = request.scope["path"]
        if path == "/" and pages.wants_json(request.headers.get("accept", "")):
            return self._page(request, lambda: _json({"status": "alive"}))  # as KServe asks
        if path in self._open:
            return self._page(request, self._open[path])
        first = path[1:].partition("/")[0].lower()
        known = path[3:] if first == "v1" else first == "v2" or path in self._guarded
        if not known:
            return Response("Not Found", 404)
        self.authorize(request.headers.get("authorization", ""))
        if first == "v1":
            return await self._v1(request, path)
        if first == "v2":
            return await self._v2(request, path.rstrip("/"))
        return self._page(request, self._guarded[path])

    def _page(self, request: Request, page: Callable[[], Response]) -> Response:
        if request.method not in ASKING:
            return Response("Method Not Allowed", 405, {"allow": ", ".join(ASKING)})
        return page()

    def _ready(self) -> Response:
        missing = [name for name, model in self.models.items() if model.current is None]
        if missing:
            return _json({"status": "loading", "ready": False, "models": missing}, 503)
        return _json({"status": "ok", "ready": True})

    def authorize(self, header: str) -> None:
        """Check the header `Authorization` of a request.

        Raises:
            UnauthorizedError: if it lacks the token.
        """
        if self.token is None:
            return
        scheme, _, given = header.partition(" ")
        same = compare_digest(given.encode(), self.token.encode())
        if scheme.lower() != "bearer" or not same:
            self.notices.note("token", "a request without the token was refused with 401")
            raise UnauthorizedError("a bearer token is needed")

    async def off_loop(self, read: Callable[..., Any], *given: Any) -> Any:
        """What a function reads of a large request, in the one thread for this: each thread would
        keep memory of its own for the next.
        """
        return await asyncio.get_running_loop().run_in_executor(self._reader, read, *given)

    async def _v1(self, request: Request, path: str) -> Response:
        found = V1.fullmatch(path)
        what = (found["what"] or "").lower() if found else ""
        if found is None or not _by_method(request, what == ":predict"):
            raise RequestError(f"Malformed request: {request.method} {path}")
        if found["label"]:
            raise RequestError(f"Unrecognized servable version label: {found['label']}")
        model = models.find(self.models, found["name"])
        number = int(found["version"]) if found["version"] else None
        if not what:
            return _body(self._status(model, number))
        if what == "/metadata":
            version = model.version(number)
            return _body(
                tensorflow_serving.metadata(model.name, version.number, version.export.signature)
            )

        async def predict(body: bytes) -> Response:
            version = model.version(number)
            asked = await self._parsed(tensorflow_serving.read, body, version.export.signature)
            explained = asked.function == exports.EXPLAIN
            _, answer = await model.answer(
                version, asked.columns, self.limits.seconds, number is not None, explained
            )
            content = await self._written(answer, tensorflow_serving.write, answer, asked.rows)
            return _body(content)

        return await self._counted(request, model, "v1", predict)

    def _status(self, model: Model, number: int | None) -> bytes:
        states = {n: s for n, s in list(model.states.items()) if number in (None, n)}
        if not states:
            raise UnknownError(f"Could not find version {number} of model {model.name}")
        return tensorflow_serving.status(model.name, states)

    async def _v2(self, request: Request, path: str) -> Response:
        if request.method in ASKING:
            if path == "/v2":
                return _json(open_inference.server())
            if path == "/v2/health/live":
                return _json({"live": True})
            if path == "/v2/health/ready":
                return self._ready()
        found = V2.fullmatch(path)
        if found is None and path not in V2_PAGES:
            raise UnknownError(f"there is no {path}")
        infer = found is not None and found["what"] == "/infer"
        if found is None or not _by_method(request, infer):
            allowed = "POST" if infer else ", ".join(ASKING)
            told = {"error": f"{request.method} {path} is not known. Expected {allowed}"}
            return _json(told, 405, {"allow": allowed})
        model = models.find(self.models, found["name"])
        written = found["version"]
        if written is not None and not re.fullmatch("[0-9]{1,19}", written):
            raise RequestError(f"version {written!r} is no number")
        number = int(written) if written else None
        if found["what"] == "/ready":
            model.version(number)
            return _json({"name": model.name, "ready": True})
        if not infer:
            version = model.version(number)
            return _json(
                open_inference.metadata(model.name, [version.number], version.export.signature)
            )

        async def answered(body: bytes) -> Response:
            version = model.version(number)
            length = request.headers.get(open_inference.LENGTH)
            asked = await self._parsed(open_inference.read, body, version.export.signature, length)
            version, answer = await model.answer(
                version, asked.columns, self.limits.seconds, number is not None
            )
            content, headers = await self._written(
                answer, open_inference.write, answer, asked, model.name, version.number
            )
            return Response(content, headers=headers)

        return await self._counted(request, model, "v2", answered)

    async def _counted(
        self,
        request: Request,
        model: Model,
        protocol: str,
        answer: Callable[[bytes], Awaitable[Response]],
    ) -> Response:
        """The answer to a body, counted."""
        started, code = time.perf_counter(), 500
        try:
            body = await self._bodies.read(request)
            try:
                response = await answer(body)
            finally:
                self._bodies.release(body)
            code = response.status_code
            return response
        except RefusedError as refused:
            code = refused.code
            raise
        finally:
            self.metrics.asked(model.name, protocol, code, started)

    async def _parsed(self, read: Callable[..., Any], body: bytes, *given: Any) -> Any:
        """Read a body; a large one off the loop, which others wait for, and one at a time."""
        if len(body) > LARGE:
            check_brackets(body, self.limits)
            async with self._parsing:
                asked = await self.off_loop(read, body, *given)
        else:
            asked = read(body, *given)
        check_rows(asked.columns, self.limits)
        return asked

    async def _written(self, answer: Columns, write: Callable[..., Any], *given: Any) -> Any:
        """Write an answer; a large one off the loop."""
        if sum(values.size for values in answer.values()) > LARGE // 16:
            return await asyncio.to_thread(write, *given)
        return write(*given)


def check_rows(columns: Mapping[str, Sized], limits: Limits) -> None:
    """Check that there are not too many rows.

    Raises:
        TooLargeError: if there are.
    """
    rows = len(next(iter(columns.values())))
    if rows > limits.rows:
        raise TooLargeError(f"{rows:,} rows are too many at once. At most {limits.rows:,}")


def _by_method(request: Request, asks: bool) -> bool:
    """Whether the method is the one for asking the model, or for asking about it."""
    return request.method in (("POST",) if asks else ASKING)


def _refused(why: RefusedError) -> Response:
    text = str(why).encode("utf-8", "replace").decode()  # half a surrogate pair
    return _json({"error": text}, why.code, why.headers)


def _json(value: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return _body(written_json(value), code, headers)


def _body(content: bytes, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(content, code, dict(headers or {}), "application/json")
