"""AlexNet."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kbuilder.architectures._image_network import ImageNetwork, classifier, convolution
from kbuilder.contracts import Signal
from kbuilder.spec import Fraction, Units


class AlexNet(ImageNetwork):
    """AlexNet: five convolutions, the first of 11 × 11 in steps of four, then dense layers.

    62,378,344 parameters with 1000 classes on 227 × 227 colour images, 60,965,224 in two groups.
    Images with a side below 67, of which nothing would be left, get the small stem: a first
    convolution of 3 × 3 without strides, and poolings that keep the border.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, last of the units); without units the flattened map.
    Source: Krizhevsky, Sutskever and Hinton 2012, NIPS 25 (doi:10.1145/3065386).
    """

    groups: Literal[1, 2] = 1
    """2 divides the second, fourth and fifth convolution into halves that do not see each other,
    as the paper did for two GPUs."""
    local_response_normalization: bool = True
    """Whether the first two convolutions are normalised across channels, as in the paper."""
    units: Units = (4096, 4096)
    """Units of the dense layers; none for a small network: `units: []`."""
    dropout: Fraction = 0.5
    """Share dropped after each dense layer in training; 0 <= p < 1."""

    meant_from: ClassVar[int] = 67
    works_from: ClassVar[int] = 67

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.local_response_normalization import LocalResponseNormalization

        layers = keras.layers
        padding = "same" if self.small(signal) else "valid"
        if padding == "same":
            x = convolution(signal.tensor, 96, 3, "conv1")
        else:
            first = layers.Conv2D(
                96, 11, 4, activation="relu", kernel_initializer="he_normal", name="conv1_conv"
            )
            x = first(signal.tensor)
        for place in (1, 2):
            if place == 2:
                x = self._grouped(x, 256, 5, "conv2")
            if self.local_response_normalization:
                x = LocalResponseNormalization(name=f"norm{place}")(x)
            x = layers.MaxPooling2D(3, 2, padding, name=f"pool{place}")(x)
        x = convolution(x, 384, 3, "conv3")
        x = self._grouped(x, 384, 3, "conv4")
        x = self._grouped(x, 256, 3, "conv5")
        x = layers.MaxPooling2D(3, 2, padding, name="pool5")(x)
        return classifier(x, self.units, self.dropout)

    def _grouped(self, x: Any, filters: int, kernel_size: int, name: str) -> Any:
        """A convolution, or two of half the filters beside each other, each over half the channels.

        Keras's own argument `groups` works on CPUs through a compiler (XLA) alone.
        """
        import keras

        if self.groups == 1:
            return convolution(x, filters, kernel_size, name)
        halves = [
            convolution(half, filters // 2, kernel_size, f"{name}_{place}")
            for place, half in enumerate(keras.ops.split(x, 2, axis=-1), start=1)
        ]
        return keras.layers.Concatenate(name=name)(halves)
