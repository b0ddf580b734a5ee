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


def test_the_interval_stands_beside_the_headline_and_the_verdict_says_what_rows_can_show() -> None:
    one = {"metric": "accuracy", "baseline": "linear", "difference": 0.02, "rows": 500,
           "interval": [0.01, 0.03], "verdict": "better", "rows_needed": None}  # fmt: skip
    baselines = {"majority": {"accuracy": 0.5}, "linear": {"accuracy": 0.98}}
    known = {
        **METRICS, "baselines": baselines, "better_than_baseline": True, "comparisons": [one],
        "intervals": {"test": {"accuracy": [0.95, 1.0], "loss": [0.3, 0.5]}},
        "baseline_notes": {"linear": "on a sample", "boosting": "left out: too few rows"},
    }  # fmt: skip
    assert verdict(known).splitlines()[1:] == [
        "test: accuracy 1.0000 (95 %: 0.9500 to 1.0000), f1 0.5000, loss 0.4000",
        "baselines (accuracy): majority 0.5000, linear 0.9800 (on a sample), boosting left out: "
        "too few rows",
        "Better than the best baseline, linear: accuracy +0.0200 (95 %: +0.0100 to +0.0300).",
    ]
    alone = {"validation": METRICS["splits"]["validation"]}
    assert verdict({**known, "splits": alone}).endswith(
        "+0.0300). These rows have chosen the epoch, so other rows may show less."
    )
    worse = {**one, "difference": -0.02, "interval": [-0.03, -0.01], "verdict": "worse"}
    assert verdict({**known, "comparisons": [worse]}).splitlines()[-1] == (
        "Worse than the best baseline, linear: accuracy -0.0200 (95 %: -0.0300 to -0.0100)."
    )
    same = {**one, "baseline": "majority", "interval": [-0.01, 0.05], "verdict": "no difference"}
    line = (
        "500 rows show no difference to the best baseline, majority, which ignores the input: "
        "accuracy +0.0200 (95 %: -0.0100 to +0.0500)"
    )
    assert verdict({**known, "comparisons": [same]}).splitlines()[-1] == f"{line}."
    needed = {**same, "rows_needed": 1200}
    assert verdict({**known, "comparisons": [needed, worse]}).splitlines()[-1] == (
        f"{line}; about 1,200 rows could. Worse than the best baseline, linear: accuracy -0.0200 "
        "(95 %: -0.0300 to -0.0100)."
    )
