"""A vector per column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class FeatureTokenizer(keras.layers.Layer):
    """A token per column: a linear function of the column's own numbers, with its own bias.

    Of a one-hot column it is an embedding of the value, of a number its multiple of one vector.

    Args:
        widths: How many numbers each column has, in their order; each >= 1, d in all.
        units: Length of a token, >= 1.

    Input shape: (batch, d).
    Output shape: (batch, columns, units).
    Source: Gorishniy et al. 2021, arXiv:2106.11959.
    """

    def __init__(self, widths: Sequence[int], units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widths = list(widths)
        self.units = units

    def build(self, shape: tuple[int | None, ...]) -> None:
        limit = self.units**-0.5
        start = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight((shape[-1], self.units), initializer=start, name="kernel")
        bias = (len(self.widths), self.units)
        self.bias = self.add_weight(bias, initializer=start, name="bias")

    def call(self, vector: Any) -> Any:
        columns = len(self.widths)
        owner = np.repeat(np.eye(columns, dtype="float32"), self.widths, axis=0)  # (d, columns)
        blocks = ops.cast(owner, vector.dtype)[:, :, None] * self.kernel[:, None, :]
        tokens = ops.matmul(vector, ops.reshape(blocks, (-1, columns * self.units)))
        return ops.reshape(tokens, (-1, columns, self.units)) + self.bias

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], len(self.widths), self.units

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        # A product of the whole vector, in which the blocks are zero where a column is not.
        return shape[-1] * len(self.widths) * self.units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "widths": self.widths, "units": self.units}
