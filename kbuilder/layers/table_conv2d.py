"""A convolution in which each filter sees some of the maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class TableConv2D(keras.layers.Layer):
    """A convolution whose table says which of the input's maps each filter sees.

    Only the connections of the table have weights. They start uniformly, with the variance of one
    over the number of weights that a filter sums over.

    Args:
        table: For each filter the maps that it sees, counted from 0.
        kernel_size: Height and width of a kernel.
        padding: valid or same.

    Input shape: (batch, height, width, maps).
    Output shape: (batch, height, width, length of the table); smaller by the kernel if valid.
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791), table I.
    """

    def __init__(
        self,
        table: Sequence[Sequence[int]],
        kernel_size: Sequence[int] = (5, 5),
        padding: str = "valid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table = [list(maps) for maps in table]
        self.kernel_size = tuple(kernel_size)
        self.padding = padding

    def build(self, shape: tuple[int | None, ...]) -> None:
        links = [(seen, place) for place, maps in enumerate(self.table) for seen in maps]
        self.places = np.zeros((len(links), int(shape[-1] or 0), len(self.table)), np.float32)
        for link, (seen, place) in enumerate(links):
            self.places[link, seen, place] = 1
        area = self.kernel_size[0] * self.kernel_size[1]
        limits = np.sqrt([3 / (area * len(self.table[place])) for _, place in links])

        def start(shape: Any, dtype: Any = None) -> Any:
            return keras.random.uniform(shape, -1, 1, dtype) * ops.cast(limits, dtype)

        self.kernel = self.add_weight(
            (*self.kernel_size, len(links)), initializer=start, name="kernel"
        )
        self.bias = self.add_weight((len(self.table),), initializer="zeros", name="bias")

    def call(self, values: Any) -> Any:
        places = ops.cast(self.places, self.kernel.dtype)
        kernel = ops.tensordot(self.kernel, places, axes=1)  # (height, width, maps, filters)
        return ops.conv(values, kernel, padding=self.padding) + self.bias

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        batch, *sides, _ = shape
        if self.padding == "valid":
            pairs = zip(sides, self.kernel_size, strict=True)
            sides = [side and side - window + 1 for side, window in pairs]
        return (batch, *sides, len(self.table))

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        links = sum(len(maps) for maps in self.table)
        height, width = self.compute_output_shape((1, *shape))[1:3]
        return height * width * math.prod(self.kernel_size) * links

    def get_config(self) -> dict[str, Any]:
        own = {
            "table": self.table, "kernel_size": list(self.kernel_size), "padding": self.padding,
        }  # fmt: skip
        return {**super().get_config(), **own}
