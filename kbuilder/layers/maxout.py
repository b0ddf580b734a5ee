"""The greatest of several linear functions."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class Maxout(keras.layers.Layer):
    """Each unit is the greatest of `pieces` linear functions of the input.

    Args:
        units: Units that come out, >= 1.
        pieces: Linear functions of each unit, >= 2.
        kernel_initializer, kernel_regularizer: As of `keras.layers.Dense`.

    Input shape: (…, d).
    Output shape: (…, units).
    Source: Goodfellow et al. 2013, arXiv:1302.4389.
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.pieces = pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        width = self.units * self.pieces
        self.kernel = self.add_weight(
            (shape[-1], width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight((width,), initializer="zeros", name="bias")

    def call(self, values: Any) -> Any:
        linear = ops.matmul(values, self.kernel) + self.bias  # (…, units * pieces)
        shape = (*ops.shape(linear)[:-1], self.units, self.pieces)
        return ops.max(ops.reshape(linear, shape), axis=-1)

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return math.prod(shape) * self.units * self.pieces

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return *shape[:-1], self.units

    def get_config(self) -> dict[str, Any]:
        own = {
            "units": self.units,
            "pieces": self.pieces,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
        return {**super().get_config(), **own}
