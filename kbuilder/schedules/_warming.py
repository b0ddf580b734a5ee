"""What the schedules share: the warm-up before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from kbuilder.contracts import Follower
from kbuilder.spec import Spec


class Warming(Spec):
    """Abstract: a linear rise from nearly 0, then the schedule, whose epochs count from there."""

    warm_up: Annotated[float, Field(ge=0)] = 0.0
    """Epochs of a linear rise to the learning rate, before the schedule begins (Goyal et al. 2017,
    arXiv:1706.02677); >= 0, and fewer than those of the fit. 0.5 is half an epoch."""

    needs_validation: ClassVar[bool] = False

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        rise = round(self.warm_up * steps)
        after = self.after(learning_rate, steps, max(1, epochs * steps - rise))
        if not rise:
            return after
        from kbuilder.layers.warm_up import WarmUp

        return WarmUp(after, rise)

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        """What comes after the warm-up: a Keras schedule, or a number.

        Args:
            learning_rate: The rate that it starts from.
            steps: Steps per epoch.
            total: Steps until the end of the fit.
        """
        raise NotImplementedError

    def follow(self, model: Any, steps: int) -> Follower | None:
        return None

    def script(self) -> Mapping[str, str]:
        return {}
