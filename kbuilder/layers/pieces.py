"""Between which quantiles a number lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class Pieces(keras.layers.Layer):
    """A vector, and behind it how far some of its numbers have come in each piece between knots.

    In a piece that it has passed a number has 0.5, in one that it has not reached -0.5, and between
    that in the one where it is. So a dense layer behind has a slope of its own for each piece.

    Args:
        places: The index in the vector of each of the numbers.
        knots: Of each its knots, rising; as many for each, so that the last may be repeated.

    Input shape: (batch, d).
    Output shape: (batch, d + number of places times (knots of each - 1)).
    Source: Gorishniy et al. 2022, arXiv:2203.05556: piecewise linear encoding, here around 0.
    """

    def __init__(
        self, places: Sequence[int], knots: Sequence[Sequence[float]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.places = list(places)
        self.knots = [list(each) for each in knots]

    def call(self, vector: Any) -> Any:
        knots = np.array(self.knots, np.float32)  # (places, pieces + 1)
        widths = np.diff(knots)
        slopes = np.divide(1.0, widths, out=np.zeros_like(widths), where=widths > 0)
        numbers = ops.take(vector, np.array(self.places, np.int32), axis=1)[:, :, None]
        passed = ops.clip((numbers - knots[:, :-1]) * slopes, 0.0, 1.0) - 0.5
        size = widths.size
        return ops.concatenate([vector, ops.reshape(passed, (-1, size))], axis=-1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        size = shape[-1] or 0
        return shape[0], size + sum(len(each) - 1 for each in self.knots)

    def multiply_adds(self, shape: tuple[int, ...]) -> int:
        """For one example, whose shape has no batch."""
        return sum(len(each) - 1 for each in self.knots)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "places": self.places, "knots": self.knots}
