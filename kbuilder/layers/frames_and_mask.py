"""A prepared video as its frames and its mask."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class FramesAndMask(keras.layers.Layer):
    """Takes off the row below each frame, which says whether it is real (`Clips`).

    Input shape: (batch, frames, height + 1, width, channels).
    Output shape: (batch, frames, height, width, channels), and the mask (batch, frames), booleans.
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def call(self, videos: Any) -> tuple[Any, Any]:
        return videos[:, :, :-1], ops.greater(ops.cast(videos[:, :, -1, 0, 0], "float32"), 0.5)

    def compute_output_spec(self, videos: Any) -> tuple[Any, Any]:
        batch, frames, height, *others = videos.shape
        given = keras.KerasTensor((batch, frames, height - 1, *others), dtype=videos.dtype)
        return given, keras.KerasTensor((batch, frames), dtype="bool")

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0
