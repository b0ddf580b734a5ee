"""How often each word comes in a text, as a vector."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kbuilder")
class WordCounts(keras.layers.TextVectorization):
    """TextVectorization with a vector for each text, of the words of the vocabulary alone.

    Keras's own has the unknown words of a text in its first place, all together. With n-grams these
    are most of a text, and a number many times as large as any beside it. Keras also counts in
    int64, which goes with no vector of float32.

    Args:
        As TextVectorization, with `output_mode` multi_hot, count or tf_idf.

    Input shape: (batch,), strings.
    Output shape: (batch, words of the vocabulary), float32.
    """

    def call(self, inputs: Any) -> Any:
        return tf.cast(super().call(inputs), tf.float32)[:, 1:]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], self.vocabulary_size() - 1)
