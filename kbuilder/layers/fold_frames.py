"""Each frame of a video as an example of its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class FoldFrames(keras.layers.Layer):
    """Makes examples of steps: a network behind it sees one frame at a time; see `UnfoldFrames`.

    Input shape: (batch, frames, …), the number of frames known.
    Output shape: (batch × frames, …).
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def call(self, videos: Any) -> Any:
        return ops.reshape(videos, (-1, *videos.shape[2:]))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (None, *shape[2:])

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def times(self, shape: tuple[int | None, ...]) -> float:
        """How many examples become of one, whose shape has no batch."""
        return shape[0] or 1
