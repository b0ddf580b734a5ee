"""What a viewer shows of a picture is what comes out of the graph."""

from __future__ import annotations

import io
import re
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from bad import ROOT
from encodings_of_pictures import (
    ALONE,
    HEIGHT,
    REFUSED,
    WIDTH,
    clear,
    deep,
    drawing,
    encodings,
    opinion,
    png,
    tagged,
)  # fmt: skip
from PIL import Image
from shared import encoded, strings

from kbuilder.engine import reason_of
from kbuilder.layers.picture_heads import plain as plain_of
from kbuilder.layers.pictures import Pictures
from kbuilder.layers.ways import way_of
from kbuilder.tables import picture_heads, pictures

FILES = encodings()
DOCUMENTED = ROOT / "docs/features.md"


@cache
def graph() -> Any:
    return tf.function(Pictures(HEIGHT, WIDTH, 3))


def read(*contents: bytes) -> np.ndarray:
    return graph()(strings(*contents)).numpy()


def eagerly(*contents: bytes, **how: Any) -> np.ndarray:
    return Pictures(HEIGHT, WIDTH, **{"channels": 3, **how})(strings(*contents)).numpy()


def alone(content: bytes) -> str:
    """What the graph says of a picture by itself."""
    try:
        seen = read(content)[0]
    except tf.errors.InvalidArgumentError as error:
        return reason_of(error)
    assert np.abs(seen - opinion(content)).max() <= 2
    return ALONE


def test_all_encodings_are_read_as_pillow_shows_them() -> None:
    seen = read(*(pictures.readable(content, 3) for content in FILES.values()))
    gaps = {
        name: np.abs(image - opinion(content)).max()
        for (name, content), image in zip(FILES.items(), seen, strict=True)
    }
    assert {name: gap for name, gap in gaps.items() if gap > 2} == {}


def test_what_the_graph_does_not_read_alone_it_refuses_and_the_table_says_so() -> None:
    rows = {name: alone(content) for name, content in FILES.items()}
    for name, content in FILES.items():
        if content is pictures.readable(content, 3):
            assert rows[name] == ALONE
    table = {name: "read" if said == ALONE else "refused" for name, said in rows.items()}
    found = re.findall(r"^\| (.*?) \| read \| (read|refused) \|$", DOCUMENTED.read_text(), re.M)
    assert dict(found) == table
    assert rows["WebP, lossy"] == (
        "it is a WebP. Expected a PNG, a JPEG, a GIF, or a BMP of 24 or 32 bits"
    )
    assert rows["BMP, RLE"].startswith("it is a BMP with a palette, with compression, or of an old")


@pytest.mark.parametrize("name", REFUSED)
def test_other_kinds_are_refused_by_name_by_both(name: str) -> None:
    with pytest.raises(pictures.PictureError, match=name.partition(",")[2].strip() or name):
        pictures.readable(REFUSED[name], 3)
    assert alone(REFUSED[name]).startswith("it is ")


def test_the_background_shows_through_transparent_pixels() -> None:
    content = FILES["PNG, RGBA"]
    blue = eagerly(content, FILES["GIF, transparent"], background=(0, 0, 255))
    assert np.abs(blue[0] - opinion(content, "#0000ff")).max() <= 2
    assert np.abs(blue[1] - opinion(FILES["GIF, transparent"], "#0000ff")).max() <= 2


def test_four_channels_keep_alpha_and_a_fourth_band() -> None:
    image, pixels = clear(), np.asarray(clear())
    bands = encoded(Image.frombytes("RGBX", image.size, image.tobytes()), "TIFF")
    rgb = np.asarray(drawing())
    assert picture_heads.look(bands).fourth
    contents = encoded(image), pictures.readable(bands, 4), encoded(drawing())
    seen = eagerly(*contents, channels=4)
    assert np.array_equal(seen[0], pixels)
    assert np.array_equal(seen[1], pixels)
    assert np.array_equal(seen[2], np.dstack([rgb, np.full((HEIGHT, WIDTH), 255)]))
    assert np.array_equal(read(pictures.readable(bands, 3))[0], rgb)


def test_16_bits_are_kept_where_they_are_wanted() -> None:
    inverted = encoded(deep(), "TIFF", tiffinfo={262: 0})  # white is 0
    contents = encoded(deep()), pictures.readable(inverted, 1), encoded(drawing().convert("L"))
    seen = eagerly(*contents, channels=1, deep=True)[..., 0]
    assert np.array_equal(seen[0], np.asarray(deep()))
    assert np.array_equal(seen[1], 65_535.0 - np.asarray(deep()))
    assert np.array_equal(seen[2], np.asarray(drawing().convert("L")) * 257.0)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_read_beside_words_that_look_like_chunks(bits: int) -> None:
    """TensorFlow makes alpha of 1 where a PNG of few bits has none."""
    shades = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 2**bits
    texts = ["".join(format(n, f"0{bits}b") for n in row) for row in shades]
    rows = b"".join(b"\0" + int(t.ljust(-len(t) % 8 + len(t), "0"), 2).to_bytes((len(t) + 7) // 8)
                    for t in texts)  # fmt: skip
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 0, 0, 0, 0)
    content = png(
        (b"IHDR", head), (b"tEXt", b"Comment\0tRNS eXIf"), (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )  # fmt: skip
    assert np.array_equal(read(content)[0, ..., 0], shades * 255 // (2**bits - 1))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_exif_is_read_in_both_orders_and_of_every_type(order: str, kind: int) -> None:
    size = {3: "Hxx", 4: "I"}[kind]
    exif = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    exif += struct.pack(order + "H", 2) + struct.pack(order + "HHI4s", 0x010E, 2, 1, b"x\0\0\0")
    exif += struct.pack(order + "HHI" + size, 0x0112, kind, 1, 3) + bytes(4)
    content = encoded(drawing().rotate(180), "JPEG", quality=95, exif=b"Exif\0\0" + exif)
    assert alone(content) == ALONE
    assert np.abs(read(content)[0] - opinion(encoded(drawing(), "JPEG", quality=95))).max() < 30


def test_damaged_exif_and_an_orientation_that_is_none_turn_nothing() -> None:
    cut = b"Exif\0\0" + tagged(3).tobytes()[6:20]
    for exif in (cut, tagged(9), b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff"):
        content = encoded(drawing(), "JPEG", exif=exif)
        assert np.array_equal(read(content)[0], read(encoded(drawing(), "JPEG"))[0])


def test_xmp_turns_a_picture_whose_exif_does_not() -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="3"/></x:xmpmeta>'
    content = encoded(drawing(), "JPEG", xmp=packet)
    assert alone(content) == ALONE
    assert pictures.readable(content, 3) is not content  # Pillow's own word for it


@pytest.mark.parametrize("name", ["PNG, RGB", "JPEG, baseline", "GIF, still", "BMP, 24 bits",
                                  "WebP, lossy", "TIFF, 8 bits"])  # fmt: skip
def test_a_file_cut_short_is_refused(name: str) -> None:
    content = FILES[name][: len(FILES[name]) * 2 // 3]
    with pytest.raises(pictures.PictureError, match=r"^it (is damaged: |is no image)"):
        pictures.load(content)
    assert alone(content) != ALONE


def test_the_graph_bounds_pixels_before_it_decodes_them() -> None:
    claims = [
        png((b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))),
        b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + b"," + bytes(4)
        + struct.pack("<HHB", 60_000, 60_000, 0),
        b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 60_000, -60_000, 1, 24, 0),
    ]  # fmt: skip
    for content in claims:
        assert alone(content) == ("it has more than 89 million pixels. Expected a smaller picture")


@pytest.mark.parametrize("same", [True, False])
def test_many_plain_jpegs_are_read_as_one_by_one_among_others(same: bool) -> None:
    """All of a batch go the short way, or none does."""
    random = np.random.default_rng(0)
    plain = []
    for size, mode in (((8, 6), "RGB"), ((8, 6) if same else (40, 1), "RGB"), ((8, 6), "L")):
        pixels = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        written = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(written, "JPEG")
        plain.append(written.getvalue())
    assert int(plain_of(tf.constant(plain), 6, 8)) == (2 if same else 1)
    assert way_of(Pictures(6, 8, 3), tf.constant(plain)) == (2 if same else 1)
    written = io.BytesIO()
    Image.new("RGB", (8, 6)).save(written, "PNG")
    assert int(plain_of(tf.constant([*plain, written.getvalue()]), 6, 8)) == 0
    assert way_of(Pictures(6, 8, 3), tf.constant([*plain, written.getvalue()])) is None
    for channels, bits in ((1, 8), (3, 8), (4, 8), (3, 16)):
        layer = Pictures(6, 8, channels, deep=bits == 16)
        short = np.asarray(layer(tf.constant(plain)))
        long = np.asarray(layer(tf.constant([*plain, written.getvalue()])))[:3]
        assert short.dtype == long.dtype
        assert np.array_equal(short, long)


@pytest.mark.parametrize("mark", [b"Exif\0\0", b"tiff:Orientation"])
def test_one_that_may_be_turned_is_not_plain(mark: bytes) -> None:
    written = io.BytesIO()
    Image.new("RGB", (8, 6)).save(written, "JPEG", comment=mark)
    assert int(plain_of(tf.constant([written.getvalue()]), 6, 8)) == 0


def test_a_comment_that_says_how_a_picture_is_turned_is_heeded_in_either_way() -> None:
    written = io.BytesIO()
    random = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(random).save(written, "JPEG", comment=b'tiff:Orientation="3"')
    content = tf.constant([written.getvalue()])
    layer = Pictures(6, 8, 3)
    layer.way = way_of(layer, content)
    assert np.array_equal(layer(content), Pictures(6, 8, 3)(content))
