"""A residual network with 101 layers."""

from __future__ import annotations

from typing import ClassVar

from kbuilder.architectures._resnet import ResNet


class ResNet101(ResNet):
    """A residual network with 101 layers: 33 bottlenecks of 1 × 1, 3 × 3 and 1 × 1 convolutions.

    44,549,160 parameters to train with 1000 classes on 224 × 224 colour images. Images with a side
    below 96 get the small stem: a 3 × 3 convolution instead of 7 × 7 with strides and a pooling.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, 2048).
    Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385, table 1.
    """

    blocks: ClassVar[tuple[int, ...]] = (3, 4, 23, 3)
    bottleneck: ClassVar[bool] = True
