"""What is wrong with a recipe, as pydantic carries it: by key, in our words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from kbuilder.errors import Key, listed, nearest


def refuse(key: Key, message: str, value: object = None) -> ValidationError:
    """An error at `key` within the object that is being validated. Raise what this returns.

    Args:
        key: Where; () is the object itself.
        message: What was expected, without a full stop at its end.
        value: What was received.
    """
    return together([detail(key, message, value)])


def custom(message: str) -> PydanticCustomError:
    """An error at the field that is being validated. Raise what this returns."""
    return PydanticCustomError("refused", "{why}", {"why": message})


def detail(
    key: Key,
    message: str,
    value: object = None,
    kind: Any = "refused",
    context: Mapping[str, Any] | None = None,
) -> InitErrorDetails:
    """One of several problems; as `refuse`."""
    text: Any = message
    error = PydanticCustomError(kind, text, dict(context) if context else None)
    return InitErrorDetails(type=error, loc=key, input=value)


def unknown(key: Key, word: object, known: Iterable[str]) -> InitErrorDetails:
    """A word at `key` that is none of the known; the nearest is suggested."""
    known = list(known)
    message = f"Expected one of: {listed(known, 100)}"
    return detail(key, message, word, "unknown_name", {"suggestion": nearest(word, known)})


def together(details: Sequence[InitErrorDetails]) -> ValidationError:
    """All problems as one error. Raise what this returns."""
    return ValidationError.from_exception_data("recipe", list(details))


def moved(error: ValidationError, key: Key) -> list[InitErrorDetails]:
    """The problems of `error`, whose keys were counted from `key` on."""
    found = []
    for item in error.errors(include_url=False):
        kind: Any = item["type"]
        if kind in ("refused", "unknown_name"):
            message: Any = item["msg"]
            kind = PydanticCustomError(kind, message, item.get("ctx"))
        found.append(
            InitErrorDetails(
                type=kind, loc=(*key, *item["loc"]), input=item["input"], ctx=item.get("ctx", {})
            )
        )
    return found
