"""Images of one size, decoded where they are files."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class Pixels(keras.layers.Layer):
    """Decodes, resizes (bilinear, antialiased) and brings to a number of channels.

    Args:
        height, width: Size of the images that come out, in pixels.
        channels: 1 (grey) or 3 (red, green, blue).
        channels_first: Whether arrays of four axes are (batch, channels, height, width).

    Input shape: (batch,) string, each an encoded JPEG, PNG, GIF or BMP (the first frame is taken);
        or (batch, height, width) or (batch, height, width, channels), uint8 or float32.
    Output shape: (batch, height, width, channels), uint8, or float32 where the input is.
    """

    def __init__(
        self, height: int, width: int, channels: int, channels_first: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.height = height
        self.width = width
        self.channels = channels
        self.channels_first = channels_first

    def call(self, images: Any) -> Any:
        images = tf.convert_to_tensor(images)
        if images.dtype == tf.string:
            spec = tf.TensorSpec((self.height, self.width, self.channels), tf.uint8)
            return tf.map_fn(self._decode, images, fn_output_signature=spec)
        if images.shape.rank == 3:
            images = images[..., None]
        elif self.channels_first:
            images = tf.transpose(images, [0, 2, 3, 1])
        return self._fit(images)

    def _decode(self, content: Any) -> Any:
        # Always in colour: TensorFlow reads neither GIF nor BMP as grey.
        image = tf.io.decode_image(content, channels=3, expand_animations=False)
        return self._fit(tf.ensure_shape(image, (None, None, 3)))

    def _fit(self, images: Any) -> Any:
        if images.shape[-1] != self.channels and images.shape[-1] is not None:
            grey = self.channels == 1
            images = images[..., :3]  # without transparency
            if grey:
                images = tf.image.rgb_to_grayscale(images)
            elif images.shape[-1] == 1:
                images = tf.image.grayscale_to_rgb(images)
        size = (self.height, self.width)
        if images.shape[-3:-1] != size:
            resized = tf.image.resize(images, size, antialias=True)
            if images.dtype == tf.uint8:
                resized = tf.round(tf.clip_by_value(resized, 0.0, 255.0))
            images = tf.cast(resized, images.dtype)
        return images

    def get_config(self) -> dict[str, Any]:
        own = {"height": self.height, "width": self.width, "channels": self.channels}
        return {**super().get_config(), **own, "channels_first": self.channels_first}
