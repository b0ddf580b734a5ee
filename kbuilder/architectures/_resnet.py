"""What the residual networks share: all but the number and the kind of their blocks."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._image_network import ImageNetwork, convolution
from kbuilder.contracts import Signal

FILTERS = (64, 128, 256, 512)


class ResNet(ImageNetwork):
    """Abstract: four stages of residual blocks, then the average over the map.

    Shortcuts are the identity, or a 1 × 1 convolution where the shape changes (option B of the
    paper). Of a bottleneck that halves the map, the first convolution does it, as in the paper.
    """

    meant_from: ClassVar[int] = 96
    blocks: ClassVar[tuple[int, ...]]
    """Blocks of each stage."""
    bottleneck: ClassVar[bool] = False
    """Whether a block has three convolutions, the middle one with a fourth of the filters."""

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        if self.small(signal):
            x = convolution(signal.tensor, 64, 3, "conv1", batch_normalization=True)
        else:
            x = convolution(signal.tensor, 64, 7, "conv1", strides=2, batch_normalization=True)
            x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
            x = layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
        for stage, (filters, blocks) in enumerate(zip(FILTERS, self.blocks, strict=True), start=2):
            for block in range(1, blocks + 1):
                strides = 2 if stage > 2 and block == 1 else 1
                x = self._block(x, filters, strides, f"conv{stage}_block{block}")
        return layers.GlobalAveragePooling2D(name="average")(x)

    def _block(self, x: Any, filters: int, strides: int, name: str) -> Any:
        """Convolutions beside a shortcut."""
        import keras

        shapes = [(filters, 3), (filters, 3)]
        if self.bottleneck:
            shapes = [(filters, 1), (filters, 3), (4 * filters, 1)]
        y = x
        for place, (width, size) in enumerate(shapes, start=1):
            last = place == len(shapes)
            step = strides if place == 1 else 1
            y = convolution(y, width, size, f"{name}_{place}", step, True, relu=not last)
        if x.shape[-1] != y.shape[-1] or strides > 1:
            x = convolution(x, y.shape[-1], 1, f"{name}_0", strides, True, relu=False)
        x = keras.layers.Add(name=f"{name}_add")([x, y])
        return keras.layers.ReLU(name=f"{name}_out")(x)
