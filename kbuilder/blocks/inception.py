"""Convolutions of several sizes side by side."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, Strict

from kbuilder.blocks._convolution import (
    Activation,
    Initializer,
    Regularizer,
    activated,
    convolution,
)
from kbuilder.errors import Key
from kbuilder.layer_lists.lists import Block
from kbuilder.layer_lists.masking import through
from kbuilder.layer_lists.spelling import Normalization
from kbuilder.spec import Count

Pair = Annotated[tuple[Count, ...], Strict(False), Field(min_length=2, max_length=2)]


class Inception(Block):
    """Four branches side by side: convolutions of 1, 3 and 5, and pooling; all keep the size.

    Those of 3 and 5 are preceded by one of 1 that reduces the channels, and the pooling is followed
    by one. `{conv1: 64, conv3: [96, 128], conv5: [16, 32], pool: 32}` is module 3a of GoogLeNet.

    Input shape: image (batch, height, width, channels) or sequence (batch, time, d).
    Output shape: the same, with as many channels as the last filters of the branches together.
    Source: Szegedy et al. 2014, arXiv:1409.4842.
    """

    conv1: Count
    """Filters of the convolution of 1; >= 1."""
    conv3: Pair
    """Filters that reduce, then those of the convolution of 3; each >= 1."""
    conv5: Pair
    """Filters that reduce, then those of the convolution of 5; each >= 1."""
    pool: Count
    """Filters after the pooling; >= 1."""
    activation: Activation = "relu"
    """Activation of each convolution."""
    normalization: Normalization = "none"
    """How each convolution is normalised; the paper's is not."""
    kernel_initializer: Initializer = "glorot_uniform"
    """How the weights of each convolution start."""
    kernel_regularizer: Regularizer | None = None
    """The penalty on the weights of each convolution, such as `{l2: 0.0001}`."""

    @property
    def ranks(self) -> tuple[int, ...]:
        return (3, 4)

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        import keras

        layers = keras.layers
        pooling = layers.MaxPooling1D if len(x.shape) == 3 else layers.MaxPooling2D
        pooled, _ = through(pooling(pool_size=3, strides=1, padding="same"), x, mask)
        branches = [self._one(x, mask, self.conv1)]
        for size, (reduced, filters) in ((3, self.conv3), (5, self.conv5)):
            branches.append(self._one(self._one(x, mask, reduced), mask, filters, size))
        branches.append(self._one(pooled, mask, self.pool))
        return layers.Concatenate()(branches), mask

    def _one(self, x: Any, mask: Any, filters: int, size: int = 1) -> Any:
        fields = ("normalization", "kernel_initializer", "kernel_regularizer")
        options = {field: getattr(self, field) for field in fields}
        y, _ = convolution(x, filters, size, mask=mask, **options)
        return activated(y, self.activation)
