"""A picture is looked at by its head, before room is made for it."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from shared import encoded, message, picture

from kbuilder.tables.picture_heads import PictureError, look
from kbuilder.tables.pictures import load, readable


def claiming(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG of one bit for each pixel, all of them black; of so many rows, if not of all."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes((width + 7) // 8 + 1) * (height if rows is None else rows), 9)
    parts = (b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


WEBP = b"RIFF" + bytes(4) + b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x10" + bytes(3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (claiming(9_500, 9_500), "it has 9,500 × 9,500 pixels. Expected 89 million at most"),
        (claiming(60_000, 60_000, 1), "it has more than 178 million pixels. Expected 89 million "
         "at most"),
        (WEBP + b"\xff\x3f\0" * 2 + bytes(99),
         "it has 16,384 × 16,384 pixels. Expected 89 million at most"),
        (b"GIF89a" + struct.pack("<HHBBB", 24_000, 24_000, 0, 0, 0) + b"," + bytes(4)
         + struct.pack("<HHB", 24_000, 24_000, 0) + b"\x08\x01\0\0;",
         "it has more than 178 million pixels. Expected 89 million at most"),
        (claiming(4_000, 4_000), "it has 4,000 × 4,000 pixels in 2,0"),
    ],
)  # fmt: skip
def test_a_small_file_that_claims_many_pixels_is_refused(content: bytes, said: str) -> None:
    for read in (look, load, lambda one: readable(one, 3)):
        tracemalloc.start()
        assert message(PictureError, read, content).startswith(said)
        assert tracemalloc.get_traced_memory()[1] < 3e6
        tracemalloc.stop()


def test_what_a_phone_takes_passes() -> None:
    dense = claiming(8_000, 6_000) + bytes(500_000)
    assert look(dense).size == (8_000, 6_000)
    assert look(claiming(3_000, 3_000)).size == (3_000, 3_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"), (b"hello", "it is no image"), (b"BM", "it is no image"),
        (b"\n<!doctype html>", "its content is HTML, not JPEG, PNG, GIF, BMP, WebP or TIFF"),
        (encoded(picture(0), "AVIF"), "its content is AVIF, not JPEG, PNG, GIF, BMP, WebP or TIFF"),
        (encoded(picture(0, "F"), "TIFF"), "it has pixels of floating point, of which nobody knows "
         "what is white. Expected 8 or 16 bits, or an array"),
        (encoded(picture(0), "TIFF")[:200], "it is damaged: image file is truncated (6 bytes not "
         "processed)"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(content: bytes, said: str) -> None:
    assert message(PictureError, load, content) == said


def test_big_endian_16_bits_keep_their_value() -> None:
    pixels = np.arange(63, dtype=">u2").reshape(7, 9) * 1000
    content = encoded(Image.fromarray(pixels), "TIFF")
    with Image.open(io.BytesIO(readable(content, 1))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_colours_of_16_bits_in_a_tiff_are_refused() -> None:
    """Pillow reads them, and keeps the upper 8 bits without a word."""
    sizes = struct.pack("<3H", 16, 16, 16)
    entries = [
        (256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 200), (277, 3, 1, 3), (278, 3, 1, 2), (279, 4, 1, 24),
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<I", 14) + sizes
    tiff = head + struct.pack("<H", len(entries)) + table + bytes(4)
    tiff = tiff.ljust(200, b"\0") + struct.pack("<12H", *range(12))
    with pytest.raises(PictureError, match="colours of 16 bits, of which Pillow reads the upper 8"):
        look(tiff)
