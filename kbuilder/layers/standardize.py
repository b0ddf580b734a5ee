"""Numbers with mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kbuilder.layers.first_steps import first_steps

Each = float | Sequence[float]
"""One number for all values, or one for each along the last axis."""


@keras.saving.register_keras_serializable(package="kbuilder")
class Standardize(keras.layers.Layer):
    """Subtracts a mean and divides by a deviation, both known beforehand.

    The mean is subtracted in the dtype of the values: of float64 no offset is too large. A missing
    value (NaN) becomes the mean, which is 0; with `indicator` a second column says where, so that
    the network can learn what missing means.

    With `steps` it takes sequences with padding at their ends: steps of which all numbers are
    missing, or equal `padding`. The real steps come first in what it gives, and a last number of
    each step says whether it is one. What equals padding between real steps is one of them.

    Args:
        mean: Subtracted from each value.
        scale: Each value is divided by it; > 0.
        indicator: Whether to add the column that is 1 where the value is missing.
        bounds: The least and the greatest value; what is beyond counts as the nearest of them.
        shape: The shape that rows are given first; left out: they keep theirs.
        channels_first: Whether the first axis of a row becomes the last then.
        steps: Of a sequence; of a longer one its last steps are taken. None: there is no padding.
        padding: What padding has, beside NaN; None: NaN alone.

    Input shape: (batch,) float32 or float64, NaN where missing; or (batch, ...); with steps
        (batch, time, d).
    Output shape: (batch, 1) float32; or as the input, or as `shape`; with steps (batch, steps, d).
        With indicator the last axis is twice as long; with steps it has one number more then.
    """

    def __init__(
        self,
        mean: Each,
        scale: Each,
        indicator: bool = False,
        bounds: tuple[Each, Each] | None = None,
        shape: Sequence[int] | None = None,
        channels_first: bool = False,
        steps: int | None = None,
        padding: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.mean = mean
        self.scale = scale
        self.indicator = indicator
        self.bounds = bounds
        self.shape = shape
        self.channels_first = channels_first
        self.steps = steps
        self.padding = padding

    def call(self, values: Any) -> Any:
        values, real = self._aligned(self._arranged(values), self.padding)
        centred = tf.cast(self._bounded(values, 0.0) - _constant(self.mean, values), tf.float32)
        return self._scaled(centred, tf.math.is_nan(values), real)

    def of_centred(self, values: Any) -> Any:
        """The same of values from which the mean has been subtracted already, as float32.

        Padding is NaN, whatever it is else.
        """
        values, real = self._aligned(self._arranged(values), None)
        return self._scaled(self._bounded(values, self.mean), tf.math.is_nan(values), real)

    def _aligned(self, values: Any, padding: float | None) -> tuple[Any, Any]:
        """The real steps, then as many others as there is room for, and which are real."""
        if self.steps is None:
            return values, None
        there = tf.logical_not(tf.reduce_all(tf.math.is_nan(values), axis=-1))  # (batch, time)
        if padding is not None:
            equal = tf.reduce_all(tf.equal(values, _constant(padding, values)), axis=-1)
            there = tf.logical_and(there, tf.logical_not(equal))
        taken, real = first_steps(values, there, self.steps)
        return taken, real[..., None]

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

    def _scaled(self, centred: Any, absent: Any, real: Any) -> Any:
        # A product: in a graph TensorFlow makes one of a division, and the last bit would differ.
        factor = _constant(1.0 / np.asarray(self.scale, dtype=np.float64), centred)
        scaled = tf.where(absent, 0.0, centred * factor)
        if self.indicator:
            scaled = tf.concat([scaled, tf.cast(absent, scaled.dtype)], axis=-1)
        if real is None:
            return scaled
        return tf.concat([tf.where(real, scaled, 0.0), tf.cast(real, scaled.dtype)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"mean": self.mean, "scale": self.scale, "indicator": self.indicator}
        axes = {"shape": self.shape, "channels_first": self.channels_first}
        masked = {"steps": self.steps, "padding": self.padding}
        return {**super().get_config(), **own, "bounds": self.bounds, **axes, **masked}


def _constant(value: Any, like: Any) -> Any:
    """Numbers in the dtype of a tensor."""
    return tf.constant(np.asarray(value, dtype=np.float64).astype(like.dtype.as_numpy_dtype))
