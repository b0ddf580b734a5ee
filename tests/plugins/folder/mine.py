"""A module with a network, for `model: mine:Mine`."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.contracts import Form, Signal
from kbuilder.spec import Spec


class Mine(Spec):
    """One dense layer."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    def apply(self, signal: Signal) -> Any:
        import keras

        return keras.layers.Dense(3)(signal.tensor)
