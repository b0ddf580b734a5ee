"""VGG with 11 layers."""

from __future__ import annotations

from typing import ClassVar

from kbuilder.architectures._vgg import VGG


class VGG11(VGG):
    """VGG with 11 layers: eight convolutions, two dense layers and that of the task.

    132,863,336 parameters with 1000 classes on 224 × 224 colour images. Images with a side below
    32 get the small stem, in which each pooling keeps the border.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, last of the units); without units the flattened map.
    Source: Simonyan and Zisserman 2014, arXiv:1409.1556, configuration A.
    """

    blocks: ClassVar[tuple[int, ...]] = (1, 1, 2, 2, 2)
