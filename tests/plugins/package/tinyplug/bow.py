"""An architecture."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.contracts import Form, Signal
from kbuilder.spec import Spec


class Bow(Spec):
    """Two dense layers, the second of half as many units."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    units: int = 8
    """Units of the first layer; >= 2."""

    def apply(self, signal: Signal) -> Any:
        import keras

        x = keras.layers.Dense(self.units, activation="relu")(signal.tensor)
        return keras.layers.Dense(self.units // 2, activation="relu")(x)
