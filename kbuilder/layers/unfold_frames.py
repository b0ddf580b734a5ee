"""Examples that were frames as the steps of a sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class UnfoldFrames(keras.layers.Layer):
    """Makes steps of examples again; see `FoldFrames`.

    Args:
        frames: Of a video; >= 1.

    Input shape: (batch × frames, d).
    Output shape: (batch, frames, d).
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def __init__(self, frames: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, vectors: Any) -> Any:
        return ops.reshape(vectors, (-1, self.frames, vectors.shape[-1]))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (None, self.frames, shape[-1])

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def times(self, shape: tuple[int | None, ...]) -> float:
        """How many examples become of one."""
        return 1 / self.frames

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "frames": self.frames}
