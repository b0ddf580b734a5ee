"""The same layers several times."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.errors import Key
from kbuilder.layer_lists.build import applied
from kbuilder.layer_lists.lists import Block, Layer, Layers
from kbuilder.spec import Count


class Repeat(Block):
    """A list of layers several times over, each time with weights of its own.

    Input shape: as the first layer takes it.
    Output shape: as the last layer gives it.
    Source: Lin, Chen and Yan 2013, arXiv:1312.4400, among the first networks of repeated blocks.
    """

    times: Annotated[Count, Field(le=1000)]
    """How many times; 1 <= n <= 1000."""
    layers: Layers
    """The layers that are repeated."""

    @property
    def lists(self) -> dict[Key, tuple[Layer, ...]]:
        return {("layers",): self.layers}

    @property
    def closing(self) -> bool:
        return True

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        for _ in range(self.times):
            x, mask = applied(self.layers, x, (*place, "layers"), mask)
        return x, mask
