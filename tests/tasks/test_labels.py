"""Class names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError, DataError, RecipeError
from kbuilder.tables.values import as_label
from kbuilder.tasks import _labels

LABELS = [
    (3, 3), (np.int8(3), 3), (3.0, 3), (1.5, "1.5"), ("3", "3"), (True, "True"),
    (np.bool_(False), "False"), (float("inf"), "inf"), ("a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "label"), LABELS)
def test_whole_numbers_stay_numbers_and_all_else_is_a_word(value: Any, label: Any) -> None:
    found = as_label(value)
    assert (type(found), found) == (type(label), label)


def column(*values: Any) -> np.ndarray:
    return np.array(values, dtype=object)


def test_labels_are_counted_without_the_missing() -> None:
    assert _labels.count_labels("y", column("a", None, "b", "a")) == {"a": 2, "b": 1}
    assert _labels.count_labels("y", np.array([1.0, np.nan, 2.0])) == {1: 1, 2: 1}


def test_labels_are_in_the_order_of_size_or_letters() -> None:
    assert _labels.in_order(_labels.count_labels("y", np.array([10, 9, 9]))) == (9, 10)
    assert _labels.in_order(_labels.count_labels("y", np.array([10.0, 9.5]))) == ("10", "9.5")


def test_what_holds_no_labels_is_refused() -> None:
    assert message(DataError, _labels.count_labels, "y", column("a", "a")) == (
        "data.target: the target 'y' has one value only: 'a'. "
        "Expected at least two, so that there is something to tell apart."
    )
    for values in (column("a", 1), column(["a"], ["b"])):
        assert message(DataError, _labels.count_labels, "y", values) == (
            "data.target: the target 'y' mixes numbers and text, or holds no scalars. "
            "Expected one label per row."
        )


def test_a_label_has_the_number_of_its_class() -> None:
    assert _labels.index("y", column("b", "a"), ("a", "b")).tolist() == [1, 0]
    assert _labels.index("y", np.array([2.0, 1.0]), (1, 2)).tolist() == [1, 0]
    assert _labels.index("y", np.array([2, 1]), ("1", "2")).tolist() == [1, 0]


def test_a_label_that_training_never_saw_is_refused_with_its_row() -> None:
    known = "Expected a label known from training: 'cat', 'dog'. Remove the row, or fix the label."
    with pytest.raises(DataError) as caught:
        _labels.index("y", column("cat", "dgo"), ("cat", "dog"))
    assert caught.value.row == 1
    assert str(caught.value) == (
        f"data.target: the target 'y' is 'dgo'. {known}\n    Did you mean 'dog'?"
    )
    assert message(DataError, _labels.index, "y", column(None), ("cat", "dog")) == (
        f"data.target: the target 'y' has no value. {known}"
    )
    assert message(DataError, _labels.index, "y", column("x"), (1, 2)) == (
        "data.target: the target 'y' is 'x'. Expected a label known from training: 1, 2. "
        "Remove the row, or fix the label."
    )


def test_a_number_of_classes_is_short_for_the_whole_numbers_below_it() -> None:
    assert kb.Multiclass(classes=3).classes == (0, 1, 2)
    assert _labels.count((0, 1, 2)) == 3
    assert message(BuildError, _labels.count, None) == (
        "the task has no classes. Expected their names, or their number: classes=10."
    )


@pytest.mark.parametrize("classes", [["a", "a"], ["a", 1], 0, 1, -3, 100_001, True, ["a"], []])
def test_classes_are_several_and_differ_and_are_of_one_kind(classes: Any) -> None:
    with pytest.raises(RecipeError):
        kb.Multiclass(classes=classes)


REFUSED = {
    ("binary", "categorical_crossentropy"):
        "categorical_crossentropy scores a softmax over all classes; "
        "the last layer here is one sigmoid. "
        "Expected one of: binary_crossentropy, binary_focal_crossentropy",
    ("multiclass", "binary_crossentropy"):
        "binary_crossentropy scores each unit by itself, as a sigmoid; "
        "the last layer here is a softmax over all classes. Expected one of: "
        "categorical_crossentropy, sparse_categorical_crossentropy, categorical_focal_crossentropy",
    ("multilabel", "huber"):
        "huber measures the distance between numbers; the last layer here is a sigmoid per label. "
        "Expected one of: binary_crossentropy, binary_focal_crossentropy",
    ("regression", "binary_crossentropy"):
        "binary_crossentropy scores each unit by itself, as a sigmoid; "
        "the last layer here is linear. "
        "Expected one of: mean_squared_error, mean_absolute_error, huber, log_cosh",
    ("binary", "binary_crossentropi"):
        "Expected one of: binary_crossentropy, binary_focal_crossentropy "
        "(did you mean binary_crossentropy?)",
}  # fmt: skip


SCORED = [
    (kb.Binary, "binary_crossentropy", {"label_smoothing": 0.2}),
    (kb.Binary, "binary_focal_crossentropy", {"label_smoothing": 0.2, "gamma": 0, "alpha": 0.3}),
    (kb.Multilabel, "binary_focal_crossentropy", {"gamma": 3, "alpha": 0.3}),
    (kb.Multiclass, "categorical_crossentropy", {"label_smoothing": 0.2}),
    (kb.Multiclass, "categorical_focal_crossentropy", {"label_smoothing": 0.2, "gamma": 3}),
]


@pytest.mark.parametrize(("task", "loss", "given"), SCORED)
def test_the_arguments_of_a_loss_arrive_in_keras(task: Any, loss: str, given: Any) -> None:
    created, _ = task(classes=2, loss=loss, **given).objective()
    assert {name: created.get_config()[name] for name in given} == pytest.approx(given)


@pytest.mark.parametrize("task", [kb.Binary, kb.Multilabel])
def test_with_alpha_a_yes_weighs_alpha_and_a_no_the_rest(task: Any) -> None:
    loss, _ = task(classes=2, loss="binary_focal_crossentropy", gamma=0, alpha=0.9).objective()
    yes, no = np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)
    half = np.full((1, 1), 0.5, np.float32)
    assert [float(loss(yes, half)), float(loss(no, half))] == pytest.approx(
        [0.9 * np.log(2), 0.1 * np.log(2)]
    )


@pytest.mark.parametrize("name", ["binary", "multiclass", "multilabel"])
def test_every_loss_takes_what_the_table_says_and_refuses_the_rest(name: str) -> None:
    from inspect import signature

    import keras

    from kbuilder import catalog

    task = catalog.find("tasks", name)
    for loss in vars(__import__(task.__module__, fromlist=["LOSSES"]))["LOSSES"]:
        known = signature(getattr(keras.losses, _labels.LOSSES[loss][0])).parameters
        for argument in set(_labels.ARGUMENTS) & set(task.model_fields):
            fits = loss in _labels.ARGUMENTS[argument]
            assert fits == (argument in known)
            if fits:
                task(loss=loss, **{argument: 0.5})
            else:
                with pytest.raises(RecipeError, match=f"{loss} has no {argument}"):
                    task(loss=loss, **{argument: 0.5})


@pytest.mark.parametrize(("task", "loss"), REFUSED)
def test_a_loss_that_cannot_work_is_refused_with_the_reason(task: str, loss: str) -> None:
    from kbuilder import catalog

    with pytest.raises(RecipeError) as caught:
        catalog.find("tasks", task)(loss=loss)
    assert [error["msg"] for error in caught.value.__context__.errors()] == [REFUSED[task, loss]]
