"""The moving average of a series."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class MovingAverage(keras.layers.Layer):
    """The mean of the steps about each one; the first and the last are repeated beyond the ends.

    Args:
        size: Steps of a mean, >= 1; of an even number one more lies before the step than after it.

    Input shape: (batch, time, d).
    Output shape: the same.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def call(self, steps: Any) -> Any:
        before, after = self.size // 2, (self.size - 1) // 2
        ends = [ops.repeat(steps[:, :1], before, axis=1), steps]
        ends.append(ops.repeat(steps[:, -1:], after, axis=1))
        return ops.average_pool(ops.concatenate(ends, axis=1), self.size, 1, "valid")

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
