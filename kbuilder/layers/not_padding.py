"""Where a text has words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class NotPadding(keras.layers.Layer):
    """The mask of a text, for layers behind those of Keras that would drop it (convolutions).

    Input shape: (batch, time), integers, 0 where there is no word.
    Output shape: (batch, time), booleans.
    """

    of_operations = True
    """It computes by Keras's operations alone, and has no weights."""

    def call(self, words: Any) -> Any:
        return ops.not_equal(words, 0)

    def compute_output_spec(self, words: Any) -> Any:
        return keras.KerasTensor(words.shape, dtype="bool")
