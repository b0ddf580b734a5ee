"""Categories without a vocabulary: hashed."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kbuilder.tables.values import MISSING_INTEGER, TRUTH


@keras.saving.register_keras_serializable(package="kbuilder")
class CategoryHash(keras.layers.Layer):
    """The place that each value is hashed to: 0 missing, else 1 to size.

    The hash is that of `keras.layers.Hashing` without a salt: FarmHash's Fingerprint64 of the text,
    of a whole number of its digits, modulo size. It is the same in every process, on any machine.

    Args:
        size: The number of places; >= 1.
        one_hot: Whether to return one-hot vectors in place of the index.

    Input shape: (batch,) string ("" where missing) or int64 (`MISSING_INTEGER` where missing).
    Output shape: (batch, 1) int64, or (batch, 1 + size) float32.
    """

    def __init__(self, size: int, one_hot: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.size = size
        self.one_hot = one_hot

    def index(self, values: Any) -> Any:
        """The place of each value. (batch,) int64"""
        values = tf.convert_to_tensor(values)
        if values.dtype == tf.string:
            absent = tf.equal(values, "")
            for word in TRUTH:  # as a table reads them
                values = tf.where(tf.equal(values, word), word.capitalize(), values)
        else:
            absent = tf.equal(values, MISSING_INTEGER)
            values = tf.strings.as_string(values)
        place = tf.strings.to_hash_bucket_fast(values, self.size) + 1
        return tf.where(absent, tf.zeros_like(place), place)

    def of_index(self, index: Any) -> Any:
        """What `call` gives for values of which the place is known."""
        return tf.one_hot(index, self.size + 1) if self.one_hot else index[:, None]

    def call(self, values: Any) -> Any:
        return self.of_index(self.index(values))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "one_hot": self.one_hot}
