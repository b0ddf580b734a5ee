"""Whole numbers that stand for words, as their places in a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kbuilder.layers.first_steps import first_steps


@keras.saving.register_keras_serializable(package="kbuilder")
class TokenIndex(keras.layers.Layer):
    """The place of each number in a vocabulary: 0 padding, 1 unknown, 2 the first number.

    Padding stands at the ends of a row: what equals it between others is a number like them. The
    real numbers come first in what it gives. They are looked up by bisection, in operations that
    each runtime has, where few have tables.

    Args:
        vocabulary: The known numbers, which all differ.
        length: How many numbers of a row are kept; of a longer one the last.
        padding: What padding is, beside the least number that there is; None: that alone.

    Input shape: (batch, time), whole numbers of 32 or 64 bits, with any number of steps.
    Output shape: (batch, length) int32.
    """

    def __init__(
        self, vocabulary: Sequence[int], length: int, padding: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.vocabulary = list(vocabulary)
        self.length = length
        self.padding = padding

    def call(self, numbers: Any) -> Any:
        numbers = tf.convert_to_tensor(numbers)
        there = tf.not_equal(numbers, numbers.dtype.min)
        if self.padding is not None and abs(self.padding) <= numbers.dtype.max:
            there = tf.logical_and(there, tf.not_equal(numbers, self.padding))
        taken, real = first_steps(numbers, there, self.length)
        return tf.where(real, self._places(taken), 0)

    def _places(self, numbers: Any) -> Any:
        order = np.argsort(self.vocabulary)
        known = tf.constant(np.array(self.vocabulary)[order], numbers.dtype)
        last = len(order) - 1
        found = tf.zeros_like(numbers, tf.int32)  # the last known number that is no greater
        for power in reversed(range(last.bit_length())):
            ahead = tf.minimum(found + 2**power, last)
            found = tf.where(tf.less_equal(tf.gather(known, ahead), numbers), ahead, found)
        place = tf.gather(tf.constant(order + 2, tf.int32), found)
        return tf.where(tf.equal(tf.gather(known, found), numbers), place, 1)

    def get_config(self) -> dict[str, Any]:
        own = {"vocabulary": self.vocabulary, "length": self.length, "padding": self.padding}
        return {**super().get_config(), **own}
