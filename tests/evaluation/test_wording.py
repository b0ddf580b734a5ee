"""What metrics.json says, in lines for a person."""

from __future__ import annotations

from typing import Any

import pytest

from kbuilder.evaluation.wording import verdict

METRICS = {
    "headline": "accuracy",
    "splits": {
        "validation": {"loss": 0.5, "f1": 0.25, "accuracy": 0.75},
        "test": {"loss": 0.4, "f1": 0.5, "accuracy": 1.0},
    },
    "baselines": {"majority": {"loss": 1.0, "f1": 0.0, "accuracy": 0.5}},
}
LINES = """validation: accuracy 0.7500, f1 0.2500, loss 0.5000
test: accuracy 1.0000, f1 0.5000, loss 0.4000
baselines (accuracy): majority 0.5000"""


@pytest.mark.parametrize("better", [True, None])
def test_the_headline_comes_first_and_the_loss_last(better: bool | None) -> None:
    assert verdict({**METRICS, "better_than_baseline": better}) == LINES


def test_a_model_that_is_no_better_than_the_baseline_is_told_so() -> None:
    assert verdict({**METRICS, "better_than_baseline": False}) == (
        f"{LINES}\nThis model is no better than the baseline, which ignores the input (accuracy)."
    )


def test_of_several_baselines_the_best_is_named() -> None:
    last = {"last value of x": {"loss": 0.9, "f1": 0.0, "accuracy": 0.6}}
    known = {**METRICS, "baselines": {**METRICS["baselines"], **last}}
    assert verdict({**known, "better_than_baseline": False}).splitlines()[-1] == (
        "This model is no better than the baseline 'last value of x' (accuracy)."
    )


def test_without_held_back_rows_that_is_said() -> None:
    nothing: dict[str, Any] = {"splits": {}, "baselines": {}, "better_than_baseline": None}
    assert verdict({**METRICS, **nothing}) == (
        "No rows were held back, so nothing is known of other rows."
    )
