"""Why a loss is no longer a number: which step, and what in its rows or in the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder.errors import TrainingError, listed
from kbuilder.training.feeding import Feed


def explain(trainer: Any, feed: Feed, epoch: int, step: int, loss: float) -> TrainingError:
    """The error for a step whose loss is not finite.

    Args:
        trainer: The network, with the weights from before the step.
        feed: The training rows.
        epoch, step: Which, both from 0.
        loss: What it was.
    """
    import keras

    rows = feed.batch(epoch, step)
    inputs, targets = (_unsound(part, rows) for part in feed.arrays[:2])
    values = {w.path: np.abs(keras.ops.convert_to_numpy(w)) for w in trainer.weights if w.shape}
    lost = [path for path, sizes in values.items() if not np.isfinite(sizes).all()]
    what = f"the loss of epoch {epoch + 1}, step {step + 1} of {feed.steps}, is {loss}. "
    key: tuple[str, ...] = ("training", "optimizer")
    if inputs or targets:
        name, count = next(iter((inputs or targets).items()))
        kind, key = ("input", ("features",)) if inputs else ("target", ("data", "target"))
        why = (
            f"In {count} of its {len(rows)} rows the {kind} {name!r} is not finite, once "
            "preprocessed. Mend or remove such rows; a number of huge size may be the cause."
        )
    elif lost:
        why = (
            f"Its {len(rows)} rows are finite, but the weights no longer were: {listed(lost, 3)}. "
            "The steps before it were too large. " + SMALLER
        )
    else:
        largest = max(values, key=lambda path: values[path].max())
        why = (
            f"Its {len(rows)} rows and the weights before it are finite, but the outputs of the "
            "network, or their loss, are not; the largest weight is "
            f"{values[largest].max():.3g}, of {largest}. " + SMALLER
        )
    return TrainingError(what + why, key=key)


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


def _unsound(arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, int]:
    """How many of the rows are not finite, by the name of the array; without those that are."""
    counts = {
        name: int((~np.isfinite(values[rows].reshape(len(rows), -1)).all(axis=1)).sum())
        for name, values in arrays.items()
        if np.issubdtype(values.dtype, np.floating)
    }
    return {name: count for name, count in counts.items() if count}
