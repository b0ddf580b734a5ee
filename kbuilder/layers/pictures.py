"""Encoded pictures as a viewer shows them: upright, laid on a background, of one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kbuilder.layers.pixels import fitted
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


@keras.saving.register_keras_serializable(package="kbuilder")
class Pictures(keras.layers.Layer):
    """Decodes pictures as viewers show them, resizes (bilinear, antialiased), sets the channels.

    Each is turned as its Exif says, and laid on a background where it is transparent. Of a GIF the
    first frame is taken. Read are PNG, JPEG (CMYK too), GIF whose first frame covers all of it,
    and BMP of 24 or 32 bits without compression; another kind, or more than 89 million pixels, is
    an error of TensorFlow.

    Args:
        height, width: Size of the pictures that come out, in pixels; >= 1.
        channels: 1 (grey), 3 (red, green, blue) or 4 (and alpha, with no background).
        background: Red, green and blue of what is behind transparent pixels, 0 to 255.
        deep: Whether 16 bits are kept; pixels of 8 bits are then multiplied by 257.

    Input shape: (batch,) string, each an encoded picture.
    Output shape: (batch, height, width, channels), uint8; float32 of 0 to 65,535 if `deep`.
    Source: the orientation is that of Exif 2.32, CIPA DC-008 (2019), tag 0x0112.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        background: Sequence[int] = (255, 255, 255),
        deep: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.height = height
        self.width = width
        self.channels = channels
        self.background = tuple(background)
        self.deep = deep

    def call(self, contents: Any) -> Any:
        return self._all(tf.convert_to_tensor(contents))

    # A graph of its own: each picture costs a hundred operations, which are slow one by one.
    @tf.function(reduce_retracing=True, autograph=False)
    def _all(self, contents: Any) -> Any:
        dtype = tf.float32 if self.deep else tf.uint8
        spec = tf.TensorSpec((self.height, self.width, self.channels), dtype)
        return tf.map_fn(self._read, contents, fn_output_signature=spec)

    def _read(self, content: Any) -> Any:
        head = _bytes(content, 0, HEAD)
        kind = tf.constant(0)
        for place, magic in enumerate(MAGIC, 1):
            kind = tf.where(_begins(head, magic), place, kind)
        branches = (_refused, self._jpeg, self._png, self._gif, _bmp)
        images = [lambda branch=branch: self._wide(branch(content, head)) for branch in branches]
        image = tf.switch_case(kind, images)
        image.set_shape((None, None, 4 if self.channels == 4 else 3))
        image = fitted(image, self.height, self.width, self.channels)
        return tf.cast(image, tf.float32) if self.deep else image

    def _wide(self, image: Any) -> Any:
        """With the bits and the channels that all kinds have."""
        if self.deep and image.dtype == tf.uint8:
            image = tf.cast(image, tf.uint16) * tf.constant(257, tf.uint16)
        if self.channels == 4 and image.shape[-1] == 3:
            image = tf.pad(image, ((0, 0), (0, 0), (0, 1)), constant_values=image.dtype.max)
        return image

    def _png(self, content: Any, head: Any) -> Any:
        width, height, colours = _big(head[16:20]), _big(head[20:24]), head[25]
        content = _bounded(content, width, height)
        dtype = tf.uint16 if self.deep else tf.uint8
        marked = _mentions(content, b"eXIf") | _mentions(content, b"tRNS")
        nothing = tf.constant(b""), tf.constant(False)
        exif, clear = tf.cond(marked, lambda: _chunks(content), lambda: nothing)

        def transparent() -> Any:
            image = tf.io.decode_png(content, 4, dtype)
            return image if self.channels == 4 else self._laid(image)

        def plain() -> Any:
            return self._wide(tf.io.decode_png(content, 3, dtype))

        image = tf.cond((colours == 4) | (colours == 6) | clear, transparent, plain)
        return _turned(image, _orientation(content, exif))

    def _laid(self, image: Any) -> Any:
        """Red, green, blue and alpha, laid on the background."""
        most = float(image.dtype.max)
        ground = tf.constant(self.background, tf.float32) * (most / 255.0)
        alpha = tf.cast(image[..., 3:], tf.float32) / most
        laid = ground + (tf.cast(image[..., :3], tf.float32) - ground) * alpha
        return tf.cast(tf.round(laid), image.dtype)

    def _jpeg(self, content: Any, head: Any) -> Any:
        shape = tf.cast(tf.io.extract_jpeg_shape(content), tf.int64)
        content = _bounded(content, shape[1], shape[0])
        printed = shape[2] == 4
        nothing = tf.constant(b""), tf.constant(False)
        exif, adobe = tf.cond(
            printed | _mentions(content, b"Exif\0\0"), lambda: _segments(content), lambda: nothing
        )
        marked = tf.cond(
            printed & ~adobe,
            lambda: tf.strings.join([ADOBE, tf.strings.substr(content, 2, REST)]),
            lambda: content,
        )
        # As accurate as Pillow and browsers: by default TensorFlow is off by up to 15 of 255.
        image = tf.io.decode_jpeg(marked, channels=3, dct_method="INTEGER_ACCURATE")
        return _turned(image, _orientation(content, exif))

    def _gif(self, content: Any, head: Any) -> Any:
        at, control = _first_frame(content, head)
        frame = _bytes(content, at, 10)
        width, height = _little(head[6:8]), _little(head[8:10])
        content = _bounded(content, width, height)
        whole = tf.reduce_all(tf.equal(frame[1:5], 0)) & tf.reduce_all(frame[5:9] == head[6:10])
        content = _given(
            whole, "it is a GIF whose first frame does not cover it. Expected another GIF, or a "
            "PNG", content,
        )  # fmt: skip
        clear = control[3] % 2 == 1
        if self.channels == 4:
            content = _given(
                ~clear, "it is a GIF with transparent pixels, and four channels are wanted. "
                "Expected a PNG", content,
            )  # fmt: skip
        # Transparent pixels get the background's colour: it is written into the palette.
        own = frame[9] >= 128
        place = tf.where(own, at + 10, tf.constant(13, tf.int64)) + 3 * control[6]
        first, rest = tf.constant(0, tf.int64), tf.constant(REST, tf.int64)
        after = tf.minimum(place + 3, _length(content))
        content = tf.cond(
            clear,
            lambda: tf.strings.join([
                tf.strings.substr(content, first, place), bytes(self.background),
                tf.strings.substr(content, after, rest),
            ]),
            lambda: content,
        )  # fmt: skip
        image = tf.io.decode_image(content, channels=3, expand_animations=False)
        return tf.ensure_shape(image, (None, None, 3))

    def get_config(self) -> dict[str, Any]:
        own = {
            "height": self.height, "width": self.width, "channels": self.channels,
            "background": list(self.background), "deep": self.deep,
        }  # fmt: skip
        return {**super().get_config(), **own}


def _refused(content: Any, head: Any) -> Any:
    """A kind that is not read: an error that names it."""
    name = tf.constant("no picture that is known")
    for place, magic, known in OTHERS:
        name = tf.where(_begins(head[place:], magic), known, name)
    reason = tf.strings.join([
        "it is ", name, ". Expected a PNG, a JPEG, a GIF, or a BMP of 24 or 32 bits",
    ])  # fmt: skip
    with tf.control_dependencies([_given(tf.constant(False), reason, content)]):
        return tf.zeros((1, 1, 3), tf.uint8)


def _bmp(content: Any, head: Any) -> Any:
    width, height = _little(head[18:22]), _little(head[22:26])
    height = tf.where(height >= 2**31, 2**32 - height, height)  # negative: from the top down
    content = _bounded(content, width, height)
    bits = _little(head[28:30])
    plain = (_little(head[14:18]) >= 40) & (_little(head[30:34]) == 0)
    content = _given(
        plain & ((bits == 24) | (bits == 32)),
        "it is a BMP with a palette, with compression, or of an old kind. Expected a BMP of 24 or "
        "32 bits without compression, or a PNG", content,
    )  # fmt: skip
    return tf.io.decode_bmp(content)[..., :3]  # of 32 bits 8 mean nothing


def _given(condition: Any, reason: Any, content: Any) -> Any:
    """The content, once it is sure that the condition holds."""
    checked = tf.raw_ops.Assert(condition=condition, data=[reason], summarize=1)
    with tf.control_dependencies([] if checked is None else [checked]):
        return tf.identity(content)


def _bounded(content: Any, width: Any, height: Any) -> Any:
    reason = f"it has more than {MOST // 10**6} million pixels. Expected a smaller picture"
    return _given(width * height <= MOST, reason, content)


def _length(content: Any) -> Any:
    return tf.cast(tf.strings.length(content), tf.int64)


def _bytes(content: Any, start: Any, count: int) -> Any:
    """So many bytes from a place on, 0 beyond the end. (count,) int64"""
    start = tf.clip_by_value(tf.cast(start, tf.int64), 0, _length(content))
    piece = tf.strings.substr(content, start, tf.constant(count, tf.int64))
    return tf.cast(tf.io.decode_raw(piece, tf.uint8, fixed_length=count), tf.int64)


def _part(content: Any, start: Any, count: Any, wanted: Any) -> Any:
    """So many bytes from a place on, as far as there are some; none if they are not wanted."""
    count = tf.where(wanted, tf.maximum(count, 0), 0)
    return tf.strings.substr(content, tf.minimum(start, _length(content)), count)


def _begins(values: Any, magic: bytes) -> Any:
    return tf.reduce_all(values[: len(magic)] == tf.constant(list(magic), tf.int64))


def _mentions(content: Any, word: bytes) -> Any:
    """Whether the bytes of a word stand anywhere in the content, wherever it may be by chance."""
    return tf.size(tf.raw_ops.StringSplitV2(input=[content], sep=word, maxsplit=1).values) > 1


def _big(values: Any) -> Any:
    """Bytes (..., n) as a whole number, the greatest first."""
    return tf.reduce_sum(values * [256**n for n in reversed(range(values.shape[-1]))], axis=-1)


def _little(values: Any) -> Any:
    """Bytes (..., n) as a whole number, the least first."""
    return tf.reduce_sum(values * [256**n for n in range(values.shape[-1])], axis=-1)


def _chunks(content: Any) -> tuple[Any, Any]:
    """Of a PNG: its Exif, or nothing; whether it says which colours are transparent."""

    def step(at: Any, exif: Any, clear: Any) -> tuple[Any, Any, Any]:
        head = _bytes(content, at, 14)
        size = _big(head[:4])
        named = tf.where(_begins(head[8:], b"Exif\0\0"), tf.constant(6, tf.int64), 0)
        found = _part(content, at + 8 + named, size - named, _begins(head[4:], b"eXIf"))
        exif = tf.where(_begins(head[4:], b"eXIf"), found, exif)
        clear |= _begins(head[4:], b"tRNS")
        following = at + 12 + size
        return tf.where(following < _length(content), following, 0), exif, clear

    start = tf.constant(8, tf.int64), tf.constant(b""), tf.constant(False)
    found = tf.while_loop(lambda at, *_: at > 0, step, start, maximum_iterations=STEPS)
    return found[1], found[2]


def _segments(content: Any) -> tuple[Any, Any]:
    """Of a JPEG: its Exif, or nothing; whether Adobe's mark says how colours are kept."""

    def step(at: Any, exif: Any, adobe: Any) -> tuple[Any, Any, Any]:
        head = _bytes(content, at, 10)
        kind = head[1]
        found = (kind == 0xE1) & _begins(head[4:], b"Exif\0\0") & tf.equal(exif, b"")
        exif = tf.where(found, _part(content, at + 10, _big(head[2:4]) - 8, found), exif)
        adobe |= (kind == 0xEE) & _begins(head[4:], b"Adobe")
        alone = (kind == 1) | ((kind >= 0xD0) & (kind <= 0xD8))
        size = tf.where(alone, tf.constant(2, tf.int64), 2 + _big(head[2:4]))
        size = tf.where(kind == 0xFF, tf.constant(1, tf.int64), size)
        ends = (head[0] != 0xFF) | (kind == 0xD9) | (kind == 0xDA)
        return tf.where(ends, tf.constant(0, tf.int64), at + size), exif, adobe

    start = tf.constant(2, tf.int64), tf.constant(b""), tf.constant(False)
    found = tf.while_loop(lambda at, *_: at > 0, step, start, maximum_iterations=STEPS)
    return found[1], found[2]


def _first_frame(content: Any, head: Any) -> tuple[Any, Any]:
    """Of a GIF: where its first frame begins; the eight bytes that say what is transparent."""
    palette = tf.where(head[10] >= 128, 3 * 2 ** (head[10] % 8 + 1), 0)

    def step(at: Any, inside: Any, control: Any) -> tuple[Any, Any, Any]:
        block = _bytes(content, at, 8)
        begins = ~inside & (block[0] == 0x21)
        control = tf.where(begins & (block[1] == 0xF9), block, control)
        size = tf.where(begins, tf.constant(2, tf.int64), block[0] + 1)
        return at + size, begins | (inside & (block[0] > 0)), control

    def going(at: Any, inside: Any, control: Any) -> Any:
        return inside | (_bytes(content, at, 1)[0] == 0x21)

    start = 13 + palette, tf.constant(False), tf.zeros(8, tf.int64)
    at, _, control = tf.while_loop(going, step, start, maximum_iterations=STEPS)
    return at, control


def _orientation(content: Any, exif: Any) -> Any:
    """How a picture is to be turned, 1 to 8, by its Exif, or by its XMP."""

    def by_exif() -> Any:
        head = _bytes(exif, 0, 8)

        def number(values: Any) -> Any:
            return tf.where(head[0] == ord("M"), _big(values), _little(values))

        entries = number(head[4:])
        count = number(_bytes(exif, entries, 2))
        table = tf.reshape(_bytes(exif, entries + 2, 12 * ENTRIES), (ENTRIES, 12))
        kind = number(table[:, 2:4])
        value = tf.where(kind == 3, number(table[:, 8:10]), number(table[:, 8:12]))
        ours = (number(table[:, :2]) == 0x0112) & (tf.range(ENTRIES, dtype=tf.int64) < count)
        ours &= (kind == 3) | (kind == 4)  # whole numbers of two or four bytes
        return tf.reduce_max(tf.where(ours, value, 0))

    def by_xmp() -> Any:
        split = tf.raw_ops.StringSplitV2(input=[content], sep="tiff:Orientation", maxsplit=1)
        after = _bytes(split.values[1], 0, 3)
        value = tf.where(_begins(after, b'="'), after[2], after[1]) - ord("0")
        return tf.where(_begins(after, b'="') | _begins(after, b">"), value, 0)

    none = tf.constant(0, tf.int64)
    found = tf.cond(tf.equal(exif, b""), lambda: none, by_exif)
    asked = tf.equal(found, 0) & _mentions(content, b"tiff:Orientation")
    found = tf.cond(asked, by_xmp, lambda: found)
    return tf.where((found > 0) & (found < 9), found, 1)


def _turned(image: Any, orientation: Any) -> Any:
    """The image upright: first its sides are swapped, then it is mirrored."""

    def one_of(*orientations: int) -> Any:
        return tf.reduce_any(orientation == tf.constant(orientations, tf.int64))

    def turned() -> Any:
        swapped = tf.cond(orientation > 4, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
        across = tf.cond(one_of(2, 3, 6, 7), lambda: tf.reverse(swapped, [1]), lambda: swapped)
        return tf.cond(one_of(3, 4, 7, 8), lambda: tf.reverse(across, [0]), lambda: across)

    return tf.cond(orientation > 1, turned, lambda: image)
