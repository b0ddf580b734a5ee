"""Pooling along time that skips padding."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class PoolSteps(keras.layers.Layer):
    """Maximum or mean of the real steps of each window; 0 of one that has none.

    Args:
        kind: "max" or "average".
        pool_size: Steps of a window, >= 1.
        strides: Steps from one window to the next, >= 1; None: as many as a window has.
        padding: "valid", "same", or "end": the last window may reach over the end.

    Input shape: (batch, time, d), with a mask (batch, time) or without.
    Output shape: (batch, windows, d); it has no mask, which `SlidMask` makes.
    """

    def __init__(
        self,
        kind: Literal["max", "average"],
        pool_size: int = 2,
        strides: int | None = None,
        padding: Literal["valid", "same", "end"] = "valid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.pool_size = pool_size
        self.strides = strides or pool_size
        self.padding = padding
        self.supports_masking = True

    def call(self, sequence: Any, mask: Any = None) -> Any:
        real = ops.ones_like(sequence[..., :1])
        if mask is not None:
            real = ops.cast(ops.expand_dims(mask, -1), sequence.dtype)
        padding = self.padding
        if padding == "end":
            missing = -ops.shape(sequence)[1] % self.pool_size
            sequence = ops.pad(sequence, ((0, 0), (0, missing), (0, 0)))
            real = ops.pad(real, ((0, 0), (0, missing), (0, 0)))
            padding = "valid"
        windows = (self.pool_size, self.strides, padding)
        some = ops.max_pool(real, *windows)
        if self.kind == "max":
            pooled = ops.max_pool(ops.where(real > 0, sequence, -1e9), *windows)
            return ops.where(some > 0, pooled, ops.zeros_like(pooled))
        # Each is a mean over as many steps, so that their quotient is one over the real ones.
        share = ops.average_pool(real, *windows)
        return ops.average_pool(sequence * real, *windows) / ops.where(some > 0, share, 1.0)

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, time, units = shape
        if time is None:
            return shape
        reach = self.pool_size if self.padding == "valid" else 1
        return batch, (time - reach) // self.strides + 1, units

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        own = {"kind": self.kind, "pool_size": self.pool_size, "strides": self.strides}
        return {**super().get_config(), **own, "padding": self.padding}
