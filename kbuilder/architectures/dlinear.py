"""A linear layer over the trend, and another over the rest."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import flattened, unmasked
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Spec


class DLinear(Spec):
    """The moving average of the steps and what is about it; the task's last layer alone learns.

    So the last layer is the sum of two linear layers, one of the trend and one of the season.

    Input shape: sequence (batch, time, d).
    Output shape: (batch, 2 · time · d).
    Source: Zeng et al. 2022, arXiv:2205.13504.
    """

    kernel_size: Count = 25
    """Steps of the moving average; >= 1. At the ends the first and the last step are repeated."""

    forms: ClassVar[tuple[Form, ...]] = ("sequence",)

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.moving_average import MovingAverage

        x = unmasked(signal, "dlinear")
        trend = MovingAverage(self.kernel_size)(x)
        both = keras.layers.Concatenate()([keras.layers.Subtract()([x, trend]), trend])
        return flattened(Signal("sequence", both), "dlinear")
