"""GoogLeNet."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._image_network import ImageNetwork, convolution
from kbuilder.contracts import Body, Signal
from kbuilder.spec import Fraction

# Filters of each module: 1 × 1; 3 × 3 and its reduction before; 5 × 5 and its; after the pooling.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(ImageNetwork):
    """GoogLeNet: nine inception modules, convolutions of several sizes side by side.

    6,998,552 parameters with 1000 classes on 224 × 224 colour images, 13,378,280 with both
    auxiliary classifiers. Images with a side below 96 get the small stem: a 3 × 3 convolution
    instead of 7 × 7 with strides, and no pooling before the first module.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, 1024).
    Source: Szegedy et al. 2014, arXiv:1409.4842, table 1.
    """

    auxiliary: bool = True
    """Whether two classifiers halfway up take part in training, with 0.3 of the weight each."""
    batch_normalization: bool = False
    """Whether each convolution is normalised over the batch, and has no bias; the paper's
    normalisation across channels is then left out (Ioffe and Szegedy 2015, arXiv:1502.03167)."""
    dropout: Fraction = 0.4
    """Share dropped before the task's layer in training; 0 <= p < 1."""

    meant_from: ClassVar[int] = 96

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        small = self.small(signal)
        x = self._convolution(signal.tensor, 64, 3 if small else 7, "conv1", 1 if small else 2)
        if not small:
            x = layers.MaxPooling2D(3, 2, "same", name="pool1")(x)
        x = self._normalized(x, "norm1")
        x = self._convolution(x, 64, 1, "conv2_reduce")
        x = self._convolution(x, 192, 3, "conv2")
        x = self._normalized(x, "norm2")
        if not small:
            x = layers.MaxPooling2D(3, 2, "same", name="pool2")(x)
        auxiliary = []
        for name, filters in MODULES.items():
            if name in ("4a", "5a"):
                x = layers.MaxPooling2D(3, 2, "same", name=f"pool{int(name[0]) - 1}")(x)
            x = self._inception(x, filters, f"inception_{name}")
            if self.auxiliary and name in ("4a", "4d"):
                auxiliary.append((self._auxiliary(x, f"classifier_{name}"), 0.3))
        x = layers.GlobalAveragePooling2D(name="average")(x)
        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        return Body(x, auxiliary) if auxiliary else x

    def _convolution(self, x: Any, filters: int, size: int, name: str, strides: int = 1) -> Any:
        return convolution(x, filters, size, name, strides, self.batch_normalization)

    def _normalized(self, x: Any, name: str) -> Any:
        from kbuilder.layers.local_response_normalization import LocalResponseNormalization

        return x if self.batch_normalization else LocalResponseNormalization(name=name)(x)

    def _inception(self, x: Any, filters: tuple[int, ...], name: str) -> Any:
        """Four branches side by side."""
        import keras

        one, reduce_three, three, reduce_five, five, pooled = filters
        branches = [
            self._convolution(x, one, 1, f"{name}_1x1"),
            self._convolution(
                self._convolution(x, reduce_three, 1, f"{name}_3x3_reduce"), three, 3, f"{name}_3x3"
            ),
            self._convolution(
                self._convolution(x, reduce_five, 1, f"{name}_5x5_reduce"), five, 5, f"{name}_5x5"
            ),
            self._convolution(
                keras.layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x),
                pooled, 1, f"{name}_projection",
            ),
        ]  # fmt: skip
        return keras.layers.Concatenate(name=name)(branches)

    def _auxiliary(self, x: Any, name: str) -> Any:
        """A classifier without its last layer; its window is never larger than the map."""
        import keras

        layers = keras.layers
        window = tuple(min(5, side) for side in x.shape[1:3])
        x = layers.AveragePooling2D(window, 3, name=f"{name}_pool")(x)
        x = self._convolution(x, 128, 1, name)
        x = layers.Flatten(name=f"{name}_flatten")(x)
        x = layers.Dense(
            1024, activation="relu", kernel_initializer="he_normal", name=f"{name}_dense"
        )(x)
        return layers.Dropout(0.7, name=f"{name}_dropout")(x)
