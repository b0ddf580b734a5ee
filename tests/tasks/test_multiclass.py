"""One of several classes."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, reason_of
from sklearn import metrics

from kbuilder.contracts import Choice
from kbuilder.errors import DataError
from kbuilder.evaluation.predictions import decode
from kbuilder.tables.profile import profile
from kbuilder.tasks.multiclass import Multiclass

RANDOM = np.random.default_rng(0)
TRUTH = np.arange(40) % 8
OUTPUTS = RANDOM.dirichlet(np.ones(8), 40).astype(np.float32)


def objects(*values: object) -> np.ndarray:
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (objects("b", "c", "a", None, "b"), ("a", "b", "c")),
        (np.array([10.0, 9.0, 2.0, np.nan]), (2, 9, 10)),
        (np.array([10, 9, -2]), (-2, 9, 10)),
        (np.array([1.5, 2.0, 1.0]), ("1", "1.5", "2")),
    ],
)
def test_classes_are_sorted_numbers_by_size_words_by_letter(
    values: np.ndarray, classes: tuple
) -> None:
    choice = Multiclass().learn("y", values)["classes"]
    count = 4 if len(values) == 5 else 3
    assert choice == Choice(classes, f"the values of {count} training rows")


def test_a_number_of_classes_stands_for_the_integers() -> None:
    assert Multiclass(classes=3).classes == (0, 1, 2)


@pytest.mark.parametrize(
    ("loss", "encoded"),
    [
        ("categorical_crossentropy", [[0, 0, 1], [1, 0, 0]]),
        ("categorical_focal_crossentropy", [[0, 0, 1], [1, 0, 0]]),
        ("sparse_categorical_crossentropy", [[2], [0]]),
    ],
)
def test_targets_are_one_hot_or_numbers_as_the_loss_takes_them(loss: str, encoded: list) -> None:
    task = Multiclass(classes=["a", "b", "c"], loss=loss)
    result = task.encode("y", objects("c", "a"))
    assert result.dtype == np.float32
    assert result.tolist() == encoded
    assert task.groups(result).tolist() == [2, 0]


def test_numbers_of_a_column_of_words_are_words() -> None:
    assert Multiclass(classes=["1", "x"]).encode("y", objects(1, "x")).tolist() == [[1, 0], [0, 1]]


def test_more_classes_than_repeat_are_refused() -> None:
    assert message(DataError, Multiclass().learn, "y", np.arange(300) * 0.5) == (
        "data.target: the target 'y' has 300 different values in 300 rows: 0, 0.5, 1 … "
        "Expected classes that repeat; for a number write `task: regression`."
    )


def test_the_label_is_the_most_probable() -> None:
    classes = tuple(f"class {n}" for n in range(8))
    answer = decode(Multiclass(classes=classes), OUTPUTS)
    assert answer["label"].tolist() == [classes[n] for n in OUTPUTS.argmax(axis=1)]
    np.testing.assert_array_equal(answer["probability"], OUTPUTS.max(axis=1))
    np.testing.assert_array_equal(answer["probabilities"], OUTPUTS)


@pytest.mark.parametrize(("count", "k"), [(8, 5), (6, 5), (5, 2), (3, 2)])
def test_scores_are_those_of_scikit_learn(count: int, k: int) -> None:
    truth, outputs = TRUTH % count, OUTPUTS[:, :count] / OUTPUTS[:, :count].sum(1, keepdims=True)
    scores = Multiclass(classes=count).score(np.eye(count)[truth], outputs)
    assert 0 < scores.pop("calibration_error") < 1  # see tests/probabilities
    assert scores == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, outputs.argmax(axis=1)),
            f"top_{k}_accuracy": metrics.top_k_accuracy_score(truth, outputs, k=k),
            "macro_f1": metrics.f1_score(truth, outputs.argmax(axis=1), average="macro"),
            "pr_auc": metrics.average_precision_score(np.eye(count)[truth], outputs),
        }
    )


def test_a_class_that_no_row_has_does_not_count_in_pr_auc() -> None:
    truth = np.where(TRUTH == 3, 2, TRUTH)
    present = [n for n in range(8) if n in truth]
    scores = Multiclass(classes=8).score(np.eye(8)[truth], OUTPUTS)
    one_hot = np.eye(8)[truth][:, present]
    expected = metrics.average_precision_score(one_hot, OUTPUTS[:, present])
    assert scores["pr_auc"] == pytest.approx(expected)
    assert "pr_auc" not in Multiclass(classes=8).score(np.eye(8)[truth[:1]], OUTPUTS[:1])


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_the_metrics_in_training_are_those_of_the_evaluation(loss: str) -> None:
    task = Multiclass(classes=8, loss=loss)
    encoded = task.encode("y", TRUTH)
    scores = task.score(encoded, OUTPUTS)
    for metric in task.objective()[1]:
        metric.update_state(encoded, OUTPUTS)
        assert float(metric.result()) == pytest.approx(scores[metric.name])


def test_the_baseline_is_the_share_of_each_class() -> None:
    name, outputs = Multiclass(classes=3).baseline(np.eye(3)[[0, 2, 2, 2]])
    assert name == "majority"
    assert outputs.tolist() == [0.25, 0, 0.75]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (objects(*"aabbcc"), "the target has 3 different words"),
        (np.arange(40) % 4, "the target has 4 different whole numbers, each many times"),
        (objects(*"ab"), None),
        (objects(*"abcd"), None),
        (np.arange(40), None),
        (np.arange(40) % 4 + 0.5, None),
    ],
)
def test_words_that_repeat_and_few_whole_numbers_are_recognised(
    values: np.ndarray, reason: str | None
) -> None:
    assert reason_of(Multiclass, profile(values)) == reason
