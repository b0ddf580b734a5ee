"""What the bytes of a picture file say, as operations of TensorFlow: they run in exports."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kbuilder.tables.picture_heads import MOST

MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")


OTHERS = (
    (0, b"II*\0", "a TIFF"), (0, b"MM\0*", "a TIFF"), (8, b"WEBP", "a WebP"),
    (4, b"ftyp", "an AVIF or HEIC"), (0, b"8BPS", "a PSD"), (0, b"%PDF", "a PDF"),
    (0, b"<svg", "an SVG"), (0, b"\0\0\1\0", "an ICO"),
)  # fmt: skip
"""What TensorFlow does not read: where some bytes of it stand, these bytes, its name."""


ADOBE = b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
"""How a JPEG begins that says: its colours are CMYK, inverted as Adobe does it."""


HEAD = 64  # bytes that are looked at first


REST = 2**31 - 1  # bytes: all that follow


STEPS = 20_000  # segments or chunks that are looked at, at most


ENTRIES = 256  # entries of Exif that are looked at, at most


def plain(contents: Any, height: int, width: int) -> Any:
    """Whether all are JPEG of grey or RGB, small enough, that are not to be turned. () int32

    Args:
        contents: Encoded pictures. (batch,) string
        height, width: A size in pixels.

    Returns:
        0: they are not; 1: they are; 2: and all of them are of that size.
    """
    count = tf.size(contents)

    def mentioned(word: bytes) -> Any:
        split = tf.raw_ops.StringSplitV2(input=contents, sep=word, maxsplit=1)
        return tf.size(split.values) > count

    def sizes() -> Any:
        spec = tf.TensorSpec((3,), tf.int32)
        shapes = tf.map_fn(tf.io.extract_jpeg_shape, contents, fn_output_signature=spec)
        high, wide, colours = tf.unstack(tf.cast(shapes, tf.int64), axis=1)
        small = tf.reduce_all((high * wide <= MOST) & ((colours == 1) | (colours == 3)))
        same = tf.reduce_all((high == height) & (wide == width))
        return tf.where(small, tf.where(same, 2, 1), 0)

    begin = tf.reduce_all(tf.strings.substr(contents, 0, 3, unit="BYTE") == MAGIC[0])
    turned = mentioned(b"Exif\0\0") | mentioned(b"tiff:Orientation")
    return tf.cond(begin & ~turned, sizes, lambda: tf.constant(0))


def refuse(content: Any, head: Any) -> Any:
    """A kind that is not read: an error that names it."""
    name = tf.constant("no picture that is known")
    for place, magic, known in OTHERS:
        name = tf.where(begins_with(head[place:], magic), known, name)
    reason = tf.strings.join([
        "it is ", name, ". Expected a PNG, a JPEG, a GIF, or a BMP of 24 or 32 bits",
    ])  # fmt: skip
    with tf.control_dependencies([given(tf.constant(False), reason, content)]):
        return tf.zeros((1, 1, 3), tf.uint8)


def bmp(content: Any, head: Any) -> Any:
    """A BMP of 24 or 32 bits. (height, width, 3) uint8; others are refused."""
    width, height = little(head[18:22]), little(head[22:26])
    height = tf.where(height >= 2**31, 2**32 - height, height)  # negative: from the top down
    content = bounded(content, width, height)
    bits = little(head[28:30])
    plain = (little(head[14:18]) >= 40) & (little(head[30:34]) == 0)
    content = given(
        plain & ((bits == 24) | (bits == 32)),
        "it is a BMP with a palette, with compression, or of an old kind. Expected a BMP of 24 or "
        "32 bits without compression, or a PNG", content,
    )  # fmt: skip
    return tf.io.decode_bmp(content)[..., :3]  # of 32 bits 8 mean nothing


def given(condition: Any, reason: Any, content: Any) -> Any:
    """The content, once it is sure that the condition holds."""
    checked = tf.raw_ops.Assert(condition=condition, data=[reason], summarize=1)
    with tf.control_dependencies([] if checked is None else [checked]):
        return tf.identity(content)


def bounded(content: Any, width: Any, height: Any) -> Any:
    """The content, if a picture of such a size may be decoded; else it is refused."""
    reason = f"it has more than {MOST // 10**6} million pixels. Expected a smaller picture"
    return given(width * height <= MOST, reason, content)


def length(content: Any) -> Any:
    """How many bytes there are. () int64"""
    return tf.cast(tf.strings.length(content), tf.int64)


def bytes_at(content: Any, start: Any, count: int) -> Any:
    """So many bytes from a place on, 0 beyond the end. (count,) int64"""
    start = tf.clip_by_value(tf.cast(start, tf.int64), 0, length(content))
    piece = tf.strings.substr(content, start, tf.constant(count, tf.int64))
    return tf.cast(tf.io.decode_raw(piece, tf.uint8, fixed_length=count), tf.int64)


def some_of(content: Any, start: Any, count: Any, wanted: Any) -> Any:
    """So many bytes from a place on, as far as there are some; none if they are not wanted."""
    count = tf.where(wanted, tf.maximum(count, 0), 0)
    return tf.strings.substr(content, tf.minimum(start, length(content)), count)


def begins_with(values: Any, magic: bytes) -> Any:
    """Whether bytes begin with such ones. () bool"""
    return tf.reduce_all(values[: len(magic)] == tf.constant(list(magic), tf.int64))


def mentions(content: Any, word: bytes) -> Any:
    """Whether the bytes of a word stand anywhere in the content, wherever it may be by chance."""
    return tf.size(tf.raw_ops.StringSplitV2(input=[content], sep=word, maxsplit=1).values) > 1


def big(values: Any) -> Any:
    """Bytes (..., n) as a whole number, the greatest first."""
    return tf.reduce_sum(values * [256**n for n in reversed(range(values.shape[-1]))], axis=-1)


def little(values: Any) -> Any:
    """Bytes (..., n) as a whole number, the least first."""
    return tf.reduce_sum(values * [256**n for n in range(values.shape[-1])], axis=-1)


def in_chunks(content: Any) -> tuple[Any, Any]:
    """Of a PNG: its Exif, or nothing; whether it says which colours are transparent."""

    def step(at: Any, exif: Any, clear: Any) -> tuple[Any, Any, Any]:
        head = bytes_at(content, at, 14)
        size = big(head[:4])
        named = tf.where(begins_with(head[8:], b"Exif\0\0"), tf.constant(6, tf.int64), 0)
        found = some_of(content, at + 8 + named, size - named, begins_with(head[4:], b"eXIf"))
        exif = tf.where(begins_with(head[4:], b"eXIf"), found, exif)
        clear |= begins_with(head[4:], b"tRNS")
        following = at + 12 + size
        return tf.where(following < length(content), following, 0), exif, clear

    start = tf.constant(8, tf.int64), tf.constant(b""), tf.constant(False)
    found = tf.while_loop(lambda at, *_: at > 0, step, start, maximum_iterations=STEPS)
    return found[1], found[2]


def in_segments(content: Any) -> tuple[Any, Any]:
    """Of a JPEG: its Exif, or nothing; whether Adobe's mark says how colours are kept."""

    def step(at: Any, exif: Any, adobe: Any) -> tuple[Any, Any, Any]:
        head = bytes_at(content, at, 10)
        kind = head[1]
        found = (kind == 0xE1) & begins_with(head[4:], b"Exif\0\0") & tf.equal(exif, b"")
        exif = tf.where(found, some_of(content, at + 10, big(head[2:4]) - 8, found), exif)
        adobe |= (kind == 0xEE) & begins_with(head[4:], b"Adobe")
        alone = (kind == 1) | ((kind >= 0xD0) & (kind <= 0xD8))
        size = tf.where(alone, tf.constant(2, tf.int64), 2 + big(head[2:4]))
        size = tf.where(kind == 0xFF, tf.constant(1, tf.int64), size)
        ends = (head[0] != 0xFF) | (kind == 0xD9) | (kind == 0xDA)
        return tf.where(ends, tf.constant(0, tf.int64), at + size), exif, adobe

    start = tf.constant(2, tf.int64), tf.constant(b""), tf.constant(False)
    found = tf.while_loop(lambda at, *_: at > 0, step, start, maximum_iterations=STEPS)
    return found[1], found[2]


def first_frame(content: Any, head: Any) -> tuple[Any, Any]:
    """Of a GIF: where its first frame begins; the eight bytes that say what is transparent."""
    palette = tf.where(head[10] >= 128, 3 * 2 ** (head[10] % 8 + 1), 0)

    def step(at: Any, inside: Any, control: Any) -> tuple[Any, Any, Any]:
        block = bytes_at(content, at, 8)
        begins = ~inside & (block[0] == 0x21)
        control = tf.where(begins & (block[1] == 0xF9), block, control)
        size = tf.where(begins, tf.constant(2, tf.int64), block[0] + 1)
        return at + size, begins | (inside & (block[0] > 0)), control

    def going(at: Any, inside: Any, control: Any) -> Any:
        return inside | (bytes_at(content, at, 1)[0] == 0x21)

    start = 13 + palette, tf.constant(False), tf.zeros(8, tf.int64)
    at, _, control = tf.while_loop(going, step, start, maximum_iterations=STEPS)
    return at, control


def orientation_of(content: Any, exif: Any) -> Any:
    """How a picture is to be turned, 1 to 8, by its Exif, or by its XMP."""

    def by_exif() -> Any:
        head = bytes_at(exif, 0, 8)

        def number(values: Any) -> Any:
            return tf.where(head[0] == ord("M"), big(values), little(values))

        entries = number(head[4:])
        count = number(bytes_at(exif, entries, 2))
        table = tf.reshape(bytes_at(exif, entries + 2, 12 * ENTRIES), (ENTRIES, 12))
        kind = number(table[:, 2:4])
        value = tf.where(kind == 3, number(table[:, 8:10]), number(table[:, 8:12]))
        ours = (number(table[:, :2]) == 0x0112) & (tf.range(ENTRIES, dtype=tf.int64) < count)
        ours &= (kind == 3) | (kind == 4)  # whole numbers of two or four bytes
        return tf.reduce_max(tf.where(ours, value, 0))

    def by_xmp() -> Any:
        split = tf.raw_ops.StringSplitV2(input=[content], sep="tiff:Orientation", maxsplit=1)
        after = bytes_at(split.values[1], 0, 3)
        value = tf.where(begins_with(after, b'="'), after[2], after[1]) - ord("0")
        return tf.where(begins_with(after, b'="') | begins_with(after, b">"), value, 0)

    none = tf.constant(0, tf.int64)
    found = tf.cond(tf.equal(exif, b""), lambda: none, by_exif)
    asked = tf.equal(found, 0) & mentions(content, b"tiff:Orientation")
    found = tf.cond(asked, by_xmp, lambda: found)
    return tf.where((found > 0) & (found < 9), found, 1)


def turn(image: Any, orientation: Any) -> Any:
    """The image upright: first its sides are swapped, then it is mirrored."""

    def one_of(*orientations: int) -> Any:
        return tf.reduce_any(orientation == tf.constant(orientations, tf.int64))

    def turned() -> Any:
        swapped = tf.cond(orientation > 4, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
        across = tf.cond(one_of(2, 3, 6, 7), lambda: tf.reverse(swapped, [1]), lambda: swapped)
        return tf.cond(one_of(3, 4, 7, 8), lambda: tf.reverse(across, [0]), lambda: across)

    return tf.cond(orientation > 1, turned, lambda: image)
