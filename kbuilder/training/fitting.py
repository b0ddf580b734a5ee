"""The fit: `model.fit` epoch by epoch, the best weights kept, and where it stands saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kbuilder.columns import Rows
from kbuilder.contracts import Listener, Phase, Task
from kbuilder.recipe.training import Training
from kbuilder.runs.checkpoints import Checkpoint
from kbuilder.spec import learned
from kbuilder.training import precision
from kbuilder.training.feeding import Feed, of_outputs, training_feed
from kbuilder.training.following import Following
from kbuilder.training.listeners.best import Best
from kbuilder.training.one_fit import Fitted, OneFit


def fit(
    trainer: Any,
    tasks: Mapping[str, Task],
    training: Training,
    train: Rows,
    validation: Rows | None,
    listeners: Sequence[Listener] = (),
    phases: Sequence[Phase] = (),
    compile_: Callable[[Any], None] | None = None,
    start: Checkpoint | None = None,
    say: Callable[[str], None] = lambda text: None,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Fitted:
    """Fit a compiled network, and leave it with its best weights.

    Args:
        trainer: The network, a `Trainer`, compiled; with phases it is compiled anew for each.
        tasks: The task by output; gives the class weights.
        training: How.
        train, validation: Rows; without validation the last weights are kept.
        listeners: Called in their order, after the one that keeps the best weights.
        phases: The phases of the fit; none: a single one, in which all layers learn.
        compile_: Compiles the network with an optimizer; only phases need it.
        start: From where the fit is resumed; None: from the beginning.
        say: Called with what is printed.
        weights: How much each row of "train" and "validation" counts, (rows,); left out: all alike.

    Returns:
        The figures of each epoch: `epoch` from 1, `seconds`, the `learning_rate` of its first step,
        losses and metrics; and what was decided of its execution.

    Raises:
        TrainingError: if the loss is no longer a finite number.
        Interrupted: after a signal, when the step is finished and a checkpoint written.
    """
    weights = weights or {}
    feed = training_feed(train, tasks, training, weights.get("train"))
    held = None
    if validation is not None:
        counted = of_outputs(validation[1], weights.get("validation"))
        held = Feed(validation, training.rows_per_step, counted)
    best = [Best(training.early_stopping)] if held is not None else []
    following = Following([*best, *listeners], say)
    with precision.computing(trainer, training.precision):
        return OneFit(trainer, training, feed, held, following, phases, compile_, start).run()


def steps_per_epoch(train: Rows, training: Training) -> int:
    """Steps of an epoch; the last may be of fewer rows."""
    return Feed(train, training.rows_per_step).steps


def spans(training: Training) -> bool:
    """Whether the schedule depends on how many epochs the fit has."""
    import keras

    if training.schedule is None:
        return False
    shorter, longer = (
        keras.saving.serialize_keras_object(training.schedule.create(1.0, 100, epochs))
        for epochs in (learned(training.epochs), 2 * learned(training.epochs))
    )
    return bool(shorter != longer)
