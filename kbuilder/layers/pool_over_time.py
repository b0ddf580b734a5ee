"""One vector from a sequence."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class PoolOverTime(keras.layers.Layer):
    """Mean, maximum, first or last of the steps that are not padding.

    Unlike Keras's own pooling it honours the mask in all kinds, and gives zeros, not NaN, for a
    sequence that is all padding.

    Args:
        kind: "average", "max", "first" or "last".

    Input shape: (batch, time, units), with a mask (batch, time) or without.
    Output shape: (batch, units).
    """

    def __init__(self, kind: Literal["average", "max", "first", "last"], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.supports_masking = True

    @property
    def of_operations(self) -> bool:
        """Whether it computes by Keras's operations alone, and has no weights."""
        return self.kind in ("average", "max")

    def call(self, sequence: Any, mask: Any = None) -> Any:
        if mask is None:
            if self.kind in ("first", "last"):
                return sequence[:, 0 if self.kind == "first" else -1]
            return (
                ops.mean(sequence, axis=1) if self.kind == "average" else ops.max(sequence, axis=1)
            )
        kept = ops.expand_dims(mask, -1)  # (batch, time, 1)
        if self.kind == "max":
            greatest = ops.max(ops.where(kept, sequence, -1e9), axis=1)
            return ops.where(ops.any(kept, axis=1), greatest, 0.0)
        if self.kind != "average":
            steps = ops.expand_dims(ops.arange(ops.shape(sequence)[1]), -1)  # (time, 1)
            if self.kind == "last":
                chosen = ops.max(ops.where(kept, steps, -1), axis=1, keepdims=True)
            else:
                chosen = ops.argmax(ops.cast(kept, "int32"), axis=1, keepdims=True)
            kept = ops.logical_and(kept, ops.equal(steps, ops.cast(chosen, steps.dtype)))
        weight = ops.cast(kept, sequence.dtype)
        return ops.sum(sequence * weight, axis=1) / ops.maximum(ops.sum(weight, axis=1), 1.0)

    def compute_mask(self, sequence: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], shape[-1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind}
