"""A residual network with 18 layers."""

from __future__ import annotations

from typing import ClassVar

from kbuilder.architectures._resnet import ResNet


class ResNet18(ResNet):
    """A residual network with 18 layers: 8 blocks of two 3 × 3 convolutions.

    11,689,512 parameters to train with 1000 classes on 224 × 224 colour images. Images with a side
    below 96 get the small stem: a 3 × 3 convolution instead of 7 × 7 with strides and a pooling.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, 512).
    Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385, table 1.
    """

    blocks: ClassVar[tuple[int, ...]] = (2, 2, 2, 2)
