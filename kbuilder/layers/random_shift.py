"""Each image moved by whole pixels."""

from __future__ import annotations

from typing import Any, Literal

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RandomShift(keras.layers.Layer):
    """In training, moves each image by whole pixels of its own draw; else does nothing.

    To pad by n pixels of 0 and crop a window of the old size anywhere is the same as to move by up
    to n pixels with fill mode "constant".

    Args:
        height, width: Most pixels down or up, and right or left; >= 0. Every number of them is
            equally likely.
        fill_mode: What comes in from outside: "constant" (0), "nearest" (the pixel at the edge) or
            "reflect" (the image mirrored at its edge).
        seed: Of the draws; None: as `keras.utils.set_random_seed` says.

    Input shape: (batch, height, width, channels).
    Output shape: the same.
    """

    def __init__(
        self,
        height: int,
        width: int,
        fill_mode: Literal["constant", "nearest", "reflect"] = "constant",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height = height
        self.width = width
        self.fill_mode = fill_mode
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        images = self._moved(images, 1, self.height)
        return self._moved(images, 2, self.width)

    def _moved(self, images: Any, axis: int, most: int) -> Any:
        """The images moved along one axis."""
        if not most:
            return images
        count, length = ops.shape(images)[0], images.shape[axis]
        steps = keras.random.randint((count, 1), -most, most + 1, seed=self.seed_generator)
        places = ops.arange(length, dtype="int32") - steps  # (batch, length)
        inside = (places >= 0) & (places < length)
        if self.fill_mode == "reflect":
            places = ops.mod(places, 2 * length)
            places = ops.minimum(places, 2 * length - 1 - places)
        moved = tf.gather(images, ops.clip(places, 0, length - 1), axis=axis, batch_dims=1)
        if self.fill_mode != "constant":
            return moved
        shape = (-1, length, 1, 1) if axis == 1 else (-1, 1, length, 1)
        return ops.where(ops.reshape(inside, shape), moved, ops.zeros((), moved.dtype))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        own = {
            "height": self.height,
            "width": self.width,
            "fill_mode": self.fill_mode,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
