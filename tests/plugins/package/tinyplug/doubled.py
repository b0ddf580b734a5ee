"""A block."""

from __future__ import annotations

from typing import Any

from kbuilder.errors import Key
from kbuilder.layer_lists import Block


class Doubled(Block):
    """A dense layer beside its input."""

    units: int = 4
    """Units of the layer; >= 1."""

    def apply(self, x: Any, place: Key) -> Any:
        import keras

        return keras.layers.Concatenate()([x, keras.layers.Dense(self.units)(x)])
