"""Pictures that a client sends: how many pixels each claims, before room is made for them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable

from kbuilder.serving.refusals import RequestError

MOST = 89_478_485
"""Pixels, at which Pillow warns too; those of a phone are 12 to 50 million."""


def check(name: str, pictures: Iterable[bytes]) -> None:
    """Refuse a picture that would unpack beyond reason. Whether each is one, the model says.

    Args:
        name: The input, for messages.
        pictures: Encoded images.

    Raises:
        RequestError: naming the size that is claimed.
    """
    from PIL import Image

    for content in pictures:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(content)) as image:
                    width, height = image.size
        except Image.DecompressionBombError:
            width, height = MOST, 2
        except Exception:  # whatever one of the bytes happens to raise; the model refuses it too
            continue
        if width * height > MOST:
            raise RequestError(
                f"{name}: a picture of more than {MOST / 1e6:.0f} million pixels. Expected a "
                "smaller one"
            )
