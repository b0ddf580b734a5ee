"""How long a fit is, where the recipe leaves it open: an epoch of few steps teaches little."""

from __future__ import annotations

import math

from kbuilder.contracts import Decision
from kbuilder.lines import to_line
from kbuilder.recipe.training import EPOCHS, PATIENCE, Training

STEPS = 5000
"""Steps that a fit may take, if the validation loss falls for so long."""
MOST = 200
"""Epochs: of a few rows one is over in a few milliseconds, but each is validated and printed."""
SHARE = 10
"""The validation loss of few rows is noisy: a fit waits for a tenth of its epochs."""


def choose(training: Training, steps: int) -> tuple[Training, list[Decision]]:
    """The training with its `epochs`, and the patience of early stopping, as numbers.

    Args:
        training: How the network is fitted.
        steps: Steps of an epoch.
    """
    decisions = []
    epochs, stopping = training.epochs, training.early_stopping
    if epochs is None:
        epochs = min(max(EPOCHS, math.ceil(STEPS / steps)), MOST)
        training = training.model_copy(update={"epochs": epochs})
        if epochs > EPOCHS:
            several = "1 step" if steps == 1 else f"{steps} steps"
            decisions.append(_decided(("epochs",), epochs, f"an epoch has {several} only"))
    if stopping is not None and stopping.patience is None:
        patience = max(PATIENCE, epochs // SHARE)
        stopping = stopping.model_copy(update={"patience": patience})
        training = training.model_copy(update={"early_stopping": stopping})
        if patience > PATIENCE:
            why = f"a tenth of the {epochs} epochs"
            decisions.append(_decided(("early_stopping", "patience"), patience, why))
    return training, decisions


def _decided(field: tuple[str, ...], value: int, why: str) -> Decision:
    key = ("training", *field)
    return Decision(key, value, why, to_line(key, value))
