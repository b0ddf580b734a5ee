"""A learning rate that falls with the inverse of the time."""

from __future__ import annotations

from typing import Any

from kbuilder.schedules._warming import Warming
from kbuilder.spec import Positive


class InverseTime(Warming):
    """A learning rate that falls with the inverse of the time: fast at first, then ever slower.

    After so many epochs it is divided by 1 + decay_rate * epochs.

    Source: Robbins and Monro 1951, doi:10.1214/aoms/1177729586.
    """

    decay_rate: Positive = 0.1
    """How fast it falls; > 0; with 1 the rate is half after an epoch, a third after two."""
    staircase: bool = False
    """Whether it falls after each epoch, rather than a little with each step."""

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        import keras

        return keras.optimizers.schedules.InverseTimeDecay(
            learning_rate,
            decay_steps=steps,
            decay_rate=self.decay_rate,
            staircase=self.staircase,
        )
