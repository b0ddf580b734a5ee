"""JSON of requests and answers, as quick as can be, and NaN where it has to be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Columns
from kbuilder.serving.values import shown

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half of a character beyond 16 bits."""


def parsed(body: bytes) -> dict[str, Any]:
    """The object that a request holds; what comes after it is skipped.

    Raises:
        RequestError: if there is none.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:  # it takes no NaN, and nothing after the object
        value = _leniently(body)
    if not isinstance(value, dict):
        raise RequestError(f"JSON Value: {shown(value)} Is not object")
    return value


def _leniently(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig").lstrip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise RequestError(f"JSON Parse error: it is not UTF-8 at offset: {error.start}") from None
    if not text:
        raise RequestError("JSON Parse error: The document is empty")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        raise RequestError(f"JSON Parse error: {error.msg} at offset: {error.pos}") from None
    except (RecursionError, ValueError):  # lists in lists in lists; a number of thousands of digits
        raise RequestError(
            "JSON Parse error: it is nested too deeply, or a number too long"
        ) from None
    if SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RequestError(
                "JSON Parse error: a string holds half of a surrogate pair"
            ) from None
    return value


def written_json(value: Any) -> bytes:
    """A value as JSON; arrays and scalars of NumPy as they are, but NaN and infinity as null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def written_answer(outputs: Columns, make: Callable[[bool], Any]) -> bytes:
    """An answer as JSON; float32 as the shortest number that reads as itself, NaN as NaN.

    Args:
        outputs: What is in it.
        make: Gives the answer: of arrays for the fast writer, which has no NaN, or of lists.
    """
    content = written_json(make(True))
    if b"null" not in content or all(map(_finite, outputs.values())):
        return content
    return json.dumps(make(False), ensure_ascii=False, separators=(",", ":")).encode()


def _finite(values: np.ndarray) -> bool:
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def as_json(values: np.ndarray, native: bool) -> Any:
    """An array for `written_answer`; strings as `str`."""
    if values.dtype == object:
        words = np.empty(values.shape, dtype=object)
        words.reshape(-1)[:] = [_text(value) for value in values.reshape(-1)]
        return words.tolist()
    if native:
        return np.ascontiguousarray(values)
    if values.dtype == np.float32:
        return values.astype(str).astype(np.float64).tolist()
    return values.tolist()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
