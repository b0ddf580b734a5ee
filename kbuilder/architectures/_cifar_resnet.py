"""What the residual networks for small images share: all but their depth."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._image_network import ImageNetwork, convolution
from kbuilder.contracts import Signal

FILTERS = (16, 32, 64)


class CifarResNet(ImageNetwork):
    """Abstract: three stages of residual blocks, then the average over the map.

    Shortcuts have no weights: where the map is halved, they leave out pixels and add channels of
    zeros (option A of the paper).
    """

    depth: ClassVar[int]
    """Layers with weights, that of the task among them; each stage has (depth - 2) / 6 blocks."""

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.identity_shortcut import IdentityShortcut

        x = convolution(signal.tensor, 16, 3, "conv1", batch_normalization=True)
        for stage, filters in enumerate(FILTERS, start=2):
            for block in range(1, (self.depth - 2) // 6 + 1):
                name = f"conv{stage}_block{block}"
                strides = 2 if stage > 2 and block == 1 else 1
                y = convolution(x, filters, 3, f"{name}_1", strides, True)
                y = convolution(y, filters, 3, f"{name}_2", 1, True, relu=False)
                if strides > 1:
                    x = IdentityShortcut(filters, strides, name=f"{name}_shortcut")(x)
                x = keras.layers.Add(name=f"{name}_add")([x, y])
                x = keras.layers.ReLU(name=f"{name}_out")(x)
        return keras.layers.GlobalAveragePooling2D(name="average")(x)
