"""Where in a sequence each step stands."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class Positions(keras.layers.Layer):
    """Adds to each step a vector of its place, from the left: without it attention sees a bag.

    Args:
        kind: "learned", for sequences of one length; or "sinusoidal", for any: sines, then
            cosines, of wavelengths from 2π to 20,000π, the input times √units before, as in the
            paper.

    Input shape: (batch, time, units).
    Output shape: as the input.
    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """

    def __init__(self, kind: Literal["learned", "sinusoidal"] = "learned", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        if self.kind == "learned":
            self.table = self.add_weight(shape[1:], initializer="uniform", name="table")

    def call(self, sequence: Any) -> Any:
        if self.kind == "learned":
            return sequence + self.table
        time, units = ops.shape(sequence)[1], sequence.shape[-1]
        half = (units + 1) // 2
        rates = 10_000.0 ** (-np.arange(half, dtype="float32") / half)
        angles = ops.cast(ops.arange(time), "float32")[:, None] * rates  # (time, half)
        table = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)[:, :units]
        return sequence * units**0.5 + ops.cast(table, sequence.dtype)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind}
