"""Numbers as the bin that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class Bins(keras.layers.Layer):
    """The bin of each number: 0 missing, 1 below the first edge, 2 from it on, and so forth.

    Edges are compared in the dtype of the values. A number that equals an edge is above it, as in
    `keras.layers.Discretization`.

    Args:
        edges: Where a bin ends and the next begins, rising.
        one_hot: Whether to return one-hot vectors in place of the index.

    Input shape: (batch,) float32 or float64, NaN where missing.
    Output shape: (batch, 1) int32, or (batch, 2 + len(edges)) float32.
    """

    def __init__(self, edges: Sequence[float], one_hot: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.edges = list(edges)
        self.one_hot = one_hot

    def call(self, values: Any) -> Any:
        return self._binned(values, 0.0)

    def of_centred(self, values: Any) -> Any:
        """The same of values from which the middle edge has been subtracted already."""
        return self._binned(values, self.edges[len(self.edges) // 2])

    def _binned(self, values: Any, less: float) -> Any:
        values = tf.convert_to_tensor(values)
        with np.errstate(over="ignore"):  # no float32 is above an edge beyond them all
            edges = np.asarray(self.edges, np.float64) - less
            edges = edges.astype(values.dtype.as_numpy_dtype)
        above = values[:, None] >= tf.constant(edges)[None]
        index = tf.reduce_sum(tf.cast(above, tf.int32), axis=1) + 1
        index = tf.where(tf.math.is_nan(values), 0, index)
        return tf.one_hot(index, len(self.edges) + 2) if self.one_hot else index[:, None]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "edges": self.edges, "one_hot": self.one_hot}
