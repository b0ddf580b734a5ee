"""One of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message, reason_of
from sklearn import metrics

from kbuilder.errors import DataError, RecipeError
from kbuilder.evaluation.predictions import decode
from kbuilder.tables.profile import profile
from kbuilder.tasks.binary import Binary

TRUTH = np.array([[1], [0], [1], [1], [0]], np.float32)
OUTPUTS = np.array([[0.9], [0.6], [0.5], [0.2], [0.1]], np.float32)


def objects(*values: object) -> np.ndarray:
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("values", "classes", "why"),
    [
        (objects("yes", "no", "yes"), ("no", "yes"), "it says yes"),
        (objects("True", "False"), ("False", "True"), "it says yes"),
        (np.array([0.0, 1.0, 1.0]), (0, 1), "it says yes"),
        (objects("Positive", "negative"), ("negative", "Positive"), "it says yes"),
        (objects("b", "a", "b"), ("b", "a"), "the rarer, 1 of 3 training rows"),
        (np.array([7, 7, 5]), (7, 5), "the rarer, 1 of 3 training rows"),
        (objects("a", "b"), ("a", "b"), "the rarer, 1 of 2 training rows"),
        (objects("yes", "true", "yes"), ("yes", "true"), "the rarer, 1 of 3 training rows"),
    ],
)
def test_the_positive_class_is_chosen_by_the_stated_rule(
    values: np.ndarray, classes: tuple[Any, ...], why: str
) -> None:
    choice = Binary().learn("y", values)["classes"]
    assert choice.value == classes
    assert choice.reason == f"positive is {classes[1]!r}: {why}"


@pytest.mark.parametrize("positive", [0, "0"])
def test_the_declared_positive_class_wins(positive: str | int) -> None:
    choice = Binary(positive=positive).learn("y", np.array([0, 1, 1]))["classes"]
    assert choice == ((1, 0), "positive is 0: as the recipe says")


def test_a_declared_class_that_is_not_there_is_refused() -> None:
    assert message(DataError, Binary(positive="yess").learn, "y", objects("yes", "no")) == (
        "task.positive: the positive class 'yess' is none of the values of 'y': 'no', 'yes'.\n"
        "    Did you mean 'yes'?"
    )


def test_the_declared_class_is_the_last_of_the_classes() -> None:
    with pytest.raises(RecipeError) as caught:
        Binary(positive="a", classes=["a", "b"])
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["msg"]) == (
        ("positive",),
        "the positive class is the last of `classes`, 'b'. "
        "Expected the same here, or one of the two left out",
    )


def test_three_values_are_refused() -> None:
    assert message(DataError, Binary().learn, "y", objects("a", "b", "c")) == (
        "task: the target 'y' has 3 values: 'a', 'b', 'c'. "
        "Expected two for a binary task; write `task: multiclass` for more."
    )


def test_one_value_is_refused() -> None:
    assert message(DataError, Binary().learn, "y", objects("a", "a")) == (
        "data.target: the target 'y' has one value only: 'a'. "
        "Expected at least two, so that there is something to tell apart."
    )


def test_the_positive_class_is_1() -> None:
    encoded = Binary(classes=["no", "yes"]).encode("y", objects("yes", "no"))
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[1], [0]]


def test_a_label_that_training_never_saw_is_named_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Binary(classes=["no", "yes"]).encode("y", objects("no", "Yes"))
    assert caught.value.row == 1
    assert str(caught.value) == (
        "data.target: the target 'y' is 'Yes'. Expected a label known from training: 'no', 'yes'. "
        "Remove the row, or fix the label.\n    Did you mean 'yes'?"
    )


def test_a_missing_label_is_named_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Binary(classes=[0, 1]).encode("y", np.array([1.0, np.nan]))
    assert caught.value.row == 1
    assert str(caught.value) == (
        "data.target: the target 'y' has no value. Expected a label known from training: 0, 1. "
        "Remove the row, or fix the label."
    )


@pytest.mark.parametrize(("classes", "dtype"), [(["no", "ü\n"], object), ([0, 1], np.int64)])
def test_the_label_is_that_of_half_or_more(classes: list[Any], dtype: Any) -> None:
    answer = decode(Binary(classes=classes), OUTPUTS)
    assert answer["label"].dtype == dtype
    assert answer["label"].tolist() == [classes[n] for n in (1, 1, 1, 0, 0)]
    np.testing.assert_array_equal(answer["probabilities"], np.hstack([1 - OUTPUTS, OUTPUTS]))
    np.testing.assert_array_equal(answer["probability"], answer["probabilities"].max(axis=1))


def test_scores_are_those_of_scikit_learn() -> None:
    guess = OUTPUTS >= 0.5
    scores = Binary().score(TRUTH, OUTPUTS)
    assert scores == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(TRUTH, guess),
            "auc": metrics.roc_auc_score(TRUTH, OUTPUTS),
            "pr_auc": metrics.average_precision_score(TRUTH, OUTPUTS),
            "f1": metrics.f1_score(TRUTH, guess),
            "precision": 2 / 3,
            "recall": 2 / 3,
            "calibration_error": (0.1 + 0.6 + 0.5 + 0.8 + 0.1) / 5,
        }
    )


def test_without_one_of_the_classes_there_is_no_auc() -> None:
    assert "auc" not in Binary().score(TRUTH[:1], OUTPUTS[:1])


def test_the_baseline_is_the_share_of_the_positive_class() -> None:
    name, outputs = Binary().baseline(TRUTH)
    assert name == "majority"
    np.testing.assert_allclose(outputs, [0.6])


def test_two_values_are_recognised() -> None:
    assert reason_of(Binary, profile(objects("a", "b"))) == "the target has two different values"
    assert Binary.recognise(profile(np.array([1, 2, 3]))) is None


def test_the_positive_class_may_be_true_as_yaml_writes_it() -> None:
    assert Binary(positive=True).positive == "True"
    values = np.array(["False", "True", "True"], dtype=object)
    assert Binary(positive=False).learn("y", values)["classes"].value == ("True", "False")
