"""What ended a fit, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

import kbuilder as kb
from kbuilder.recipe.training import EarlyStopping
from kbuilder.training.ending import Ending, ending


def ended(losses: list[float], cause: Any = "epochs", most: int = 0, **options: Any) -> Ending:
    """The ending of a fit with such validation losses, on 6,400 rows."""
    history = [{"epoch": n, "val_loss": loss} for n, loss in enumerate(losses, start=1)]
    given = {"stopping": EarlyStopping(), "rows": 6400, "batch_size": 64, **options}
    return ending(cause, history, most or len(losses), **given)


CASES: dict[str, tuple[Ending, str]] = {
    "falling": (
        ended([3, 2, 1]),
        "all 3 epochs are done; the weights are those of epoch 3, the last, and the validation "
        "loss was still falling. More epochs may help: `-o training.epochs=6`",
    ),
    "level": (
        ended([3, 1, 0.9999]),
        "all 3 epochs are done; the weights are those of epoch 3, which has the lowest validation "
        "loss",
    ),
    "risen": (
        ended([3, 1, 2]),
        "all 3 epochs are done; the weights are those of epoch 2, which has the lowest validation "
        "loss",
    ),
    "stopped": (
        ended([3, 1, 2, 2], "early stopping", 20, stopping=EarlyStopping(patience=2)),
        "stopped early after epoch 4 of 20: the validation loss has not fallen for 2 epochs; the "
        "weights are those of epoch 2, which has the lowest validation loss",
    ),
    "stopped while it falls a little": (
        ended([3, 2], "early stopping", 9, stopping=EarlyStopping(patience=1, min_delta=5)),
        "stopped early after epoch 2 of 9: the validation loss has not fallen by 5 for 1 epoch; "
        "the weights are those of epoch 2, the last, and the validation loss was still falling",
    ),
    "a listener": (
        ended([3, 2, 1], "listener", 20),
        "ended after epoch 3 of 20; the weights are those of epoch 3, the last, and the validation "
        "loss was still falling",
    ),
    "one": (ended([1]), "the one epoch is done; the weights are those of epoch 1"),
    "no numbers": (
        ended([float("nan")] * 2),
        "all 2 epochs are done; the weights are those of epoch 2, the last: no validation loss is "
        "a number",
    ),
    "few steps": (
        ended([3, 2, 1], rows=192),
        "all 3 epochs are done; the weights are those of epoch 3, the last, and the validation "
        "loss was still falling. More epochs may help: `-o training.epochs=6`. An epoch has 3 "
        "steps only, `-o training.batch_size=8` gives it more",
    ),
    "few steps that were enough": (
        ended([*range(30, 1, -1), 5], rows=192),
        "all 30 epochs are done; the weights are those of epoch 29, which has the lowest "
        "validation loss",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_ended_a_fit_is_one_line(case: str) -> None:
    found, said = CASES[case]
    assert found.say() == said


def test_without_validation_the_last_weights_are_kept() -> None:
    found = ending("epochs", [{"epoch": 1, "loss": 2}, {"epoch": 2, "loss": 1}], 2, None, 9, 3)
    assert found.say() == (
        "all 2 epochs are done; the weights are those of epoch 2, the last: no rows are held back "
        "for validation"
    )


def test_what_is_written_is_advice_that_a_recipe_takes() -> None:
    found = ended([3, 2, 1], rows=20, batch_size=16)
    assert (found.batch_size, found.steps) == (4, 2)
    assert kb.Training(batch_size=found.batch_size, epochs=2 * found.most)
    assert ended([3, 2, 1], rows=20, batch_size=4).batch_size is None
    assert found.to_json() == {
        "epochs": 3, "of": 3, "ended_by": "epochs", "weights_of_epoch": 3, "still_falling": True,
        "steps_per_epoch": 2,
    }  # fmt: skip
