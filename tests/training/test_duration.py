"""How long a fit is, where the recipe leaves it open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import built

import kbuilder as kb
from kbuilder.training import duration, strategies


@pytest.mark.parametrize(("steps", "epochs", "patience"), [
    (1, 200, 20), (24, 200, 20), (50, 100, 10), (101, 50, 5), (250, 20, 5), (9999, 20, 5),
])  # fmt: skip
def test_few_steps_an_epoch_make_more_epochs(steps: int, epochs: int, patience: int) -> None:
    training, decisions = duration.choose(kb.Training(), steps)
    assert training.epochs == epochs
    assert training.early_stopping is not None
    assert training.early_stopping.patience == patience
    named = [decision.path for decision in decisions]
    assert ("training.epochs" in named) == (epochs > 20)
    assert ("training.early_stopping.patience" in named) == (patience > 5)


def test_what_is_written_stays() -> None:
    given = kb.Training(epochs=3, early_stopping={"patience": 2})
    assert duration.choose(given, 1) == (given, [])
    training, [decision] = duration.choose(kb.Training(epochs=100), 1000)
    assert (decision.path, decision.reason, decision.write) == (
        "training.early_stopping.patience", "a tenth of the 100 epochs",
        "training: {early_stopping: {patience: 10}}",
    )  # fmt: skip
    assert training.epochs == 100


def test_a_fit_without_early_stopping_has_none() -> None:
    training, [decision] = duration.choose(kb.Training(early_stopping=None), 1)
    assert training.early_stopping is None
    assert (decision.value, decision.reason, decision.write) == (
        200, "an epoch has 1 step only", "training: {epochs: 200}"
    )  # fmt: skip


def recipe(rows: int, **training: Any) -> kb.Recipe:
    frame = pd.DataFrame({"x": np.arange(rows) % 17 / 3, "y": np.arange(rows) / 7})
    data = kb.Frame(frame=frame, target="y", split=kb.Random(validation=0, test=0))
    return kb.Recipe(data=data, model=kb.Linear(), training=kb.Training(**training))


@pytest.mark.parametrize(("rows", "given", "size", "epochs"), [
    (100, {}, 16, 200), (500, {}, 16, 157), (800, {}, 32, 200), (2000, {}, 64, 157),
    (100, {"batch_size": 64}, 64, 200), (100, {"epochs": 7}, 16, 7),
])  # fmt: skip
def test_few_rows_make_smaller_steps(
    rows: int, given: dict[str, Any], size: int, epochs: int
) -> None:
    training = built(recipe(rows, **given)).recipe.training
    assert (training.batch_size, training.epochs) == (size, epochs)


def test_a_step_has_a_row_for_each_device() -> None:
    given = recipe(20)
    assert built(given, strategies.place(given.training, 2)).recipe.training.batch_size == 16
