"""A learning rate that falls by the same share in each epoch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.schedules._warming import Warming


class Exponential(Warming):
    """A learning rate that falls by the same share in each epoch, a little with each step.

    Source: Szegedy et al. 2014, arXiv:1409.4842, who take off 4 % every 8 epochs.
    """

    decay_rate: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """What is left of the rate after an epoch; 0 < decay_rate < 1."""

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        import keras

        return keras.optimizers.schedules.ExponentialDecay(
            learning_rate, decay_steps=steps, decay_rate=self.decay_rate
        )
