"""An architecture of a folder."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.contracts import Form, Signal
from kbuilder.spec import Spec


class Strand(Spec):
    """One dense layer."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    units: int = 4
    """Its units; >= 1."""

    def apply(self, signal: Signal) -> Any:
        import keras

        return keras.layers.Dense(self.units, activation="tanh")(signal.tensor)
