"""What ended a fit, which weights it kept, and what could make more of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from kbuilder.recipe.training import EarlyStopping
from kbuilder.training.standing import Epoch

Cause = Literal["epochs", "early stopping", "listener"]
"""epochs: all are done · early stopping: the validation loss no longer falls · listener: one ended
it"""
FALLS = 0.001
"""The share by which a loss has to fall for more epochs to be worth a word."""
FEW_STEPS, FEW_IN_ALL = 10, 50
"""Steps of an epoch, and of a fit, that are few."""
ENOUGH_STEPS, LEAST_ROWS = 20, 4
"""Steps of an epoch that are enough, and the least rows of a step that are advised for them."""


class Ending(NamedTuple):
    """How a fit ended. In `metrics.json` as `fit`.

    Args:
        cause: What ended it.
        epochs: How many epochs are done.
        most: How many it could have had.
        weights: The epoch whose weights are kept.
        waited: For what it waited in vain, if it stopped early.
        validated: Whether there is a validation loss.
        known: Whether one is a number.
        falling: Whether the validation loss was still falling at the end.
        batch_size: Rows of a step that give an epoch steps enough; None: they are enough.
        steps: Steps of an epoch.
    """

    cause: Cause
    epochs: int
    most: int
    weights: int
    waited: str
    validated: bool
    known: bool
    falling: bool
    batch_size: int | None
    steps: int

    def to_json(self) -> dict[str, Any]:
        """Its entry in `metrics.json`."""
        return {
            "epochs": self.epochs, "of": self.most, "ended_by": self.cause,
            "weights_of_epoch": self.weights, "still_falling": self.falling,
            "steps_per_epoch": self.steps,
        }  # fmt: skip

    def say(self) -> str:
        """What is printed, in one line."""
        done = f"all {self.most} epochs are done" if self.most > 1 else "the one epoch is done"
        if self.cause == "early stopping":
            done = f"stopped early after epoch {self.epochs} of {self.most}: {self.waited}"
        elif self.cause == "listener":
            done = f"ended after epoch {self.epochs} of {self.most}"
        kept = f"the weights are those of epoch {self.weights}"
        if not self.validated:
            kept += ", the last: no rows are held back for validation"
        elif self.falling:
            kept += ", the last, and the validation loss was still falling"
        elif not self.known:
            kept += ", the last: no validation loss is a number"
        elif self.epochs > 1:
            kept += ", which has the lowest validation loss"
        advice = []
        if self.falling and self.cause == "epochs":
            advice.append(f"More epochs may help: `-o training.epochs={2 * self.most}`")
        if self.batch_size is not None:
            steps = f"{self.steps} step{'s' if self.steps > 1 else ''}"
            advice.append(
                f"An epoch has {steps} only, `-o training.batch_size={self.batch_size}` gives it "
                "more"
            )
        return ". ".join([f"{done}; {kept}", *advice])


def ending(
    cause: Cause,
    history: Sequence[Epoch],
    most: int,
    stopping: EarlyStopping | None,
    rows: int,
    batch_size: int,
) -> Ending:
    """How a fit ended.

    Args:
        cause: What ended it.
        history: Figures of each epoch.
        most: How many epochs it could have had.
        stopping: When it stops early; None: never.
        rows: Training rows.
        batch_size: Rows of a step.
    """
    losses = [figures.get("val_loss", math.nan) for figures in history]
    known = [loss for loss in losses if not math.isnan(loss)]
    weights = losses.index(min(known)) + 1 if known else len(history)
    before = min(known[:-1], default=math.nan)
    falling = (
        len(known) > 1 and weights == len(history) and before - known[-1] > FALLS * abs(before)
    )
    steps = math.ceil(rows / batch_size)
    few = steps < FEW_STEPS and (falling or steps * len(history) < FEW_IN_ALL)
    waited = ""
    if stopping is not None:
        fallen = f" by {stopping.min_delta:g}" if stopping.min_delta else ""
        several = "1 epoch" if stopping.patience == 1 else f"{stopping.patience} epochs"
        waited = f"the validation loss has not fallen{fallen} for {several}"
    less = 2 ** max(0, int(math.log2(max(1, rows / ENOUGH_STEPS))))
    less = max(LEAST_ROWS, less)
    return Ending(
        cause, len(history), most, weights, waited, "val_loss" in history[-1], bool(known), falling,
        less if few and less < batch_size else None, steps,
    )  # fmt: skip
