"""A learning rate that rises, then falls to nearly nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kbuilder.contracts import Follower
from kbuilder.spec import Fraction, Spec

RISE = 0.3  # share of the fit in which the rate rises, where the recipe leaves it open


class OneCycle(Spec):
    """One cycle over the whole fit: up to the learning rate in a line, then down along a cosine.

    The learning rate of the optimizer is the height, and may be several times what is usual. The
    momentum stays as it is. An early stop ends the cycle early; with `early_stopping: null` it is
    whole, and the best weights are kept all the same.

    Source: Smith 2017, arXiv:1708.07120.
    """

    warm_up: Annotated[float, Field(gt=0)] | None = None
    """Epochs of the rise; > 0, and fewer than those of the fit. Left out: 0.3 of them."""
    start: Annotated[float, Field(gt=0, lt=1)] = 0.04
    """Share of the height that the rate starts from; 0 < start < 1."""
    alpha: Fraction = 1e-5
    """Share of the height that is left at the end; 0 <= alpha < 1."""

    needs_validation: ClassVar[bool] = False

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        import keras

        total = steps * epochs
        rise = round(RISE * total if self.warm_up is None else self.warm_up * steps)
        return keras.optimizers.schedules.CosineDecay(
            self.start * learning_rate,
            decay_steps=max(1, total - rise),
            alpha=self.alpha,
            warmup_target=learning_rate,
            warmup_steps=max(1, rise),
        )

    def follow(self, model: Any, steps: int) -> Follower | None:
        return None

    def script(self) -> Mapping[str, str]:
        return {}
