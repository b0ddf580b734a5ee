"""The fit itself: `model.fit`, the best weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from kbuilder.columns import Arrays, Rows
from kbuilder.contracts import Phase, Task
from kbuilder.errors import TrainingError
from kbuilder.recipe.training import Training
from kbuilder.training.best import Best

Epoch = dict[str, float]


class Listener(Protocol):
    """Who is told of progress."""

    @property
    def live(self) -> bool:
        """Whether steps are told too; each costs a little time."""

    def say(self, text: str) -> None:
        """Be told in words."""

    def step(self, step: int, steps: int, epoch: int, epochs: int, loss: float) -> None: ...
    def epoch(self, figures: Epoch, epochs: int) -> None: ...


def fit(
    model: Any,
    tasks: Mapping[str, Task],
    training: Training,
    train: Rows,
    validation: Rows | None,
    listener: Listener,
    phases: Sequence[Phase] = (),
    compile_: Callable[[Any], None] | None = None,
) -> list[Epoch]:
    """Fit a compiled network, and leave it with its best weights.

    Args:
        model: The network, compiled; with phases it is compiled anew for each.
        tasks: The task by output; gives the class weights.
        training: How.
        train, validation: Rows; without validation the last weights are kept.
        listener: Is told of each epoch.
        phases: The stretches of the fit; none: a single one, in which all layers learn.
        compile_: Compiles the network with an optimizer; only phases need it.

    Returns:
        The figures of each epoch: `epoch` from 1, `seconds`, the `learning_rate` of its first step,
        losses and metrics.

    Raises:
        TrainingError: if the loss is no longer a finite number.
    """
    steps = steps_per_epoch(train, training)
    lengths = [epochs_of(phase, training) for phase in phases] or [training.epochs]
    watch = Watch(model, sum(lengths), steps, listener)
    best = Best(model, training.early_stopping) if validation is not None else None
    given: dict[str, Any] = {
        "x": train[0],
        "y": train[1],
        "sample_weight": class_weights(tasks, train[1]) if training.balance == "auto" else None,
        "validation_data": validation,
        "batch_size": training.batch_size,
        "verbose": 0,
    }
    for place, epochs in enumerate(lengths):
        if phases:
            assert compile_ is not None, "phases are compiled one by one"
            enter(phases[place], phases, model, training, steps, compile_)
            listener.say(f"phase {place + 1} of {len(phases)}: {phases[place].why}")
        done = len(watch.epochs)
        model.fit(
            **given,
            initial_epoch=done,
            epochs=done + epochs,
            callbacks=callbacks(model, training, steps, watch, best),
        )
        if best is not None:
            best.restore()
    return watch.epochs


def steps_per_epoch(train: Rows, training: Training) -> int:
    """Steps of an epoch; the last may be of fewer rows."""
    rows = len(next(iter(train[1].values())))
    return math.ceil(rows / training.batch_size)


def epochs_of(phase: Phase, training: Training) -> int:
    """The epochs of a phase: never more than those of `training`, which a smoke test has one of."""
    return min(phase.epochs or training.epochs, training.epochs)


def optimizer_of(phase: Phase, training: Training, steps: int) -> Any:
    """The optimizer of a phase, whose schedule spans its epochs."""
    return training.create_optimizer(steps, epochs_of(phase, training), phase.learning_rate)


def enter(
    phase: Phase,
    phases: Sequence[Phase],
    model: Any,
    training: Training,
    steps: int,
    compile_: Callable[[Any], None],
) -> None:
    """Freeze what the phase freezes, let the rest learn, and compile with an optimizer of its own.

    What no phase freezes stays as the architecture made it. Layers hold layers, so that all are
    set to learn before any is frozen.
    """
    for other in phases:
        for layer in other.frozen:
            layer.trainable = True
    for layer in phase.frozen:
        layer.trainable = False
    with model.distribute_strategy.scope():
        compile_(optimizer_of(phase, training, steps))


def callbacks(
    model: Any, training: Training, steps: int, watch: Watch, best: Best | None
) -> list[Any]:
    """The Keras callbacks of a stretch of the fit."""
    from keras.callbacks import LambdaCallback

    told: dict[str, Any] = {"on_epoch_begin": watch.begin, "on_epoch_end": watch.end}
    if watch.listener.live:
        told["on_train_batch_end"] = watch.step
    made = [LambdaCallback(**told)]
    if training.schedule is not None:  # first, since the rate of an epoch is noted as it begins
        made.insert(0, training.schedule.callback(model, steps))
    if best is not None:
        made.append(LambdaCallback(on_train_begin=best.begin, on_epoch_end=best.end))
    return [callback for callback in made if callback is not None]


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

    def __init__(self, model: Any, most: int, steps: int, listener: Listener) -> None:
        self.epochs: list[Epoch] = []
        self.model = model
        self.most = most
        self.steps = steps
        self.listener = listener
        self.started = 0.0
        self.rate = 0.0

    def begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock of an epoch, and note its learning rate."""
        import keras

        # Under a strategy the rate is a variable that float() does not read.
        self.rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.started = time.perf_counter()

    def step(self, step: int, logs: Mapping[str, float]) -> None:
        """Tell of a step."""
        epoch = len(self.epochs) + 1
        self.listener.step(step + 1, self.steps, epoch, self.most, float(logs["loss"]))

    def end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Keep the figures of an epoch, and tell of it.

        Raises:
            TrainingError: if the loss is no longer a finite number.
        """
        seconds = time.perf_counter() - self.started
        figures = {name: float(value) for name, value in logs.items()}
        known = {"epoch": epoch + 1, "seconds": round(seconds, 3), "learning_rate": self.rate}
        self.epochs.append({**known, **figures})
        if not math.isfinite(figures["loss"]):
            raise TrainingError(
                f"the loss of epoch {epoch + 1} is {figures['loss']}. Expected a finite number. "
                "Lower the learning rate, such as `optimizer: {learning_rate: 1e-4}`, or limit "
                "the gradient with `clipnorm: 1`.",
                key=("training", "optimizer"),
            )
        self.listener.epoch(self.epochs[-1], self.most)
