"""Pictures that a client sends, read as a fit reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from kbuilder.serving.refusals import RequestError, RowError
from kbuilder.serving.values import DATA_URL, from_base64
from kbuilder.tables import pictures
from kbuilder.tables.picture_heads import PictureError


def readable(name: str, contents: Iterable[Any], channels: int) -> np.ndarray:
    """Pictures as TensorFlow reads them; none is unpacked that claims too many pixels.

    Args:
        name: The input, for messages.
        contents: Encoded pictures as bytes, or as data URLs.
        channels: The channels that the model takes.

    Raises:
        RowError: naming the row, and why its picture is not read.
    """
    return _each(name, contents, lambda content: pictures.readable(content, channels))


def check(name: str, contents: Iterable[Any]) -> None:
    """Find the picture that is damaged, once TensorFlow has refused one of them.

    Raises:
        RowError: naming the row.
    """
    _each(name, contents, pictures.load)


def expect_whole(name: str, arrays: np.ndarray) -> None:
    """Refuse arrays of pixels of which some are missing, as a fit and `predict` do.

    Args:
        name: The input, for messages.
        arrays: (rows, …) float32, NaN where a pixel was null.

    Raises:
        RowError: naming the first row.
    """
    gone = np.isnan(arrays).reshape(len(arrays), -1).any(axis=1)
    if gone.any():
        reason = "a pixel is missing, and a picture has all of them"
        raise RowError(int(gone.argmax()), name, reason)


def _each(name: str, contents: Iterable[Any], read: Any) -> np.ndarray:
    given = list(contents)
    found = np.empty(len(given), dtype=object)
    for row, content in enumerate(given):
        try:
            found[row] = read(_encoded(content))
        except (PictureError, RequestError) as error:
            raise RowError(row, name, str(error)) from None
    return found


def _encoded(content: Any) -> bytes:
    """The bytes of a picture, which JSON cannot hold as they are."""
    if isinstance(content, bytes):
        return content
    if DATA_URL.match(content):
        return from_base64({"b64": content})
    if not content:
        raise PictureError("it is empty")
    raise PictureError(
        'it is text. Expected {"b64": "…"}, with what `base64 FILE` prints of a picture'
    )
