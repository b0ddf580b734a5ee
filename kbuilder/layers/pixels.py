"""Arrays of pixels, brought to one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

GREY = (19_595, 38_470, 7_471)
"""How much red, green and blue count in grey, of 65,536: ITU-R BT.601, as Pillow rounds it."""


@keras.saving.register_keras_serializable(package="kbuilder")
class Pixels(keras.layers.Layer):
    """Resizes (bilinear, antialiased) and brings to a number of channels.

    Args:
        height, width: Size of the images that come out, in pixels.
        channels: 1 (grey), 3 (red, green, blue), or 4.
        channels_first: Whether arrays of four axes are (batch, channels, height, width).
        shape: The shape that rows are given first; left out: they keep theirs.

    Input shape: (batch, height, width) or (batch, height, width, channels), uint8 or float32; with
        `shape` any of as many numbers.
    Output shape: (batch, height, width, channels), of the same dtype.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        channels_first: bool = False,
        shape: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.height = height
        self.width = width
        self.channels = channels
        self.channels_first = channels_first
        self.shape = shape

    def call(self, images: Any) -> Any:
        images = tf.convert_to_tensor(images)
        if self.shape is not None:
            images = tf.reshape(images, (-1, *self.shape))
        if images.shape.rank == 3:
            images = images[..., None]
        elif self.channels_first:
            images = tf.transpose(images, [0, 2, 3, 1])
        return fitted(images, self.height, self.width, self.channels)

    def get_config(self) -> dict[str, Any]:
        own = {"height": self.height, "width": self.width, "channels": self.channels}
        axes = {"channels_first": self.channels_first, "shape": self.shape}
        return {**super().get_config(), **own, **axes}


def fitted(images: Any, height: int, width: int, channels: int) -> Any:
    """Images (..., height, width, channels) of another size and other channels, rounded."""
    if images.shape[-1] != channels:
        images = images[..., :3]
        if channels == 1:
            images = _grey(images)
        elif images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
    if images.shape[-3:-1] != (height, width):
        resized = tf.image.resize(images, (height, width), antialias=True)
        if images.dtype.is_integer:
            resized = tf.round(tf.clip_by_value(resized, 0.0, float(images.dtype.max)))
        images = tf.cast(resized, images.dtype)
    return images


def _grey(images: Any) -> Any:
    """Red, green and blue as grey; what is grey stays so, to the bit."""
    exact = tf.float64 if images.dtype in (tf.uint16, tf.float64) else tf.float32
    shares = tf.constant([[share] for share in GREY], exact)
    grey = tf.tensordot(tf.cast(images, exact), shares, 1) / 65_536  # (..., height, width, 1)
    if images.dtype.is_integer:
        grey = tf.floor(grey + 0.5)
    return tf.cast(grey, images.dtype)
