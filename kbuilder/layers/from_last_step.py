"""Steps relative to the last one."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kbuilder")
class FromLastStep(keras.layers.Layer):
    """Each step of a sequence less its last one, which becomes 0.

    Input shape: (batch, time, d).
    Output shape: the same.
    """

    def call(self, steps: Any) -> Any:
        return steps - steps[:, -1:]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return 0
