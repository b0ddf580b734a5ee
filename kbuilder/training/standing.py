"""Where a fit stands, beside its variables."""

from __future__ import annotations

from dataclasses import dataclass, field

Epoch = dict[str, float]


@dataclass
class Standing:
    """Where a fit stands, beside its variables.

    Args:
        epoch: Epochs that are finished.
        step: Steps of the epoch under way.
        phase: The phase of the fit, from 0.
        began: Epochs that were finished when it began.
        seconds: What the epoch under way has taken before an interruption.
        rate: The learning rate of its first step.
        history: Figures of the finished epochs.
    """

    epoch: int = 0
    step: int = 0
    phase: int = 0
    began: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    history: list[Epoch] = field(default_factory=list)
