"""Lists of layers side by side."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from kbuilder.errors import BuildError, Key
from kbuilder.layer_lists.build import applied, shape, title
from kbuilder.layer_lists.lists import Block, Layer, Listed
from kbuilder.layer_lists.masking import INSTEAD, PaddingError

Branch = Annotated[tuple[Layer, ...], Listed(least=0)]


class Branches(Block):
    """Lists of layers side by side: each takes the same input, and their outputs are merged.

    `branches: [[…], […]]` concatenates them along the last axis. An empty list passes the input on.

    Input shape: as the first layer of each list takes it.
    Output shape: concatenated: as the lists give it, the sizes of the last axis added up; merged
        otherwise: as each list gives it.
    Source: Szegedy et al. 2014, arXiv:1409.4842.
    """

    layers: Annotated[tuple[Branch, ...], Strict(False), Field(min_length=2)]
    """The lists, two or more."""
    merge: Literal["concatenate", "add", "multiply", "average", "maximum"] = "concatenate"
    """How the outputs become one."""

    @property
    def lists(self) -> dict[Key, tuple[Layer, ...]]:
        return {("layers", index): items for index, items in enumerate(self.layers)}

    @property
    def closing(self) -> bool:
        return self.merge == "concatenate"

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        import keras

        pairs = [
            applied(items, x, (*place, "layers", index), mask)
            for index, items in enumerate(self.layers)
        ]
        outputs = [output for output, _ in pairs]
        joined = self.merge == "concatenate"
        sizes = {y.shape[:-1] if joined else y.shape for y in outputs}
        if len(sizes) > 1 or any(len(y.shape) < 2 for y in outputs):
            which = "but for the last axis" if joined else "on every axis"
            raise BuildError(
                f"{title(place[:-1], 'branches')} gives {', '.join(map(shape, outputs))}. Expected "
                f"equal sizes {which}, to {self.merge} them.",
                key=place[:-1],
            )
        masks = [mask for _, mask in pairs]
        if any(one is not masks[0] for one in masks):
            raise PaddingError(
                f"its lists give steps that are padding at different positions: {INSTEAD}"
            )
        return getattr(keras.layers, self.merge.capitalize())()(outputs), masks[0]
