"""The task's metrics on each part, beside a trivial baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import evaluated, predicting
from sklearn.metrics import log_loss

import kbuilder as kb
from kbuilder import progress
from kbuilder.columns import Columns, Target
from kbuilder.evaluation import evaluating

TRUTH = np.eye(3, dtype=np.float32)[[0, 1, 2, 2]]
RIGHT = (TRUTH * 0.7 + 0.1).astype(np.float32)

TASK = predicting(kb.Multiclass(classes=3))


class Model:
    """Answers with what it is fed."""

    def predict(self, arrays: Any, **_: Any) -> Any:
        return arrays


def rows(outputs: np.ndarray) -> Any:
    return {"y": outputs}, {"y": TRUTH}


def evaluate(columns: Columns, parts: dict[str, Any]) -> dict[str, Any]:
    """The figures of rows that the network gives back."""
    return evaluated(columns, parts, evaluating.answers(Model(), parts))


def test_the_loss_is_that_of_the_fit() -> None:
    scores = evaluating.score(TASK, {"y": TRUTH}, {"y": RIGHT})
    assert scores["loss"] == pytest.approx(log_loss(TRUTH, RIGHT), rel=1e-5)
    names = ["loss", "accuracy", "top_2_accuracy", "macro_f1", "pr_auc", "calibration_error"]
    assert list(scores) == names


def test_each_part_but_training_is_scored_and_the_last_is_judged() -> None:
    wrong = np.roll(RIGHT, 1, axis=1)
    parts = {"train": rows(wrong), "validation": rows(wrong), "test": rows(RIGHT)}
    found = evaluate(TASK, parts)
    assert list(found) == ["task", "headline", "splits", "baselines", "better_than_baseline",
                           "intervals", "comparisons"]  # fmt: skip
    assert (found["task"], found["headline"]) == ("multiclass", "accuracy")
    assert {part: scores["accuracy"] for part, scores in found["splits"].items()} == {
        "validation": 0.0,
        "test": 1.0,
    }
    assert found["baselines"]["majority"]["accuracy"] == 0.5
    assert found["baselines"]["majority"]["loss"] == pytest.approx(
        log_loss(TRUTH, np.tile([0.25, 0.25, 0.5], (4, 1))), rel=1e-5
    )
    assert found["better_than_baseline"] is True


@pytest.mark.parametrize("outputs", [np.roll(RIGHT, 1, axis=1), np.tile(RIGHT[2], (4, 1))])
def test_a_model_that_is_no_better_than_the_baseline_is_told_so(outputs: np.ndarray) -> None:
    found = evaluate(TASK, {"train": rows(RIGHT), "test": rows(outputs)})
    assert found["better_than_baseline"] is False


def test_without_held_back_rows_nothing_is_judged() -> None:
    found = evaluate(TASK, {"train": rows(RIGHT)})
    assert (found["splits"], found["baselines"]) == ({}, {})
    assert found["better_than_baseline"] is None


def test_without_the_headline_metric_nothing_is_judged() -> None:
    task = predicting(kb.Regression(outputs=1, mean=0, scale=1))
    same = {"y": np.zeros((2, 1), np.float32)}, {"y": np.ones((2, 1), np.float32)}
    found = evaluate(task, {"train": same, "test": same})
    assert "r2" not in found["splits"]["test"]
    assert found["better_than_baseline"] is None


def test_several_targets_are_each_scored_and_their_losses_weighed() -> None:
    columns = Columns(
        {},
        (
            Target(("kind",), kb.Multiclass(classes=3)),
            Target(("size",), kb.Regression(outputs=1, mean=0, scale=1, loss_weight=0.5)),
        ),
    )
    sizes = np.array([[0], [1], [2], [3]], np.float32)
    truth = {"kind": TRUTH, "size": sizes}
    given = {"kind": RIGHT, "size": sizes + 1}
    found = evaluate(columns, {"train": (given, truth), "test": (given, truth)})
    scores = found["splits"]["test"]
    assert found["task"] == {"kind": "multiclass", "size": "regression"}
    assert found["headline"] == "kind_accuracy"
    assert scores["loss"] == pytest.approx(log_loss(TRUTH, RIGHT) + 0.5 * 1.0, rel=1e-5)
    assert (scores["size_loss"], scores["size_mae"], scores["kind_accuracy"]) == (1.0, 1.0, 1.0)
    assert list(found["baselines"]) == ["majority, mean"]
    assert found["better_than_baseline"] is True
    worse = {"kind": RIGHT, "size": sizes[::-1]}, truth
    judged = evaluate(columns, {"train": worse, "test": worse})
    assert judged["better_than_baseline"] is False


def test_rows_that_are_answered_in_blocks_get_the_same_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keras

    given = keras.Input((3,), name="x")
    model = keras.Model({"x": given}, {"y": keras.layers.Dense(2, name="y")(given)})
    rows = {"x": np.random.default_rng(0).normal(size=(5000, 3)).astype("float32")}
    sizes: list[int] = []
    predict = model.predict

    def noting(arrays: Any, **kwargs: Any) -> Any:
        sizes.append(len(arrays["x"]))
        return predict(arrays, **kwargs)

    monkeypatch.setattr(model, "predict", noting)
    whole = evaluating.outputs(model, rows)
    monkeypatch.setattr(evaluating, "COPIED", 3 * 2100)
    done: list[float] = []
    with progress.followed(lambda stage: done.append(stage.done)):
        blocks = evaluating.outputs(model, rows)
    assert sizes == [5000, 2048, 2048, 904]
    assert np.array_equal(whole["y"], blocks["y"])
    assert done[-1] == 5000
