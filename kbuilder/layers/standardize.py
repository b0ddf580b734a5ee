"""Numbers with mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Each = float | Sequence[float]
"""One number for all values, or one for each along the last axis."""


@keras.saving.register_keras_serializable(package="kbuilder")
class Standardize(keras.layers.Layer):
    """Subtracts a mean and divides by a deviation, both known beforehand.

    The mean is subtracted in the dtype of the values: of float64 no offset is too large. A missing
    value (NaN) becomes the mean, which is 0; with `indicator` a second column says where, so that
    the network can learn what missing means.

    Args:
        mean: Subtracted from each value.
        scale: Each value is divided by it; > 0.
        indicator: Whether to add the column that is 1 where the value is missing.
        bounds: The least and the greatest value; what is beyond counts as the nearest of them.
        shape: The shape that rows are given first; left out: they keep theirs.
        channels_first: Whether the first axis of a row becomes the last then.

    Input shape: (batch,) float32 or float64, NaN where missing; or (batch, ...).
    Output shape: (batch, 1) float32; or as the input, or as `shape`. With indicator the last axis
        is twice as long.
    """

    def __init__(
        self,
        mean: Each,
        scale: Each,
        indicator: bool = False,
        bounds: tuple[Each, Each] | None = None,
        shape: Sequence[int] | None = None,
        channels_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.mean = mean
        self.scale = scale
        self.indicator = indicator
        self.bounds = bounds
        self.shape = shape
        self.channels_first = channels_first

    def call(self, values: Any) -> Any:
        values = self._arranged(values)
        centred = tf.cast(self._bounded(values, 0.0) - _constant(self.mean, values), tf.float32)
        return self._scaled(centred, tf.math.is_nan(values))

    def of_centred(self, values: Any) -> Any:
        """The same of values from which the mean has been subtracted already, as float32."""
        values = self._arranged(values)
        return self._scaled(self._bounded(values, self.mean), tf.math.is_nan(values))

    def _arranged(self, values: Any) -> Any:
        """A tensor of two axes at least, its channels last."""
        values = tf.convert_to_tensor(values)
        if self.shape is not None:
            values = tf.reshape(values, (-1, *self.shape))
        if self.channels_first:
            rank = values.shape.rank
            values = tf.transpose(values, [0, *range(2, rank), 1])
        return values[:, None] if values.shape.rank == 1 else values

    def _bounded(self, values: Any, less: Each) -> Any:
        if self.bounds is None:
            return values
        low, high = (np.asarray(b, np.float64) - np.asarray(less) for b in self.bounds)
        return tf.clip_by_value(values, _constant(low, values), _constant(high, values))

    def _scaled(self, centred: Any, absent: Any) -> Any:
        # A product: in a graph TensorFlow makes one of a division, and the last bit would differ.
        factor = _constant(1.0 / np.asarray(self.scale, dtype=np.float64), centred)
        scaled = tf.where(absent, 0.0, centred * factor)
        if not self.indicator:
            return scaled
        return tf.concat([scaled, tf.cast(absent, scaled.dtype)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"mean": self.mean, "scale": self.scale, "indicator": self.indicator}
        axes = {"shape": self.shape, "channels_first": self.channels_first}
        return {**super().get_config(), **own, "bounds": self.bounds, **axes}


def _constant(value: Any, like: Any) -> Any:
    """Numbers in the dtype of a tensor."""
    return tf.constant(np.asarray(value, dtype=np.float64).astype(like.dtype.as_numpy_dtype))
