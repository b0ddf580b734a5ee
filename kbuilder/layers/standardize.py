"""Numbers with mean 0 and deviation 1."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class Standardize(keras.layers.Layer):
    """Subtracts a mean and divides by a deviation, both known beforehand.

    A missing value (NaN) becomes the mean, which is 0; with `indicator` a second column says
    where, so that the network can learn what missing means.

    Args:
        mean: Subtracted from each value.
        scale: Each value is divided by it; > 0.
        indicator: Whether to add the column that is 1 where the value is missing.

    Input shape: (batch,) float32, NaN where missing; or (batch, ...), without indicator.
    Output shape: (batch, 1), with indicator (batch, 2); or as the input.
    """

    def __init__(self, mean: float, scale: float, indicator: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.mean = mean
        self.scale = scale
        self.indicator = indicator

    def call(self, values: Any) -> Any:
        values = tf.convert_to_tensor(values)
        values = values[:, None] if values.shape.rank == 1 else values
        absent = tf.math.is_nan(values)
        # A product: in a graph TensorFlow makes one of a division, and the last bit would differ.
        scaled = tf.where(absent, 0.0, (values - self.mean) * (1.0 / self.scale))
        if not self.indicator:
            return scaled
        return tf.concat([scaled, tf.cast(absent, scaled.dtype)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"mean": self.mean, "scale": self.scale, "indicator": self.indicator}
        return {**super().get_config(), **own}
