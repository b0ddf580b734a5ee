"""A residual network for small images, with 44 layers."""

from __future__ import annotations

from typing import ClassVar

from kbuilder.architectures._cifar_resnet import CifarResNet


class ResNet44(CifarResNet):
    """A narrow residual network for small images, with 44 layers: 21 blocks.

    658,586 parameters to train with ten classes on 32 × 32 colour images (CIFAR-10). The paper's
    first layer is made for small images, so the small stem is the same.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, 64).
    Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385, section 4.2.
    """

    depth: ClassVar[int] = 44
