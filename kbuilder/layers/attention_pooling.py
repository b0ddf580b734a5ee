"""One vector from a sequence, by attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class AttentionPooling(keras.layers.Layer):
    """The mean of the steps, weighted by how much each of them matters, which is learned.

    The score of a step x is v · tanh(W x + b); a softmax over the steps that are not padding makes
    weights of the scores. A sequence that is all padding gives zeros.

    Args:
        units: Rows of W, >= 1.

    Input shape: (batch, time, d), with a mask (batch, time) or without.
    Output shape: (batch, d).
    Source: Bahdanau et al. 2014, arXiv:1409.0473; Yang et al. 2016 (doi:10.18653/v1/N16-1174).
    """

    def __init__(self, units: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight((shape[-1], self.units), name="kernel")
        self.bias = self.add_weight((self.units,), initializer="zeros", name="bias")
        self.query = self.add_weight((self.units, 1), name="query")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        hidden = ops.tanh(ops.matmul(sequence, self.kernel) + self.bias)  # (batch, time, units)
        scores = ops.cast(ops.matmul(hidden, self.query), "float32")  # (batch, time, 1)
        if mask is None:
            weights = ops.softmax(scores, axis=1)
        else:
            kept = ops.expand_dims(mask, -1)
            weights = ops.softmax(ops.where(kept, scores, -1e9), axis=1)
            weights = ops.where(kept, weights, 0.0)  # or padding alone would share them out
        return ops.sum(sequence * ops.cast(weights, sequence.dtype), axis=1)

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], shape[-1]

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        time, units = shape
        return time * (units * self.units + self.units + units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
