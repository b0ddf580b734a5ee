"""A plain JPEG is what Pillow says it is; whatever else there is, is left to Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kbuilder.tables import pictures, plain_jpeg
from kbuilder.tables.picture_heads import PictureError, look, opened, seen_in
from kbuilder.tables.pictures import load, readable


def jpeg(mode: str = "RGB", size: tuple[int, int] = (19, 11), **options: Any) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(written, "JPEG", **options)
    return written.getvalue()


def by_pillow(content: bytes) -> Any:
    try:
        with opened(content) as image:
            return seen_in(image, content)
    except PictureError:
        return None


def exif() -> Image.Exif:
    known = Image.Exif()
    known[0x0112] = 6
    return known


PLAIN = {
    "colours": {}, "grey": {"mode": "L"}, "progressive": {"progressive": True},
    "good": {"quality": 100, "subsampling": 0}, "optimized": {"optimize": True},
    "restarts": {"restart_marker_blocks": 1}, "comment": {"comment": b"by hand"},
    "resolution": {"dpi": (300, 300)},
}  # fmt: skip
OTHERS = {
    "printed": {"mode": "CMYK"}, "turned": {"exif": exif()}, "profile": {"icc_profile": b"x" * 99},
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_plain_ones_are_seen_as_pillow_sees_them(name: str) -> None:
    content = jpeg(**PLAIN[name])
    head = plain_jpeg.head(content)
    assert head is not None
    assert (head.width, head.height) == (19, 11)
    assert look(content) == by_pillow(content)
    assert readable(content, 3) is content


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_left_to_pillow(name: str) -> None:
    assert plain_jpeg.head(jpeg(**OTHERS[name])) is None


def test_one_that_is_too_large_is_refused_alike() -> None:
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(PictureError, match=r"it has 65,535 × 65,535 pixels\. Expected 89 million"):
        look(bytes(content))


@settings(deadline=None, max_examples=300)
@given(
    name=st.sampled_from(sorted(PLAIN)),
    changes=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=3),
    end=st.integers(0, 900),
)
def test_whatever_is_damaged_is_plain_for_neither_or_alike(
    name: str, changes: list[tuple[int, int]], end: int
) -> None:
    content = bytearray(jpeg(**PLAIN[name]))
    for at, value in changes:
        content[at % len(content)] = value
    damaged = bytes(content[:end]) if end < 700 else bytes(content)
    if plain_jpeg.head(damaged) is None:
        return
    try:
        seen = look(damaged)
    except PictureError:
        seen = None
    assert seen == by_pillow(damaged)


@settings(deadline=None, max_examples=300)
@given(
    name=st.sampled_from(sorted({*PLAIN} - {"progressive"})),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=20),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    cut=st.integers(0, 200),
)
def test_of_the_same_settings_all_or_none_are_decoded(
    name: str, changes: list[tuple[float, int]], size: tuple[int, int], cut: int
) -> None:
    whole = jpeg(**PLAIN[name])
    head = plain_jpeg.head(whole)
    assert head is not None
    content = bytearray(whole)
    for share, value in changes:
        content[head.scan + int(share * (len(content) - head.scan - 1))] = value
    content[head.size : head.size + 4] = b"".join(side.to_bytes(2) for side in size[::-1])
    del content[head.scan : head.scan + cut]
    known = plain_jpeg.settings(bytes(content))
    if known is not None:
        assert known == plain_jpeg.settings(whole)
        assert by_pillow(bytes(content)).size == size
        with Image.open(io.BytesIO(content)) as image:
            image.load()


def test_one_file_of_some_settings_is_decoded_and_no_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded = []
    opening = Image.open
    monkeypatch.setattr(pictures, "DECODED", set())
    monkeypatch.setattr(Image, "open", lambda *a, **k: decoded.append(a) or opening(*a, **k))
    other = bytearray(jpeg())
    other[-9] ^= 1
    for content in (jpeg(), bytes(other), jpeg(size=(40, 30))):
        load(content)
    assert len(decoded) == 1
    with pytest.raises(PictureError, match="it is damaged: image file is truncated"):
        load(jpeg()[:-20])
    load(jpeg(quality=30))
    assert len(decoded) == 3


def test_progressive_ones_have_no_settings_nor_have_large_ones() -> None:
    assert plain_jpeg.settings(jpeg(progressive=True)) is None
    large = bytearray(jpeg())
    head = plain_jpeg.head(jpeg())
    assert head is not None
    large[head.size : head.size + 4] = b"\x10\0\x10\0"
    assert plain_jpeg.settings(bytes(large)) is None
