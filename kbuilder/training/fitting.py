"""The fit itself: `model.fit`, the best weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from kbuilder.columns import Arrays, Rows
from kbuilder.contracts import Task
from kbuilder.errors import TrainingError
from kbuilder.recipe.training import Training

Epoch = dict[str, float]


class Listener(Protocol):
    """Who is told of progress."""

    @property
    def live(self) -> bool:
        """Whether steps are told too; each costs a little time."""

    def step(self, step: int, steps: int, epoch: int, epochs: int, loss: float) -> None: ...
    def epoch(self, figures: Epoch, epochs: int) -> None: ...


def fit(
    model: Any,
    tasks: Mapping[str, Task],
    training: Training,
    train: Rows,
    validation: Rows | None,
    listener: Listener,
) -> list[Epoch]:
    """Fit a compiled network, and leave it with its best weights.

    Args:
        model: The network, compiled.
        tasks: The task by output; gives the class weights.
        training: How.
        train, validation: Rows; without validation the last weights are kept.
        listener: Is told of each epoch.

    Returns:
        The figures of each epoch: `epoch` from 1, `seconds`, losses and metrics.

    Raises:
        TrainingError: if the loss is no longer a finite number.
    """
    import keras

    rows = len(next(iter(train[1].values())))
    watch = Watch(training, math.ceil(rows / training.batch_size), listener)
    told: dict[str, Any] = {"on_epoch_begin": watch.begin, "on_epoch_end": watch.end}
    if listener.live:
        told["on_train_batch_end"] = watch.step
    callbacks: list[Any] = [keras.callbacks.LambdaCallback(**told)]
    if validation is not None:
        stopping = training.early_stopping
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss",
                mode="min",
                patience=stopping.patience if stopping else training.epochs,
                min_delta=stopping.min_delta if stopping else 0.0,
                restore_best_weights=True,
            )
        )
    model.fit(
        *train,
        sample_weight=class_weights(tasks, train[1]) if training.balance == "auto" else None,
        validation_data=validation,
        epochs=training.epochs,
        batch_size=training.batch_size,
        callbacks=callbacks,
        verbose=0,
    )
    return watch.epochs


def class_weights(tasks: Mapping[str, Task], encoded: Arrays) -> Arrays:
    """By output a weight per row, so that each class weighs the same and the mean is 1. (rows,)"""
    weights: Arrays = {}
    for output, values in encoded.items():
        groups = tasks[output].groups(values)
        if groups is None:
            weights[output] = np.ones(len(values), np.float32)
        else:
            counts = np.bincount(groups)
            share = len(groups) / (np.count_nonzero(counts) * counts[groups])
            weights[output] = share.astype(np.float32)
    return weights


class Watch:
    """Collects the figures of each epoch, and stops a fit that has lost its numbers."""

    def __init__(self, training: Training, steps: int, listener: Listener) -> None:
        self.epochs: list[Epoch] = []
        self.training = training
        self.steps = steps
        self.listener = listener
        self.started = 0.0

    def begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock of an epoch."""
        self.started = time.perf_counter()

    def step(self, step: int, logs: Mapping[str, float]) -> None:
        """Tell of a step."""
        epoch = len(self.epochs) + 1
        self.listener.step(step + 1, self.steps, epoch, self.training.epochs, float(logs["loss"]))

    def end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Keep the figures of an epoch, and tell of it.

        Raises:
            TrainingError: if the loss is no longer a finite number.
        """
        seconds = time.perf_counter() - self.started
        figures = {name: float(value) for name, value in logs.items()}
        self.epochs.append({"epoch": epoch + 1, "seconds": round(seconds, 3), **figures})
        if not math.isfinite(figures["loss"]):
            raise TrainingError(
                f"the loss of epoch {epoch + 1} is {figures['loss']}. Expected a finite number. "
                "Lower the learning rate, such as `optimizer: {learning_rate: 1e-4}`, or limit "
                "the gradient with `clipnorm: 1`.",
                key=("training", "optimizer"),
            )
        self.listener.epoch(self.epochs[-1], self.training.epochs)
