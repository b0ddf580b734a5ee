"""Categories as numbers or one-hot vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from kbuilder.tables.values import MISSING_INTEGER


@keras.saving.register_keras_serializable(package="kbuilder")
class CategoryIndex(keras.layers.Layer):
    """The place of each value in a vocabulary: 0 missing, 1 unknown, 2 the first word.

    Args:
        vocabulary: The known values, all strings or all integers.
        one_hot: Whether to return one-hot vectors in place of the index.
        others: Other spellings of known words, each with the word that is known.

    Input shape: (batch,) string ("" where missing) or int64 (`MISSING_INTEGER` where missing).
    Output shape: (batch, 1) int64, or (batch, 2 + len(vocabulary)) float32.
    """

    def __init__(
        self,
        vocabulary: Sequence[str | int],
        one_hot: bool = True,
        others: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.vocabulary = list(vocabulary)
        self.one_hot = one_hot
        self.others = dict(others or {})
        if isinstance(self.vocabulary[0], str):
            self.lookup = keras.layers.StringLookup(vocabulary=self.vocabulary, mask_token="")
        else:
            self.lookup = keras.layers.IntegerLookup(
                vocabulary=self.vocabulary, mask_token=MISSING_INTEGER
            )

    def call(self, values: Any) -> Any:
        for other, known in self.others.items():
            values = tf.where(values == other, known, values)
        index = self.lookup(values)
        if not self.one_hot:
            return keras.ops.expand_dims(index, -1)
        return keras.ops.one_hot(index, len(self.vocabulary) + 2, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        own = {"vocabulary": self.vocabulary, "one_hot": self.one_hot, "others": self.others}
        return {**super().get_config(), **own}
