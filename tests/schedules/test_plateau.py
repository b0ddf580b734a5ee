"""A learning rate that falls when learning stalls."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest

import kbuilder as kb


def rates(plateau: Any, losses: list[float], steps: int = 4) -> list[float]:
    """The learning rate after each epoch of such validation losses, from 1."""
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    follower = plateau.follow(model, steps)
    found = []
    for loss in losses:
        for step in range(steps):
            follower.step(step)
        follower.end({"val_loss": loss})
        found.append(float(model.optimizer.learning_rate))
    return found


def test_the_rate_falls_after_patience_epochs_and_waits_anew() -> None:
    losses = [5, 4, 4, 4, 3, 3, 3, 3, 3]
    assert rates(kb.Plateau(factor=0.5, patience=2), losses) == pytest.approx(
        [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    )


def test_a_fall_of_the_loss_below_min_delta_does_not_count() -> None:
    losses = [5, 4.9, 4.8, 4.0]
    plateau = kb.Plateau(factor=0.5, patience=2, min_delta=0.5)
    assert rates(plateau, losses) == pytest.approx([1, 1, 0.5, 0.5])


def test_a_loss_that_is_no_number_has_not_fallen() -> None:
    assert rates(kb.Plateau(patience=1), [float("nan"), 1]) == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize(("least", "expected"), [(0.3, 0.3), (2.0, 1.0)])
def test_the_rate_does_not_fall_below_min_lr_nor_rise_to_it(least: float, expected: float) -> None:
    found = rates(kb.Plateau(factor=0.1, patience=1, min_lr=least), [1, 1, 1])
    assert found == pytest.approx([1.0, expected, expected])


def test_no_epoch_of_the_warm_up_counts_as_waiting() -> None:
    plateau = kb.Plateau(factor=0.5, patience=1, warm_up=2.5)
    assert rates(plateau, [1, 1, 1, 1, 0]) == pytest.approx([0.4, 0.8, 0.5, 0.25, 0.25])


def test_the_warm_up_ends_though_some_steps_are_taken_at_once() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    follower = kb.Plateau(warm_up=1.5).follow(model, 4)
    found = []
    for _ in range(3):
        follower.step(0)  # and no call for the other three
        found.append(float(model.optimizer.learning_rate))
        follower.end({"val_loss": 1.0})
    assert found == pytest.approx([1 / 6, 5 / 6, 1.0])


def test_one_that_takes_over_the_state_of_another_goes_on_alike() -> None:
    plateau = kb.Plateau(factor=0.5, patience=2, warm_up=1.5)
    losses = [5.0, 4, 4, 4, 4, 3, 3, 3]
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    follower = plateau.follow(model, 4)
    found = []
    for loss in losses:
        again = plateau.follow(model, 4)  # which takes the rate of now for its height
        again.set_state(json.loads(json.dumps(follower.get_state())))
        follower = again
        for step in range(4):
            follower.step(step)
        follower.end({"val_loss": loss})
        found.append(float(model.optimizer.learning_rate))
    assert found == rates(plateau, losses)


def test_it_looks_at_the_validation_loss() -> None:
    assert kb.Plateau.needs_validation
