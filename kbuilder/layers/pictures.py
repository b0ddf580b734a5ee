"""Encoded pictures as a viewer shows them: upright, laid on a background, of one size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from kbuilder.layers.picture_heads import (
    ADOBE,
    HEAD,
    MAGIC,
    REST,
    begins_with,
    big,
    bmp,
    bounded,
    bytes_at,
    first_frame,
    given,
    in_chunks,
    in_segments,
    length,
    little,
    mentions,
    orientation_of,
    plain,
    refuse,
    turn,
)
from kbuilder.layers.pixels import fitted

EXACT = "INTEGER_ACCURATE"
"""As accurate as Pillow and browsers: by default TensorFlow is off by up to 15 of 255."""
GRAPHS: dict[tuple[Any, ...], Any] = {}
"""What layers with the same settings compute, by these settings.

It is a graph, since each picture costs a hundred operations, which are slow one by one; and one for
all, since it takes a second to trace.
"""


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

    Attributes:
        way: The way in which all it is called with can be read, as `plain` numbers them; None: the
            graph looks which it is, and takes a second longer to trace.

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
        self.way: int | None = None

    def call(self, contents: Any) -> Any:
        settings = (self.height, self.width, self.channels, self.background, self.deep, self.way)
        key = (type(self), *settings)
        if key not in GRAPHS:
            GRAPHS[key] = tf.function(
                partial(self._all, way=self.way),
                input_signature=[tf.TensorSpec((None,), tf.string)],
                autograph=False,
            )
        return GRAPHS[key](tf.convert_to_tensor(contents))

    def _all(self, contents: Any, way: int | None) -> Any:
        dtype = tf.float32 if self.deep else tf.uint8
        spec = tf.TensorSpec((self.height, self.width, self.channels), dtype)

        def all_by(read: Any) -> Any:
            return lambda: tf.map_fn(read, contents, fn_output_signature=spec)

        ways = [all_by(self._read), all_by(self._plain), all_by(self._as_it_is)]
        if way:
            return ways[way]()
        return tf.switch_case(plain(contents, self.height, self.width), ways)

    def _plain(self, content: Any) -> Any:
        """A JPEG that is only resized: a tenth of the operations, for many at a time."""
        return self._fitted(self._wide(tf.io.decode_jpeg(content, channels=3, dct_method=EXACT)))

    def _as_it_is(self, content: Any) -> Any:
        """A JPEG of the size that comes out."""
        image = tf.io.decode_jpeg(content, channels=3, dct_method=EXACT)
        return self._fitted(self._wide(tf.ensure_shape(image, (self.height, self.width, 3))))

    def _fitted(self, image: Any) -> Any:
        image = fitted(image, self.height, self.width, self.channels)
        return tf.cast(image, tf.float32) if self.deep else image

    def _read(self, content: Any) -> Any:
        head = bytes_at(content, 0, HEAD)
        kind = tf.constant(0)
        for place, magic in enumerate(MAGIC, 1):
            kind = tf.where(begins_with(head, magic), place, kind)
        branches = (refuse, self._jpeg, self._png, self._gif, bmp)
        images = [lambda branch=branch: self._wide(branch(content, head)) for branch in branches]
        image = tf.switch_case(kind, images)
        image.set_shape((None, None, 4 if self.channels == 4 else 3))
        return self._fitted(image)

    def _wide(self, image: Any) -> Any:
        """With the bits and the channels that all kinds have."""
        if self.deep and image.dtype == tf.uint8:
            image = tf.cast(image, tf.uint16) * tf.constant(257, tf.uint16)
        if self.channels == 4 and image.shape[-1] == 3:
            image = tf.pad(image, ((0, 0), (0, 0), (0, 1)), constant_values=image.dtype.max)
        return image

    def _png(self, content: Any, head: Any) -> Any:
        width, height, colours = big(head[16:20]), big(head[20:24]), head[25]
        content = bounded(content, width, height)
        dtype = tf.uint16 if self.deep else tf.uint8
        marked = mentions(content, b"eXIf") | mentions(content, b"tRNS")
        nothing = tf.constant(b""), tf.constant(False)
        exif, clear = tf.cond(marked, lambda: in_chunks(content), lambda: nothing)

        def transparent() -> Any:
            image = tf.io.decode_png(content, 4, dtype)
            return image if self.channels == 4 else self._laid(image)

        def plain() -> Any:
            return self._wide(tf.io.decode_png(content, 3, dtype))

        image = tf.cond((colours == 4) | (colours == 6) | clear, transparent, plain)
        return turn(image, orientation_of(content, exif))

    def _laid(self, image: Any) -> Any:
        """Red, green, blue and alpha, laid on the background."""
        most = float(image.dtype.max)
        ground = tf.constant(self.background, tf.float32) * (most / 255.0)
        alpha = tf.cast(image[..., 3:], tf.float32) / most
        laid = ground + (tf.cast(image[..., :3], tf.float32) - ground) * alpha
        return tf.cast(tf.round(laid), image.dtype)

    def _jpeg(self, content: Any, head: Any) -> Any:
        shape = tf.cast(tf.io.extract_jpeg_shape(content), tf.int64)
        content = bounded(content, shape[1], shape[0])
        printed = shape[2] == 4
        nothing = tf.constant(b""), tf.constant(False)
        exif, adobe = tf.cond(
            printed | mentions(content, b"Exif\0\0"),
            lambda: in_segments(content),
            lambda: nothing,
        )
        marked = tf.cond(
            printed & ~adobe,
            lambda: tf.strings.join([ADOBE, tf.strings.substr(content, 2, REST)]),
            lambda: content,
        )
        image = tf.io.decode_jpeg(marked, channels=3, dct_method=EXACT)
        return turn(image, orientation_of(content, exif))

    def _gif(self, content: Any, head: Any) -> Any:
        at, control = first_frame(content, head)
        frame = bytes_at(content, at, 10)
        width, height = little(head[6:8]), little(head[8:10])
        content = bounded(content, width, height)
        whole = tf.reduce_all(tf.equal(frame[1:5], 0)) & tf.reduce_all(frame[5:9] == head[6:10])
        content = given(
            whole, "it is a GIF whose first frame does not cover it. Expected another GIF, or a "
            "PNG", content,
        )  # fmt: skip
        clear = control[3] % 2 == 1
        if self.channels == 4:
            content = given(
                ~clear, "it is a GIF with transparent pixels, and four channels are wanted. "
                "Expected a PNG", content,
            )  # fmt: skip
        # Transparent pixels get the background's colour: it is written into the palette.
        own = frame[9] >= 128
        place = tf.where(own, at + 10, tf.constant(13, tf.int64)) + 3 * control[6]
        first, rest = tf.constant(0, tf.int64), tf.constant(REST, tf.int64)
        after = tf.minimum(place + 3, length(content))
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
