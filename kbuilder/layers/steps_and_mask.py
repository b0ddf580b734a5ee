"""A prepared sequence as its numbers and its mask."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class StepsAndMask(keras.layers.Layer):
    """Takes off the last number of each step, which says whether it is real (`Standardize`).

    Input shape: (batch, time, d + 1).
    Output shape: (batch, time, d), and the mask (batch, time), booleans.
    """

    def call(self, sequence: Any) -> tuple[Any, Any]:
        return sequence[..., :-1], ops.greater(sequence[..., -1], 0.5)

    def compute_output_spec(self, sequence: Any) -> tuple[Any, Any]:
        *steps, numbers = sequence.shape
        given = keras.KerasTensor((*steps, numbers - 1), dtype=sequence.dtype)
        return given, keras.KerasTensor(tuple(steps), dtype="bool")

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0
