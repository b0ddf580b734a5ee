"""The squashing function of LeNet-5."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class ScaledTanh(keras.layers.Layer):
    """1.7159 tanh(2x / 3), which takes 1 to 1 and -1 to -1.

    Input shape: any.
    Output shape: the same.
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791), appendix
        A.
    """

    def call(self, values: Any) -> Any:
        return 1.7159 * ops.tanh(values * (2 / 3))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape
