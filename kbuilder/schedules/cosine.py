"""A learning rate that falls along half a cosine."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.schedules._warming import Warming
from kbuilder.spec import Fraction


class Cosine(Warming):
    """A learning rate that falls along half a cosine until the end of the fit.

    An early stop ends it early: for the whole of it write `early_stopping: null`, which keeps the
    best weights all the same.

    Source: Loshchilov and Hutter 2016, arXiv:1608.03983.
    """

    alpha: Fraction = 0.0
    """Share of the rate that is left at the end; 0 <= alpha < 1."""
    restarts: Annotated[int, Field(ge=0)] = 0
    """Times that the rate starts again from its height, at equal distances; >= 0."""

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        import keras

        if not self.restarts:
            return keras.optimizers.schedules.CosineDecay(learning_rate, total, alpha=self.alpha)
        return keras.optimizers.schedules.CosineDecayRestarts(
            learning_rate,
            first_decay_steps=-(-total // (self.restarts + 1)),  # rounded up: no restart at the end
            t_mul=1.0,
            alpha=self.alpha,
        )
