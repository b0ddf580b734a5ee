"""A shortcut without weights, between maps of different sizes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class IdentityShortcut(keras.layers.Layer):
    """The input itself: one pixel of each `strides` in both directions, then channels of zeros.

    Args:
        filters: Channels that come out, at least those that go in.
        strides: Step from pixel to pixel, >= 1.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, height / strides, width / strides, filters), rounded up.
    Source: He et al. 2015, arXiv:1512.03385, option A in section 3.3.
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides

    def call(self, values: Any) -> Any:
        values = values[:, :: self.strides, :: self.strides]
        new = self.filters - values.shape[-1]
        return ops.pad(values, [[0, 0], [0, 0], [0, 0], [0, new]])

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, _ = shape
        return batch, *(side and -(-side // self.strides) for side in sides), self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
