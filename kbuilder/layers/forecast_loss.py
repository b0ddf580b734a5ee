"""What a forecast is off by, in units of the spread of its own window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class ForecastLoss(keras.losses.Loss):
    """The error of the mean forecast, and the pinball loss of each quantile beside it.

    Both are of values from which the level of the window has been taken, divided by its spread, so
    that windows of large numbers count like those of small ones.

    Args:
        horizon: The steps of a forecast, >= 1.
        quantiles: Those that are forecast beside the mean, each between 0 and 1.
        error: Of the mean: a loss of Keras by its name, such as mean_squared_error.

    Input shape: truths (batch, horizon or more), of which the others are not looked at; forecasts
        (batch, horizon · (1 + quantiles) + 2), of which the last two are level and spread.
    """

    def __init__(
        self,
        horizon: int,
        quantiles: Sequence[float] = (),
        error: str = "mean_squared_error",
        name: str = "forecast_loss",
        reduction: str = "sum_over_batch_size",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.horizon = horizon
        self.quantiles = tuple(quantiles)
        self.error = error

    def call(self, y_true: Any, y_pred: Any) -> Any:
        level, spread = y_pred[:, -2:-1], y_pred[:, -1:]
        truth = (ops.cast(y_true[:, : self.horizon], y_pred.dtype) - level) / spread
        loss = keras.losses.get(self.error)(truth, y_pred[:, : self.horizon])
        for place, quantile in enumerate(self.quantiles, start=1):
            given = y_pred[:, place * self.horizon : (place + 1) * self.horizon]
            off = truth - given
            pinball = ops.maximum(quantile * off, (quantile - 1.0) * off)
            loss = loss + ops.mean(pinball, axis=-1)
        return loss

    def get_config(self) -> dict[str, Any]:
        own = {"horizon": self.horizon, "quantiles": self.quantiles, "error": self.error}
        return {**super().get_config(), **own}
