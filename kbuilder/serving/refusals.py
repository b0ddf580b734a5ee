"""Why a request gets no answer: each with the status of HTTP that both protocols give it.

RefusedError
├── RequestError       400  it is not what the model takes
│   └── RowError            one row of it is not
├── UnauthorizedError  401  it lacks the token
├── UnknownError       404  there is no such model, version or path
├── SlowBodyError      408  its body did not come
├── TooLargeError      413  it is larger than a request may be
├── EncodingError      415  it is compressed in a way that is not known
├── BusyError          503  too much waits already, or the model is not there yet
└── DeadlineError      504  it was not answered in time
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class RefusedError(Exception):
    """A request that is not answered; its text is for the client."""

    code: ClassVar[int]
    headers: ClassVar[Mapping[str, str]] = {}


class RequestError(RefusedError):
    """It is not what the model takes."""

    code = 400


class RowError(RequestError):
    """One row is not what the model takes.

    Args:
        row: Its number in the request, from 0.
        name: The input.
        reason: Why.
    """

    def __init__(self, row: int, name: str, reason: str) -> None:
        super().__init__(f"row {row + 1}, input {name!r}: {reason}")
        self.row = row
        self.name = name
        self.reason = reason

    def after(self, rows: int) -> RowError:
        """The same, of a request that has so many rows before."""
        return RowError(self.row + rows, self.name, self.reason)


class UnauthorizedError(RefusedError):
    """It lacks the token."""

    code = 401
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": "Bearer"}


class UnknownError(RefusedError):
    """There is no such model, version or path."""

    code = 404


class SlowBodyError(RefusedError):
    """Its body did not come in time."""

    code = 408


class TooLargeError(RefusedError):
    """It is larger than a request may be."""

    code = 413


class EncodingError(RefusedError):
    """It is compressed in a way that is not known."""

    code = 415


class BusyError(RefusedError):
    """Too much waits already, or the model is not there yet."""

    code = 503
    headers: ClassVar[Mapping[str, str]] = {"retry-after": "1"}


class DeadlineError(RefusedError):
    """It was not answered in time."""

    code = 504
