"""The mask of a sequence with a class token."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class TokenMask(keras.layers.Layer):
    """Adds the step that `ClassToken` puts before all others, which is never padding.

    Input shape: (batch, time), booleans.
    Output shape: (batch, 1 + time), booleans.
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def call(self, mask: Any) -> Any:
        return ops.pad(mask, ((0, 0), (1, 0)), constant_values=True)

    def compute_output_spec(self, mask: Any) -> Any:
        batch, time = mask.shape
        return keras.KerasTensor((batch, None if time is None else time + 1), dtype="bool")

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0
