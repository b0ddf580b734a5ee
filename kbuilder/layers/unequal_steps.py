"""Which steps of a sequence have numbers of their own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class UnequalSteps(keras.layers.Layer):
    """The mask that Keras's Masking makes: steps of which not all numbers equal one value.

    Args:
        value: The numbers of padding.

    Input shape: (batch, time, d), with a mask (batch, time) or without.
    Output shape: (batch, time), booleans: real steps of the mask that was there, too.
    """

    def __init__(self, value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.supports_masking = True

    def call(self, sequence: Any, mask: Any = None) -> Any:
        there = ops.any(ops.not_equal(sequence, self.value), axis=-1)
        return there if mask is None else ops.logical_and(there, mask)

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        return None

    def compute_output_spec(self, sequence: Any, mask: Any = None) -> Any:
        return keras.KerasTensor(sequence.shape[:-1], dtype="bool")

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value": self.value}
