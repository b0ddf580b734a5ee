"""VGG with 19 layers."""

from __future__ import annotations

from typing import ClassVar

from kbuilder.architectures._vgg import VGG


class VGG19(VGG):
    """VGG with 19 layers: 16 convolutions, two dense layers and that of the task.

    143,667,240 parameters with 1000 classes on 224 × 224 colour images. Images with a side below
    32 get the small stem, in which each pooling keeps the border.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, last of the units); without units the flattened map.
    Source: Simonyan and Zisserman 2014, arXiv:1409.1556, configuration E.
    """

    blocks: ClassVar[tuple[int, ...]] = (2, 2, 4, 4, 4)
