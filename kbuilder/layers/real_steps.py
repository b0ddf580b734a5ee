"""The steps of a sequence that are no padding."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RealSteps(keras.layers.Layer):
    """Puts 0 in place of steps that are padding: a window over them sees what is beyond an edge.

    Input shape: (batch, time, d), with a mask (batch, time) or without.
    Output shape: as the input; it has no mask.
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, sequence: Any, mask: Any = None) -> Any:
        if mask is None:
            return sequence
        return ops.where(ops.expand_dims(mask, -1), sequence, ops.cast(0.0, sequence.dtype))

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0
