"""A layer of maxout units."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kbuilder.blocks._convolution import Initializer, Regularizer
from kbuilder.errors import Key
from kbuilder.layer_lists.build import created
from kbuilder.layer_lists.lists import Block
from kbuilder.spec import Count


class Maxout(Block):
    """A dense layer whose units are each the greatest of several linear functions.

    Input shape: (batch, …, d).
    Output shape: (batch, …, units).
    Source: Goodfellow et al. 2013, arXiv:1302.4389.
    """

    units: Count
    """Units that come out; >= 1."""
    pieces: int = Field(default=2, ge=2)
    """Linear functions of each unit; >= 2."""
    kernel_initializer: Initializer = "glorot_uniform"
    """How the weights start."""
    kernel_regularizer: Regularizer | None = None
    """The penalty on the weights, such as `{l2: 0.0001}`."""

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        from kbuilder.layers.maxout import Maxout as Layer

        like = created("dense", self.model_dump(exclude={"pieces"}))
        layer = Layer(self.units, self.pieces, like.kernel_initializer, like.kernel_regularizer)
        return layer(x), mask
