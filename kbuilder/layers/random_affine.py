"""Each image turned and brought nearer or further."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RandomAffine(keras.layers.Layer):
    """In training, turns and zooms each image by its own draw; else does nothing.

    The centre stays where it is; between pixels values are interpolated (bilinear). Unlike Keras's
    RandomRotation and RandomZoom it is made of operations that XLA can compile.

    Args:
        rotation: Greatest angle in degrees, to either side; >= 0.
        zoom: Greatest change of size: each image is drawn 1 - zoom to 1 + zoom times as large,
            its shape kept; 0 <= zoom < 1.
        fill_mode: What comes in from outside: "constant" (0), "nearest" (the pixel at the edge) or
            "reflect" (the image mirrored at its edge).
        seed: Of the draws; None: as `keras.utils.set_random_seed` says.

    Input shape: (batch, height, width, channels), floats.
    Output shape: the same.
    """

    def __init__(
        self,
        rotation: float = 0.0,
        zoom: float = 0.0,
        fill_mode: Literal["constant", "nearest", "reflect"] = "constant",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rotation = rotation
        self.zoom = zoom
        self.fill_mode = fill_mode
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        height, width, channels = images.shape[1:]
        # In float32 under any policy: bfloat16 cannot tell the pixels of a large image apart.
        angle = self._draw(images, math.radians(self.rotation))
        size = 1.0 + self._draw(images, self.zoom)
        down = ops.arange(height, dtype="float32")[:, None] - (height - 1) / 2
        right = ops.arange(width, dtype="float32")[None, :] - (width - 1) / 2
        cosine, sine = ops.cos(angle) / size, ops.sin(angle) / size
        y = cosine * down - sine * right + (height - 1) / 2  # (batch, height, width)
        x = sine * down + cosine * right + (width - 1) / 2
        top, left = ops.floor(y), ops.floor(x)
        flat = ops.reshape(images, (-1, height * width, channels))
        corners = (
            self._weighted(
                flat, row, column, (height, width), (1 - abs(y - row)) * (1 - abs(x - column))
            )
            for row in (top, top + 1)
            for column in (left, left + 1)
        )
        return sum(corners)

    def _draw(self, images: Any, most: float) -> Any:
        """A number of -most to most for each image. (batch, 1, 1)"""
        shape = (ops.shape(images)[0], 1, 1)
        return keras.random.uniform(shape, -most, most, "float32", self.seed_generator)

    def _weighted(
        self, flat: Any, row: Any, column: Any, size: tuple[int, int], weight: Any
    ) -> Any:
        """The pixels at whole places, times their weights. (batch, height, width, channels)"""
        height, width = size
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        if self.fill_mode == "constant":
            weight = ops.where(inside, weight, 0.0)
        place = self._index(row, height) * width + self._index(column, width)
        pixels = tf.gather(flat, place, axis=1, batch_dims=1)
        return pixels * ops.cast(weight, flat.dtype)[..., None]

    def _index(self, places: Any, length: int) -> Any:
        places = ops.cast(places, "int32")
        if self.fill_mode == "reflect":
            places = ops.mod(places, 2 * length)
            places = ops.minimum(places, 2 * length - 1 - places)
        return ops.clip(places, 0, length - 1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        own = {
            "rotation": self.rotation,
            "zoom": self.zoom,
            "fill_mode": self.fill_mode,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
