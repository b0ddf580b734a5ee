"""Each image with more or less contrast, brighter or darker."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RandomIntensity(keras.layers.Layer):
    """In training, changes contrast and brightness of each image by its own draw; else nothing.

    `(pixel - mean) * (1 + c) + mean + b`, with the mean of each channel of the image. Unlike
    Keras's RandomContrast and RandomBrightness it cuts nothing off, so that images may have
    negative pixels.

    Args:
        contrast: Most of c, to either side; 0 <= contrast <= 1.
        brightness: Most of b, to either side, on the scale of the pixels; >= 0.
        seed: Of the draws; None: as `keras.utils.set_random_seed` says.

    Input shape: (batch, height, width, channels), floats.
    Output shape: the same.
    """

    def __init__(
        self,
        contrast: float = 0.0,
        brightness: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contrast = contrast
        self.brightness = brightness
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        if self.contrast:
            mean = ops.mean(images, axis=(1, 2), keepdims=True)
            images = mean + (images - mean) * (1 + self._draw(images, self.contrast))
        return images + self._draw(images, self.brightness) if self.brightness else images

    def _draw(self, images: Any, most: float) -> Any:
        """A number of -most to most for each image. (batch, 1, 1, 1)"""
        shape = (ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, -most, most, images.dtype, self.seed_generator)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        own = {"contrast": self.contrast, "brightness": self.brightness, "seed": self.seed}
        return {**super().get_config(), **own}
