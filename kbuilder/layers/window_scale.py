"""A window of a series, relative to its own level and spread."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

LEAST = 1e-5
"""Of a window that is all alike, its spread; in the units of the series once it is standardised."""


@keras.saving.register_keras_serializable(package="kbuilder")
class WindowScale(keras.layers.Layer):
    """The first number of each step less the level of its window, divided by the window's spread.

    Other numbers of a step stay as they are. What was taken away comes out too, so that a forecast
    can be given it back.

    Args:
        level: mean: that of the window; last: its last value; none: nothing is taken away, as of
            what is no sequence.

    Input shape: (batch, time, d).
    Output shape: the same, and (batch, 2): level and spread of each window.
    Source: Kim et al. 2022, Reversible Instance Normalization (openreview cGDAkQo1C0p).
    """

    def __init__(self, level: str = "mean", **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.level = level

    def call(self, values: Any) -> Any:
        if self.level == "none" or len(values.shape) != 3:
            flat = ops.reshape(ops.cast(values, "float32"), (ops.shape(values)[0], -1))[:, :1] * 0
            return values, ops.concatenate([flat, flat + 1.0], axis=-1)
        series, others = values[:, :, :1], values[:, :, 1:]
        mean = ops.mean(series, axis=1, keepdims=True)
        spread = ops.sqrt(ops.mean(ops.square(series - mean), axis=1, keepdims=True))
        spread = ops.maximum(spread, LEAST)
        level = mean if self.level == "mean" else series[:, -1:]
        related = ops.concatenate([(series - level) / spread, others], axis=-1)
        return related, ops.concatenate([level, spread], axis=-1)[:, 0]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> Any:
        return shape, (shape[0], 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "level": self.level}
