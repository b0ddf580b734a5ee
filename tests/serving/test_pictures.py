"""A picture's claim is looked at before room is made for it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shared import message

from kbuilder.serving.exported import Exported
from kbuilder.serving.pictures import check
from kbuilder.serving.refusals import RequestError


def claiming(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG of one bit for each pixel, all of them black; of so many rows, if not of all."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes((width + 7) // 8 + 1) * (height if rows is None else rows), 9)
    parts = (b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("width", [9_500, 13_000, 60_000])
def test_a_small_file_that_claims_many_pixels_is_refused(width: int) -> None:
    picture = claiming(width, width, rows=1 if width == 60_000 else None)
    assert len(picture) < 30_000
    assert message(RequestError, check, "photo", [claiming(2, 2), picture]) == (
        "photo: a picture of more than 89 million pixels. Expected a smaller one"
    )


def test_what_a_phone_takes_and_what_is_no_picture_pass() -> None:
    check("photo", [claiming(8_000, 6_000), b"", b"no picture", claiming(8, 8)[:40]])


def test_a_served_model_does_not_unpack_it(exported: Callable[[str], Path]) -> None:
    export = Exported(exported("files"))
    [name] = export.pictures
    columns = {
        other: np.array([b""], dtype=object) for other in export.signature.inputs if other != name
    }
    columns[name] = np.array([claiming(13_000, 13_000)], dtype=object)
    assert "more than 89 million pixels" in message(RequestError, export.predict, columns)
