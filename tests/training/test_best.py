"""The best weights, and when there will be no better ones."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.training.listeners.best import Best


@pytest.fixture(scope="module")
def model() -> Any:
    return kb.build(kb.MLP(units=2), kb.Regression(), (3,))


def a_fit(model: Any) -> Any:
    return SimpleNamespace(model=model)


def following(model: Any, stopping: Any) -> Best:
    best = Best(stopping)
    best.begin(a_fit(model))
    return best


def judged(model: Any, losses: list[float], stopping: Any = None) -> tuple[float, int]:
    """The weights that are kept, of those that have the number of their epoch, and the epochs."""
    best = following(model, stopping)
    for epoch, loss in enumerate(losses):
        model.set_weights([np.full_like(weight, epoch) for weight in model.get_weights()])
        best.epoch({"val_loss": loss})
        if best.over:
            break
    best.end()
    kept = {float(number) for weight in model.get_weights() for number in weight.flat}
    assert len(kept) == 1
    return kept.pop(), epoch + 1


def test_a_fall_below_min_delta_counts_for_the_weights_and_not_for_the_wait(model: Any) -> None:
    stopping = kb.EarlyStopping(patience=2, min_delta=0.5)
    assert judged(model, [5.0, 4.9, 4.8, 1.0], stopping) == (2, 3)


def test_falls_below_min_delta_count_once_they_add_up(model: Any) -> None:
    stopping = kb.EarlyStopping(patience=2, min_delta=0.5)
    assert judged(model, [5.0, 4.7, 4.4, 4.3, 4.2, 0.0], stopping) == (4, 5)


def test_the_first_of_equal_losses_is_kept(model: Any) -> None:
    assert judged(model, [3.0, 2.0, 2.0, 4.0]) == (1, 4)


def test_a_loss_that_is_no_number_is_waited_for_and_never_best(model: Any) -> None:
    assert judged(model, [math.nan, 2.0, math.nan, 3.0, 1.0], kb.EarlyStopping(patience=2)) == (
        1,
        4,
    )
    assert judged(model, [math.nan, math.nan]) == (1, 2)


def test_nothing_is_copied_where_the_loss_has_not_fallen(model: Any) -> None:
    best = following(model, None)
    best.epoch({"val_loss": 1.0})
    kept = best.weights
    best.epoch({"val_loss": 1.0})
    assert best.weights is kept


def test_a_new_phase_waits_anew_and_keeps_the_best_of_all(model: Any) -> None:
    best = following(model, kb.EarlyStopping(patience=1))
    best.epoch({"val_loss": 1.0})
    assert best.over is False
    best.epoch({"val_loss": 2.0})
    assert best.over
    best.begin(a_fit(model))
    best.epoch({"val_loss": 7.0})
    assert not best.over
    assert best.loss == 1.0
