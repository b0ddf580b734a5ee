"""A schedule of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kbuilder.contracts import Follower
from kbuilder.spec import Spec


class Halving(Spec):
    """The learning rate is halved after every epoch."""

    needs_validation: ClassVar[bool] = False
    warm_up: ClassVar[float | None] = None

    every: int = 1
    """Epochs between two halvings; >= 1."""

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        import keras

        return keras.optimizers.schedules.ExponentialDecay(
            learning_rate, self.every * steps, 0.5, staircase=True
        )

    def follow(self, model: Any, steps: int) -> Follower | None:
        return None

    def script(self) -> Mapping[str, str]:
        return {}
