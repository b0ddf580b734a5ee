"""Channels that damp their neighbours."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class LocalResponseNormalization(keras.layers.Layer):
    """Each value is divided by a power of the squares of its neighbours across channels.

    value / (k + alpha * (sum of the squares of the n channels around it)) ** beta. Alpha stands
    before the sum, as in the paper; some programs divide it by n.

    Args:
        k: Constant of the divisor, > 0.
        n: Channels that count, the own one in the middle; odd, >= 1.
        alpha: Weight of the squares, >= 0.
        beta: Power of the divisor, >= 0.

    Input shape: (batch, height, width, channels).
    Output shape: the same.
    Source: Krizhevsky, Sutskever and Hinton 2012, NIPS 25, section 3.3.
    """

    def __init__(
        self, k: float = 2.0, n: int = 5, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.n = n
        self.alpha = alpha
        self.beta = beta

    def call(self, values: Any) -> Any:
        # TensorFlow counts the neighbours on one side.
        return tf.nn.local_response_normalization(
            values, depth_radius=self.n // 2, bias=self.k, alpha=self.alpha, beta=self.beta
        )

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        own = {"k": self.k, "n": self.n, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}
