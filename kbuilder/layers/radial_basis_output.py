"""A last layer that compares with fixed codes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class RadialBasisOutput(keras.layers.Layer):
    """Minus the squared distance to a fixed code of each class.

    The codes are -1 and +1 at random, which the paper allows beside pictures of the characters. One
    unit stands for two classes: it is the distance to the first less the distance to the second.

    Args:
        units: Units that come out, >= 1.
        seed: Of the codes.

    Input shape: (batch, d).
    Output shape: (batch, units).
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791), section
        II.B.
    """

    def __init__(self, units: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.seed = seed

    def build(self, shape: tuple[int | None, ...]) -> None:
        def codes(shape: Any, dtype: Any = None) -> Any:
            signs = np.random.default_rng(self.seed).choice([-1.0, 1.0], shape[::-1]).T
            return ops.convert_to_tensor(signs, dtype)

        self.codes = self.add_weight(
            (shape[-1], max(self.units, 2)), initializer=codes, trainable=False, name="codes"
        )

    def call(self, values: Any) -> Any:
        squares = ops.sum(ops.square(values), axis=-1, keepdims=True)
        # A code of d signs has the square d.
        distances = squares + values.shape[-1] - 2 * ops.matmul(values, self.codes)
        return distances[:, :1] - distances[:, 1:] if self.units == 1 else -distances

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return *shape[:-1], self.units

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return shape[-1] * max(self.units, 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "seed": self.seed}
