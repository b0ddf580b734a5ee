"""From which probability on the answer is yes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bad import plain, wrong
from sklearn import metrics

import kbuilder as kb
from kbuilder.probabilities.thresholds import (
    at_threshold,
    best_threshold,
    is_yes,
    limit_of,
    rule_of,
)
from kbuilder.recipe import reading, writing

EXPECTED = (
    "Expected a number between 0 and 1, such as `threshold: 0.3`, or how it is chosen on "
    "validation: `threshold: auto`, which is {metric: f1}, or one of {metric: f1}, {cost: "
    "{false_positive: 1, false_negative: 5}}, {recall: 0.9} or {precision: 0.9}"
)
SHARE = (
    "Expected a share greater than 0 and at most 1, such as `threshold: {recall: 0.9}` or "
    "`threshold: {precision: 0.9}`."
)
ROWS = 400


def rows(seed: int = 0, decimals: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, some of them equal, what is true, and weights."""
    random = np.random.default_rng(seed)
    likely = random.random((ROWS, 1)).round(decimals).astype(np.float32)
    yes = (random.random((ROWS, 1)) < likely**3).astype(np.float32)
    return likely, yes, random.uniform(0, 2, ROWS)


def figure(rule: dict[str, Any], yes: np.ndarray, told: np.ndarray, weights: Any) -> float:
    """What a rule wants to be high, by scikit-learn."""
    given: dict[str, Any] = {"sample_weight": weights, "zero_division": 0}
    recall = metrics.recall_score(yes, told, **given)
    precision = metrics.precision_score(yes, told, **given)
    if "metric" in rule:
        if rule["metric"] == "f1":
            return float(metrics.f1_score(yes, told, **given))
        name = f"{rule['metric']}_score"
        return float(getattr(metrics, name)(yes, told, sample_weight=weights))
    if "recall" in rule:
        return float(precision if recall >= rule["recall"] - 1e-9 else -np.inf)
    if "precision" in rule:
        return float(recall if precision >= rule["precision"] - 1e-9 else -np.inf)
    each, cost = np.ones(ROWS) if weights is None else weights, rule["cost"]
    lost = cost["false_positive"] * each @ (told & ~yes)
    return -float(lost + cost["false_negative"] * each @ (~told & yes))


RULES: list[dict[str, Any]] = [
    {"metric": "f1"}, {"metric": "accuracy"}, {"metric": "balanced_accuracy"},
    {"cost": {"false_positive": 1, "false_negative": 5}},
    {"cost": {"false_positive": 9, "false_negative": 1}},
    {"recall": 0.9}, {"recall": 1.0}, {"precision": 0.7},
]  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_no_other_threshold_serves_a_rule_better(rule: dict[str, Any], weighted: bool) -> None:
    for seed in range(2):
        likely, encoded, given = rows(seed, decimals=2)
        weights, yes = given if weighted else None, encoded[:, 0] > 0.5
        found = best_threshold(likely, rule, encoded, weights)
        assert 0 < found < 1
        mine = figure(rule, yes, is_yes(likely[:, 0], found), weights)
        others = [
            figure(rule, yes, is_yes(likely[:, 0], other), weights)
            for other in np.linspace(0.004, 0.996, 60)
        ]
        assert mine >= max(others) - 1e-9
        assert mine > -np.inf


def test_the_threshold_lies_between_probabilities_at_a_short_number() -> None:
    likely = np.array([[0.1], [0.2], [0.34567], [0.4], [0.9]], np.float32)
    yes = np.array([[0], [0], [1], [1], [1]], np.float32)
    assert best_threshold(likely, {"metric": "f1"}, yes) == 0.27
    close = np.array([[0.2], [0.3], [np.nextafter(np.float32(0.3), np.float32(1))]], np.float32)
    found = best_threshold(close, {"metric": "f1"}, np.array([[0], [0], [1]], np.float32))
    assert is_yes(close, found).ravel().tolist() == [False, False, True]


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_probabilities_of_0_and_1_are_told_apart_too(certain: float) -> None:
    likely = np.array([[certain], [certain], [0.5], [0.6]], np.float32)
    for yes in ([1, 0, 0, 1], [0, 1, 1, 0]):
        for rule in RULES:
            found = best_threshold(likely, rule, np.array(yes, np.float32)[:, None])
            assert 0 < found < 1


def test_rows_that_weigh_nothing_have_no_say() -> None:
    likely, yes, _ = rows()
    counted = (np.arange(ROWS) % 2).astype(np.float64)
    for rule in RULES:
        alone = best_threshold(likely[1::2], rule, yes[1::2])
        assert best_threshold(likely, rule, yes, counted) == alone


def test_a_precision_that_no_threshold_has_gives_the_highest() -> None:
    likely = np.array([[0.9], [0.8], [0.7], [0.2]], np.float32)
    yes = np.array([[0], [1], [1], [0]], np.float32)
    found = best_threshold(likely, {"precision": 0.95}, yes)
    assert at_threshold(likely, yes, found)["precision"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("value", [0, 1])
def test_where_all_rows_are_alike_it_is_a_half(value: int) -> None:
    likely = np.array([[0.9], [0.8]], np.float32)
    assert best_threshold(likely, {"metric": "f1"}, np.full((2, 1), value, np.float32)) == 0.5


@pytest.mark.parametrize("weighted", [False, True])
def test_figures_at_a_threshold_are_those_of_scikit_learn(weighted: bool) -> None:
    likely, encoded, given = rows()
    weights = given if weighted else None
    found = at_threshold(likely, encoded, 0.3, weights)
    yes, told = encoded[:, 0] > 0.5, likely[:, 0] >= np.float32(0.3)
    told_by = {"sample_weight": weights}
    assert found == pytest.approx({
        "accuracy": metrics.accuracy_score(yes, told, **told_by),
        "precision": metrics.precision_score(yes, told, **told_by),
        "recall": metrics.recall_score(yes, told, **told_by),
        "f1": metrics.f1_score(yes, told, **told_by),
    }, abs=1e-6)  # fmt: skip
    task = kb.Binary(classes=["no", "yes"], threshold=0.3)
    scores = task.score(encoded, likely, weights)
    assert {name: scores[name] for name in found} == pytest.approx(found, abs=1e-6)


def test_the_task_answers_yes_at_the_threshold_and_above_it() -> None:
    limit = np.float32(0.3)
    near = [np.nextafter(limit, np.float32(0)), limit, np.nextafter(limit, np.float32(1))]
    outputs = np.array(near, np.float32)[:, None]
    encoded = np.ones((3, 1), np.float32)
    one = kb.Binary(classes=["no", "yes"], threshold=0.3)
    decoded = one.decode(outputs)
    assert decoded["label"].numpy().tolist() == [b"no", b"yes", b"yes"]
    assert decoded["probability"].numpy() == pytest.approx([0.7, 0.3, 0.3], abs=1e-6)
    assert one.score(encoded, outputs)["recall"] == pytest.approx(2 / 3)
    assert is_yes(outputs, 0.3).ravel().tolist() == [False, True, True]
    many = kb.Multilabel(classes=["a"], threshold=0.3)
    assert many.decode(outputs)["labels"].numpy().ravel().tolist() == [b"", b"a", b"a"]
    assert many.score(encoded, outputs)["exact"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "written",
    ["0.3", "auto", "{metric: balanced_accuracy}", "{recall: 0.9}", "{precision: 0.5}",
     "{cost: {false_positive: 1.0, false_negative: 5.0}}"],
)  # fmt: skip
@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_a_recipe_says_it_and_is_written_again(task: str, written: str) -> None:
    text = f"data: {{path: rows.csv, target: y}}\ntask: {{name: {task}, threshold: {written}}}\n"
    recipe = reading.parse(text)
    again = reading.parse(writing.to_yaml(recipe))
    assert again.task == recipe.task
    assert limit_of(recipe.task.threshold) == (0.3 if written == "0.3" else 0.5)
    if written == "auto":
        assert rule_of(recipe.task.threshold) == {"metric": "f1"}


def task_of(said: str) -> str:
    text = f"data: {{path: rows.csv, target: y}}\ntask: {{{said}}}\n"
    return plain(wrong(text)).partition("task.")[2].removesuffix("\n1 problem.")


@pytest.mark.parametrize(
    "value", ["0", "1", "1.2", "-0.5", "'half'", "true", "[0.1, 0.2]", "'0.3'"]
)
def test_what_is_no_threshold_is_refused_with_what_is(value: str) -> None:
    said = task_of(f"name: binary, threshold: {value}")
    assert said == f"threshold: {EXPECTED}. Got {value}."


def test_rules_that_say_nothing_or_too_much_are_refused() -> None:
    said = task_of("name: binary, threshold: {recall: 0}")
    assert said == f"threshold.recall: {SHARE} Got 0."
    said = task_of("name: multilabel, threshold: {precision: 1.5}")
    assert said == f"threshold.precision: {SHARE} Got 1.5."
    assert task_of("name: binary, threshold: {metric: f2}") == (
        "threshold.metric: Expected one of: f1, accuracy, balanced_accuracy. Got 'f2'."
    )
    assert task_of("name: binary, threshold: {cost: {false_positive: 1}}") == (
        "threshold.cost: Expected both costs: `threshold: {cost: {false_positive: 1, "
        "false_negative: 5}}`. Got {'false_positive': 1}."
    )
    assert task_of("name: binary, threshold: {cost: {false_positive: 0, false_negative: 5}}") == (
        "threshold.cost.false_positive: Expected a number greater than 0. Got 0."
    )
    both = task_of("name: binary, threshold: {recall: 0.5, metric: f1}")
    assert both.startswith("threshold: it says metric and recall. Expected one of {metric: f1}, ")
    assert task_of("name: binary, threshold: {}").startswith("threshold: it says nothing. ")


def test_other_tasks_have_no_threshold() -> None:
    line = "`task: {name: binary, threshold: 0.3}`, or to multilabel"
    assert task_of("name: regression, threshold: 0.3") == (
        "threshold: a number has no probability. Expected no threshold; it belongs to classes of "
        f"yes and no, {line}. Got 0.3."
    )
    assert task_of("name: multiclass, threshold: auto") == (
        "threshold: of several classes the likeliest is answered. Expected no threshold; it "
        f"belongs to classes of yes and no, {line}. Got 'auto'."
    )
    assert task_of("name: regression, calibrate: true") == (
        "calibrate: a number has no probability. Expected no calibrate; it belongs to classes of "
        "yes and no, `task: {name: binary, calibrate: true}`, or to multiclass or multilabel. "
        "Got true."
    )


def test_all_that_is_wrong_comes_at_once() -> None:
    said = wrong(
        "data: {path: rows.csv, target: y}\n"
        "task: {name: regression, threshold: 2, calibrate: perhaps, loss: foo}\n"
        "training: {epochs: 0}\n"
    )
    assert "4 problems." in said
    assert wrong("data: {path: rows.csv, target: y}\ntask: {name: binary, calibrate: perhaps}\n")
