"""Pooling that learns."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class Subsampling(keras.layers.Layer):
    """The sum of each window times a coefficient, plus a bias: two numbers for each map.

    It starts as the average of the window. Where a window of `same` stands over the border, what it
    covers counts for the rest.

    Args:
        pool_size: Length of each side of a window, and its step, >= 1.
        padding: valid drops a border that fills no window, same keeps it.

    Input shape: (batch, height, width, maps).
    Output shape: (batch, height / pool_size, width / pool_size, maps).
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791), layer S2.
    """

    def __init__(self, pool_size: int = 2, padding: str = "valid", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.padding = padding

    def build(self, shape: tuple[int | None, ...]) -> None:
        average = keras.initializers.Constant(1 / self.pool_size**2)
        self.coefficient = self.add_weight((shape[-1],), initializer=average, name="coefficient")
        self.bias = self.add_weight((shape[-1],), initializer="zeros", name="bias")

    def call(self, values: Any) -> Any:
        average = ops.average_pool(values, self.pool_size, padding=self.padding)
        return average * self.pool_size**2 * self.coefficient + self.bias

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return 0

    def get_config(self) -> dict[str, Any]:
        own = {"pool_size": self.pool_size, "padding": self.padding}
        return {**super().get_config(), **own}
