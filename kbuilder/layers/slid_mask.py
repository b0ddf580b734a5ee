"""The mask of what a window gives that slides over steps."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class SlidMask(keras.layers.Layer):
    """Which places of a convolution or a pooling along time are real.

    Where windows stay within the sequence ("valid") these are the windows that hold no padding, or,
    in a row with fewer real steps than a window, those that hold all of them. So a row gives the
    same, however much padding it has. Else they are the windows that hold a real step; of those
    that move step by step, the ones in whose place a real step is.

    Args:
        size: Steps of a window, with those between its cells, >= 1.
        strides: Steps from one window to the next, >= 1.
        padding: "valid", "same", "causal" or "end" (`PoolSteps`).

    Input shape: (batch, time), booleans.
    Output shape: (batch, windows), booleans.
    """

    def __init__(
        self,
        size: int,
        strides: int = 1,
        padding: Literal["valid", "same", "causal", "end"] = "valid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.strides = strides
        self.padding = padding

    def call(self, mask: Any) -> Any:
        if self.padding in ("same", "causal") and self.strides == 1:
            return mask
        if self.padding == "causal":
            return mask[:, :: self.strides]
        real = ops.cast(ops.expand_dims(mask, -1), "float32")
        if self.padding == "end":
            missing = -ops.shape(mask)[1] % self.strides
            real = ops.pad(real, ((0, 0), (0, missing), (0, 0)))
        if self.padding != "valid":
            padding = "same" if self.padding == "same" else "valid"
            return ops.max_pool(real, self.size, self.strides, padding)[..., 0] > 0
        share = ops.average_pool(real, self.size, self.strides, "valid")[..., 0]
        most = ops.max(share, axis=1, keepdims=True)
        return ops.logical_and(share > 0, share > most - 0.5 / self.size)

    def compute_output_spec(self, mask: Any) -> Any:
        batch, time = mask.shape
        if time is not None:
            reach = self.size if self.padding == "valid" else 1
            time = (time - reach) // self.strides + 1
        return keras.KerasTensor((batch, time), dtype="bool")

    def multiply_adds(self, shape: Any) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        own = {"size": self.size, "strides": self.strides, "padding": self.padding}
        return {**super().get_config(), **own}
