"""What several columns of a table say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class Cross(keras.layers.Layer):
    """The outer product of parts of a vector: of one-hot parts, one 1 per combination of values.

    Args:
        parts: The first and the last place, exclusive, of each part.

    Input shape: (batch, d).
    Output shape: (batch, product of the lengths of the parts).
    Source: Cheng et al. 2016, arXiv:1606.07792.
    """

    def __init__(self, parts: Sequence[Sequence[int]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = [list(part) for part in parts]

    def call(self, vector: Any) -> Any:
        product = ops.ones_like(vector[:, :1])
        size = 1
        for start, stop in self.parts:
            size *= stop - start
            pairs = product[:, :, None] * vector[:, None, start:stop]
            product = ops.reshape(pairs, (-1, size))
        return product

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        size = 1
        for start, stop in self.parts:
            size *= stop - start
        return shape[0], size

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parts": self.parts}
