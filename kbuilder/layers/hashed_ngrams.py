"""Groups of neighbouring words as numbers, of any vocabulary."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

FACTOR = 32_003
"""A prime, by which one more word changes the number; with `BUCKETS` below 2**31 in a product."""
BUCKETS = 65_536
"""Numbers at most."""


@keras.saving.register_keras_serializable(package="kbuilder")
class HashedNGrams(keras.layers.Layer):
    """A number for each group of 2 to n neighbouring words, from 1 on; 0 where a word is padding.

    Groups that differ may share a number, the more of them the fewer buckets there are.

    Args:
        n: Words of the longest group, >= 2.
        buckets: How many numbers there are, 1 to 65,536.

    Input shape: (batch, time), integers, 0 where there is no word.
    Output shape: (batch, time * (n - 1)), int32.
    Source: Joulin et al. 2016, arXiv:1607.01759, section 2.2.
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def __init__(self, n: int = 2, buckets: int = BUCKETS, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.n, self.buckets = n, buckets

    def call(self, words: Any) -> Any:
        words = ops.cast(words, "int32")
        time, real = ops.shape(words)[1], ops.not_equal(words, 0)
        group, found = words % self.buckets, []
        for step in range(1, self.n):
            behind = ((0, 0), (0, step))
            following = ops.pad(words, behind)[:, step : step + time]
            real = ops.logical_and(real, ops.not_equal(following, 0))
            group = (group * FACTOR + following % self.buckets) % self.buckets
            found.append(ops.where(real, group + 1, 0))
        return ops.concatenate(found, axis=1)

    def shares(self, time: int) -> np.ndarray:
        """Of which words each group is, in equal parts. (time * (n - 1), time) float32"""
        found = [
            sum(np.eye(time, k=later, dtype=np.float32) for later in range(size)) / size
            for size in range(2, self.n + 1)
        ]
        return np.concatenate(found)

    def compute_output_spec(self, words: Any) -> Any:
        batch, time = words.shape
        groups = None if time is None else time * (self.n - 1)
        return keras.KerasTensor((batch, groups), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n, "buckets": self.buckets}
