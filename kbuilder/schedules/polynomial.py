"""A learning rate that falls to 0 in a straight line, or along a power of it."""

from __future__ import annotations

from typing import Any

from kbuilder.schedules._warming import Warming
from kbuilder.spec import Positive


class Polynomial(Warming):
    """A learning rate that falls to 0 at the end of the fit: in a straight line, or a power of it.

    An early stop ends it early.

    Source: Devlin et al. 2018, arXiv:1810.04805, for the straight line after a warm-up.
    """

    power: Positive = 1.0
    """1: a straight line; 2: a parabola that falls fast first; > 0."""

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        import keras

        return keras.optimizers.schedules.PolynomialDecay(
            learning_rate, decay_steps=total, end_learning_rate=0.0, power=self.power
        )
