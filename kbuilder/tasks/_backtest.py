"""Forecasts of the past, each by a network that knew nothing of what came after it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from kbuilder.spec import Count, Spec

Several = Annotated[int, Field(ge=2)]


class Backtest(Spec):
    """A rolling origin: the last steps from which all that is to be forecast is known.

    From each of them a network forecasts that was fitted on what was known then alone. One more is
    fitted on all rows, and is the model of the run.
    """

    windows: Several = 4
    """How many origins; >= 2."""
    step: Count | None = None
    """Steps from one origin to the next; >= 1. Left out: the horizon, so that no step is forecast
    twice; with a stride, the next multiple of it."""


OfBacktest = Annotated[
    Backtest,
    BeforeValidator(
        lambda value: {"windows": value} if type(value) is int else value,
        json_schema_input_type=Backtest | Several,
    ),
]
