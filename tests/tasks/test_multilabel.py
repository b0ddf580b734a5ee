"""A set of names per row."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, predicting, reason_of
from sklearn import metrics

from kbuilder.contracts import Choice
from kbuilder.errors import DataError
from kbuilder.evaluation.predictions import decode, to_frame
from kbuilder.tables.profile import profile
from kbuilder.tasks.multilabel import Multilabel

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 2, (30, 3)).astype(np.float32)
OUTPUTS = RANDOM.uniform(size=(30, 3)).astype(np.float32)


def lists(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


SETS = [
    lists(["b", "a"], [], ["b"]),
    lists(("b", "a"), None, {"b"}),
    lists("b|a", None, "b"),
    lists(" b | a |", "", "b"),
]


@pytest.mark.parametrize("values", SETS)
def test_lists_and_texts_give_the_same_sets(values: np.ndarray) -> None:
    assert Multilabel().learn("y", values)["classes"] == Choice(
        ("a", "b"), "the names in 3 training rows"
    )
    encoded = Multilabel(classes=["a", "b"]).encode("y", values)
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[1, 1], [0, 0], [0, 1]]


def test_the_separator_is_as_the_recipe_says() -> None:
    task = Multilabel(separator=", ")
    assert task.learn("y", lists("b, a|c", "b"))["classes"].value == ("a|c", "b")


@pytest.mark.parametrize(("column", "classes"), [("x, y", ("x", "y")), ("tags", ("0", "1"))])
def test_columns_of_0_and_1_are_labels_by_name_or_number(
    column: str, classes: tuple[str, ...]
) -> None:
    flags = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert Multilabel().learn(column, flags)["classes"].value == classes
    assert Multilabel(classes=classes).encode(column, flags).tolist() == flags.tolist()


def test_other_numbers_than_0_and_1_are_refused() -> None:
    assert message(DataError, Multilabel().learn, "y", np.array([[0, 2]])) == (
        "data.target: the target 'y' holds values other than 0 and 1. "
        "Expected one column of 0 and 1 per label."
    )


def test_another_number_of_columns_is_refused() -> None:
    assert message(DataError, Multilabel(classes=3).encode, "y", np.array([[0, 1]])) == (
        "data.target: the target 'y' has 2 columns. Expected one for each of 3 labels."
    )


def test_rows_without_any_label_are_refused() -> None:
    assert message(DataError, Multilabel().learn, "y", lists([], [])) == (
        "data.target: the target 'y' has no label in any row. Expected names between '|'."
    )


def test_numbers_are_no_sets() -> None:
    assert message(DataError, Multilabel().learn, "y", np.arange(3)) == (
        "data.target: the target 'y' holds no sets of names. Expected lists of names, "
        "or a text with '|' between them."
    )


def test_a_label_that_training_never_saw_is_named_with_its_row() -> None:
    with pytest.raises(DataError) as caught:
        Multilabel(classes=["old", "big"]).encode("y", lists(["old"], ["bag"]))
    assert caught.value.row == 1
    assert str(caught.value) == (
        "data.target: the target 'y' has the label 'bag'. "
        "Expected labels known from training: 'old', 'big'.\n    Did you mean 'big'?"
    )


def test_the_labels_are_those_of_half_or_more() -> None:
    task = Multilabel(classes=["a", "b\u2028", "c"])
    outputs = np.array([[0.9, 0.5, 0.4], [0.1, 0.2, 0.3]], np.float32)
    answer = decode(task, outputs)
    assert answer["labels"].tolist() == [["a", "b\u2028", ""], ["", "", ""]]
    np.testing.assert_array_equal(answer["probabilities"], outputs)
    assert to_frame(predicting(task), {"y": outputs})["labels"].tolist() == ["a|b\u2028", ""]


def test_scores_are_those_of_scikit_learn() -> None:
    guess = OUTPUTS >= 0.5
    scores = Multilabel(classes=3).score(TRUTH, OUTPUTS)
    assert 0 < scores.pop("calibration_error") < 1  # see tests/probabilities
    assert scores == pytest.approx(
        {
            "micro_f1": metrics.f1_score(TRUTH, guess, average="micro"),
            "macro_f1": metrics.f1_score(TRUTH, guess, average="macro"),
            "exact": metrics.accuracy_score(TRUTH, guess),
            "auc": metrics.roc_auc_score(TRUTH, OUTPUTS),
            "pr_auc": metrics.average_precision_score(TRUTH, OUTPUTS),
        }
    )


def test_a_label_that_all_rows_have_does_not_count_in_the_auc() -> None:
    truth = TRUTH.copy()
    truth[:, 0] = 1
    scores = Multilabel(classes=3).score(truth, OUTPUTS)
    assert scores["auc"] == pytest.approx(metrics.roc_auc_score(TRUTH[:, 1:], OUTPUTS[:, 1:]))
    areas = metrics.average_precision_score(TRUTH[:, 1:], OUTPUTS[:, 1:])
    assert scores["pr_auc"] == pytest.approx(areas)
    none = Multilabel(classes=3).score(np.ones_like(TRUTH), OUTPUTS)
    assert not {"auc", "pr_auc"} & none.keys()


def test_the_metrics_in_training_are_those_of_the_evaluation() -> None:
    task = Multilabel(classes=3)
    accuracy, f1, auc = task.objective()[1]
    for metric in (accuracy, f1, auc):
        metric.update_state(TRUTH, OUTPUTS)
    scores = task.score(TRUTH, OUTPUTS)
    assert float(accuracy.result()) == pytest.approx(np.mean((OUTPUTS >= 0.5) == TRUTH))
    assert float(f1.result()) == pytest.approx(scores["micro_f1"])
    assert float(auc.result()) == pytest.approx(scores["auc"], abs=0.02)  # Keras counts in steps


def test_the_baseline_is_the_share_of_each_label() -> None:
    name, outputs = Multilabel(classes=3).baseline(TRUTH)
    assert name == "majority"
    np.testing.assert_allclose(outputs, TRUTH.mean(axis=0))


def test_lists_and_arrays_of_0_and_1_are_recognised() -> None:
    assert reason_of(Multilabel, profile(SETS[0])) == "the target holds lists of names"
    flags = np.array([[0, 1], [1, 0]])
    assert reason_of(Multilabel, profile(flags)) == "the target has 2 values of 0 or 1 per row"
    assert Multilabel.recognise(profile(flags * 2)) is None
    assert Multilabel.recognise(profile(SETS[2])) is None
