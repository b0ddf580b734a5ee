"""A forecast that needs no network: what a series was a season before, and has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kbuilder.tables import seasons


@keras.saving.register_keras_serializable(package="kbuilder")
class SeasonBefore(keras.layers.Layer):
    """The first number of the steps of a window that lie a season, or more, before those to come.

    Args:
        horizon: The steps to come, >= 1.
        period: Steps of a season, >= 1: 1 is the last step, for all to come. So is a season that
            the window does not hold.
        gap: Steps between the last of the window and the first to come, >= 0.
        shares: How much is added of each of the two changes of `seasons.before`.
        offsets: What is added to all steps; for each of these they come once, side by side.

    Input shape: (batch, time, d).
    Output shape: (batch, offsets · horizon).
    """

    def __init__(
        self,
        horizon: int,
        period: int = 1,
        gap: int = 0,
        shares: Sequence[float] = (0.0, 0.0),
        offsets: Sequence[float] = (0.0,),
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.horizon = horizon
        self.period = period
        self.gap = gap
        self.shares = tuple(shares)
        self.offsets = tuple(offsets)

    def call(self, steps: Any) -> Any:
        base, *changes = seasons.before(steps.shape[1], self.horizon, self.period, self.gap)
        weights = base + sum(s * c for s, c in zip(self.shares, changes, strict=True))
        found = ops.matmul(steps[:, :, 0], ops.convert_to_tensor(weights, steps.dtype))
        return ops.concatenate([found + offset for offset in self.offsets], axis=-1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], len(self.offsets) * self.horizon

    def get_config(self) -> dict[str, Any]:
        own = {"horizon": self.horizon, "period": self.period, "gap": self.gap}
        return {**super().get_config(), **own, "shares": self.shares, "offsets": self.offsets}
