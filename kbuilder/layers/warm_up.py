"""A learning rate that rises before its schedule begins."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kbuilder")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise to the first rate of a schedule, which then begins.

    Args:
        schedule: A Keras schedule, or a number.
        steps: Steps of the rise, >= 1. The first of them has 1/steps of the rate.

    Source: Goyal et al. 2017, arXiv:1706.02677.
    """

    def __init__(self, schedule: Any, steps: int) -> None:
        super().__init__()
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        rate = self.schedule
        if callable(rate):
            rate = rate(ops.maximum(step - self.steps, 0.0))
        return ops.multiply(rate, ops.minimum((step + 1.0) / self.steps, 1.0))

    def get_config(self) -> dict[str, Any]:
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "steps": self.steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WarmUp:
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["steps"])
