"""The layer of `Percent`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tinyplug")
class Percentages(keras.layers.Layer):
    """Texts such as "12 %" as numbers, divided by `scale`; 0 where missing."""

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.scale = scale

    def call(self, texts: Any) -> Any:
        digits = tf.strings.regex_replace(tf.convert_to_tensor(texts), "[ %]", "")
        digits = tf.where(digits == "", "0", digits)
        return tf.strings.to_number(digits)[:, None] / self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}
