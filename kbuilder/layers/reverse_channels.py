"""Colours in the order that some trained networks expect."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="kbuilder")
class ReverseChannels(keras.layers.Layer):
    """The channels of images from last to first: of red, green, blue it makes blue, green, red.

    Input shape: (batch, height, width, channels).
    Output shape: the same.
    """

    def call(self, images: Any) -> Any:
        return images[..., ::-1]
