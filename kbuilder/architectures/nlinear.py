"""A linear layer over the steps, relative to the last one."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import flattened, unmasked
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Spec


class NLinear(Spec):
    """The steps of a series less the last one, side by side; the task's last layer alone learns.

    So `forecasting` with `rescale: last` is the NLinear of the paper, which adds the last step
    again. It is small, and hard to beat where the rows are few.

    Input shape: sequence (batch, time, d).
    Output shape: (batch, time · d).
    Source: Zeng et al. 2022, arXiv:2205.13504.
    """

    forms: ClassVar[tuple[Form, ...]] = ("sequence",)

    def apply(self, signal: Signal) -> Any:
        from kbuilder.layers.from_last_step import FromLastStep

        x = FromLastStep()(unmasked(signal, "nlinear"))
        return flattened(Signal("sequence", x), "nlinear")
