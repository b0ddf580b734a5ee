"""Why a loss is no longer a number: which step, and what in its rows or in the weights."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from kbuilder.errors import TrainingError, listed
from kbuilder.training.feeding import Feed


def explain(trainer: Any, feed: Feed, epoch: int, step: int, loss: float) -> TrainingError:
    """The error for a step whose loss, or its gradient, is not finite; its rows are.

    Args:
        trainer: The network, with the weights from before the step.
        feed: The training rows.
        epoch, step: Which, both from 0.
        loss: What it was; NaN for the gradient.
    """
    import keras

    values = {w.path: np.abs(keras.ops.convert_to_numpy(w)) for w in trainer.weights if w.shape}
    lost = [path for path, sizes in values.items() if not np.isfinite(sizes).all()]
    gradient = ", or its gradient is not finite" if math.isnan(loss) else ""
    what = f"the loss of epoch {epoch + 1}, step {step + 1} of {feed.steps}, is {loss}{gradient}. "
    rows = len(feed.batch(epoch, step))
    if lost:
        why = (
            f"Its {rows} rows are finite, but the weights no longer were: {listed(lost, 3)}. "
            "The steps before it were too large. " + SMALLER
        )
    else:
        largest = max(values, key=lambda path: values[path].max())
        why = (
            f"Its {rows} rows and the weights before it are finite, but the outputs of the "
            "network, or their loss, are not; the largest weight is "
            f"{values[largest].max():.3g}, of {largest}. " + SMALLER
        )
    return TrainingError(what + why, key=("training", "optimizer"))


def lost_worker(error: Exception) -> TrainingError:
    """The error for a worker that is gone, as TensorFlow's own says in many words."""
    numbers = sorted(set(re.findall(r"task:(\d+)", str(error).partition("aborted by:")[2])))
    who = f"worker {numbers[0]} is" if len(numbers) == 1 else f"workers {listed(numbers)} are"
    who = who if numbers else "another worker is"
    return TrainingError(
        f"{who} gone, and a step takes all of them. Look at what it said last; then start all "
        "workers again with --resume: the last checkpoint is kept."
    )


def unexplained(epoch: int, loss: float) -> TrainingError:
    """The error for a loss that is finite when its steps are taken again, as on some GPUs."""
    return TrainingError(
        f"the loss of epoch {epoch + 1} is {loss}; taken again, its steps gave finite ones. "
        + SMALLER,
        key=("training", "optimizer"),
    )


SMALLER = (
    "Lower the learning rate, such as `optimizer: {learning_rate: 1e-4}`, or limit the gradient "
    "with `clipnorm: 1`."
)
