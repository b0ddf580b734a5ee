"""A step that stands for the whole sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class ClassToken(keras.layers.Layer):
    """Puts one learned step before all others; what attention gathers there is the answer.

    Input shape: (batch, time, units), with a mask (batch, time) or without.
    Output shape: (batch, 1 + time, units); the new step is never padding.
    Source: Devlin et al. 2018, arXiv:1810.04805.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.token = self.add_weight((1, 1, shape[-1]), initializer="uniform", name="token")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(sequence)[0], 1, sequence.shape[-1]))
        return ops.concatenate([ops.cast(token, sequence.dtype), sequence], axis=1)

    def compute_mask(self, sequence: Any, mask: Any = None) -> Any:
        return None if mask is None else ops.pad(mask, ((0, 0), (1, 0)), constant_values=True)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], None if shape[1] is None else shape[1] + 1, shape[2]

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return 0
