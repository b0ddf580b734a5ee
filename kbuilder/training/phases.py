"""The phases of a fit: in each some layers keep their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kbuilder.contracts import Phase
from kbuilder.recipe.training import Training
from kbuilder.spec import learned


def epochs_of(phase: Phase, training: Training) -> int:
    """The epochs of a phase: never more than those of `training`, which a smoke test has one of."""
    most = learned(training.epochs)
    return min(phase.epochs or most, most)


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
