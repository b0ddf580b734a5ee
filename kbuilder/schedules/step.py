"""A learning rate that falls in steps."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from kbuilder.refusals import refuse
from kbuilder.schedules._warming import Warming
from kbuilder.spec import Count, Counts


class Step(Warming):
    """A learning rate that falls in steps: every so many epochs, or at given ones.

    Source: He et al. 2015, arXiv:1512.03385, who divide it by 10 when learning stalls.
    """

    drop: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The rate is multiplied by it at each step; 0 < drop < 1."""
    every: Count | None = None
    """Epochs between two steps; >= 1. Left out, and without `at`: 30."""
    at: Counts | None = None
    """Epochs after which it falls, in place of `every`; each more than the one before."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Any:
        if self.at is not None and self.every is not None:
            raise refuse(
                ("at",), "both `every` and `at` say when the rate falls. Expected one of the two",
                list(self.at),
            )  # fmt: skip
        if self.at is not None and sorted(set(self.at)) != list(self.at):
            raise refuse(
                ("at",), "Expected epochs in order, each more than the one before", list(self.at)
            )
        return self

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        import keras

        if self.at is None:
            return keras.optimizers.schedules.ExponentialDecay(
                learning_rate,
                decay_steps=(self.every or 30) * steps,
                decay_rate=self.drop,
                staircase=True,
            )
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            [epoch * steps - 1 for epoch in self.at],  # Keras counts the boundary to what is before
            [learning_rate * self.drop**place for place in range(len(self.at) + 1)],
        )
