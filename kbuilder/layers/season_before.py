"""What a series was a season before each of the steps to come."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class SeasonBefore(keras.layers.Layer):
    """The first number of the steps of a window that lie a season, or more, before those to come.

    Args:
        horizon: The steps to come, >= 1.
        period: Steps of a season, >= 1: 1 is the last step, for all to come. So is a season that
            the window does not hold.
        gap: Steps between the last of the window and the first to come, >= 0.
        copies: How often they come, side by side; >= 1.

    Input shape: (batch, time, d).
    Output shape: (batch, copies · horizon).
    """

    def __init__(
        self, horizon: int, period: int = 1, gap: int = 0, copies: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.horizon = horizon
        self.period = period
        self.gap = gap
        self.copies = copies

    def call(self, steps: Any) -> Any:
        last = steps.shape[1] - 1
        ahead = range(self.gap + 1, self.gap + self.horizon + 1)
        places = [last + one - self.period * -(-one // self.period) for one in ahead]
        places = [place if place >= 0 else last for place in places]
        return ops.concatenate(
            [steps[:, place : place + 1, 0] for place in places] * self.copies, axis=-1
        )

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], self.copies * self.horizon

    def get_config(self) -> dict[str, Any]:
        own = {"horizon": self.horizon, "period": self.period}
        return {**super().get_config(), **own, "gap": self.gap, "copies": self.copies}
