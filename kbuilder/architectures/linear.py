"""Nothing before the last layer."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import flattened
from kbuilder.architectures._crossing import Crossing
from kbuilder.contracts import Form, Signal


class Linear(Crossing):
    """The numbers as they are: the task's last layer alone learns.

    So a `binary` task is logistic regression, `multiclass` softmax regression, `regression` linear
    regression: what any network is to be compared with.

    Input shape: vector (batch, d), sequence (batch, time, d) or image (batch, h, w, channels).
    Output shape: (batch, d + combinations of all crosses), the numbers of a row side by side.
    Source: Rosenblatt 1958, Psychological Review 65 (doi:10.1037/h0042519); Cox 1958, J. R. Stat.
    Soc. B 20 (doi:10.1111/j.2517-6161.1958.tb00292.x).
    """

    forms: ClassVar[tuple[Form, ...]] = ("vector", "sequence", "image")

    def apply(self, signal: Signal) -> Any:
        return self.with_crosses(flattened(signal, "linear"), signal)
