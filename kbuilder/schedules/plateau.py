"""A learning rate that falls when learning stalls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kbuilder.contracts import Follower
from kbuilder.schedules._warming import Warming
from kbuilder.spec import Count


class Plateau(Warming):
    """A learning rate that falls when the validation loss has not fallen for `patience` epochs.

    Source: He et al. 2015, arXiv:1512.03385; Keras's ReduceLROnPlateau, after a warm-up.
    """

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The rate is multiplied by it; 0 < factor < 1."""
    patience: Count = 3
    """Epochs to wait for a lower validation loss; >= 1, and fewer than those of early_stopping."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """A fall of the loss smaller than this does not count; >= 0."""
    min_lr: Annotated[float, Field(ge=0)] = 0.0
    """The rate does not fall below it; >= 0."""

    needs_validation: ClassVar[bool] = True

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        return learning_rate  # a variable of the optimizer, which the callback sets

    def follow(self, model: Any, steps: int) -> Follower:
        import keras

        rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        return _Reducing(self, model, rate, steps)

    def script(self) -> Mapping[str, str]:
        slower = (
            f"keras.callbacks.ReduceLROnPlateau('val_loss', factor={self.factor}, "
            f"patience={self.patience}, min_delta={self.min_delta}, min_lr={self.min_lr})"
        )
        if not self.warm_up:
            return {"slower": slower}
        return {"faster": f"rising(model, round({self.warm_up} * steps))", "slower": slower}


class _Reducing:
    """Where the rate stands, and what of the losses so far decides when it falls next."""

    STATE = ("rate", "rising", "best", "waited", "epochs")

    def __init__(self, plateau: Plateau, model: Any, rate: float, steps: int) -> None:
        self.plateau = plateau
        self.model = model
        self.steps = steps
        self.rise = round(plateau.warm_up * steps)
        self.rate = rate
        self.rising = self.rise > 0
        self.best = math.inf
        self.waited = 0
        self.epochs = 0

    @property
    def each_step(self) -> bool:
        return self.rising

    def step(self, batch: int) -> None:
        """Raise the rate before a step of the warm-up; some may have passed since the last call."""
        if self.rising:
            share = (self.epochs * self.steps + batch + 1) / self.rise
            self.rising = share < 1
            self.model.optimizer.learning_rate = self.rate * min(1.0, share)

    def end(self, figures: Mapping[str, float]) -> None:
        """Lower the rate if the loss of the epoch is the last of too many that did not fall."""
        self.epochs += 1
        loss = figures["val_loss"]
        if loss < self.best - self.plateau.min_delta:
            self.best, self.waited = loss, 0
        elif not self.rising:
            self.waited += 1
        if self.waited == self.plateau.patience:
            self.waited = 0
            lower = max(self.plateau.min_lr, self.rate * self.plateau.factor)
            self.rate = min(self.rate, lower)
            self.model.optimizer.learning_rate = self.rate

    def get_state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.STATE}

    def set_state(self, known: Mapping[str, Any]) -> None:
        for name in self.STATE:
            setattr(self, name, known[name])
