"""Each image without a square of itself."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RandomCutout(keras.layers.Layer):
    """In training, sets a square of each image to 0, at a place of its own draw; else nothing.

    The centre of the square is any pixel of the image, so that it may stand out beyond the edge, as
    in the paper. Keras's RandomErasing erases a rectangle that lies within.

    Args:
        size: Side of the square in pixels; >= 1.
        seed: Of the draws; None: as `keras.utils.set_random_seed` says.

    Input shape: (batch, height, width, channels).
    Output shape: the same.
    Source: DeVries and Taylor 2017, arXiv:1708.04552.
    """

    def __init__(self, size: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        height, width = images.shape[1:3]
        rows, columns = self._cut(images, height), self._cut(images, width)
        cut = rows[:, :, None, None] & columns[:, None, :, None]
        return ops.where(cut, ops.zeros((), images.dtype), images)

    def _cut(self, images: Any, length: int) -> Any:
        """Which places along one axis the square covers. (batch, length)"""
        shape = (ops.shape(images)[0], 1)
        centre = keras.random.randint(shape, 0, length, seed=self.seed_generator)
        first = centre - self.size // 2
        places = ops.arange(length, dtype="int32")
        return (places >= first) & (places < first + self.size)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "seed": self.seed}
