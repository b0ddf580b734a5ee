"""What the VGG networks share: all but the number of convolutions in each block."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._image_network import ImageNetwork, classifier, convolution
from kbuilder.contracts import Signal
from kbuilder.spec import Fraction, Units

FILTERS = (64, 128, 256, 512, 512)


class VGG(ImageNetwork):
    """Abstract: five blocks of 3 × 3 convolutions and a pooling, then dense layers."""

    batch_normalization: bool = False
    """Whether each convolution is normalised over the batch (arXiv:1502.03167), and has no bias;
    the paper, which is older, has none."""
    units: Units = (4096, 4096)
    """Units of the dense layers; none for a small network: `units: []`."""
    dropout: Fraction = 0.5
    """Share dropped after each dense layer in training; 0 <= p < 1."""

    meant_from: ClassVar[int] = 32
    works_from: ClassVar[int] = 32
    blocks: ClassVar[tuple[int, ...]]
    """Convolutions of each block."""

    def apply(self, signal: Signal) -> Any:
        import keras

        padding = "same" if self.small(signal) else "valid"
        x = signal.tensor
        for block, (filters, depth) in enumerate(zip(FILTERS, self.blocks, strict=True), start=1):
            for place in range(1, depth + 1):
                name = f"block{block}_{place}"
                x = convolution(x, filters, 3, name, batch_normalization=self.batch_normalization)
            x = keras.layers.MaxPooling2D(2, padding=padding, name=f"block{block}_pool")(x)
        return classifier(x, self.units, self.dropout)
