"""Numbers."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, predicting, reason_of
from sklearn import metrics

from kbuilder.contracts import Choice
from kbuilder.errors import DataError, RecipeError
from kbuilder.evaluation.predictions import decode, to_frame
from kbuilder.tables.profile import profile
from kbuilder.tasks.regression import Regression

RANDOM = np.random.default_rng(0)
ONE = RANDOM.normal(1000, 50, 20)
TWO = np.stack([ONE, RANDOM.normal(0, 0.01, 20)], axis=1)


def learned(values: np.ndarray) -> Regression:
    choices = Regression().learn("y", values)
    return Regression(**{name: choice.value for name, choice in choices.items()})


@pytest.mark.parametrize("values", [ONE, TWO])
def test_targets_are_standardised_and_come_back_in_their_own_units(values: np.ndarray) -> None:
    task = learned(values)
    encoded = task.encode("y", values)
    assert encoded.dtype == np.float32
    assert encoded.shape == (20, task.outputs)
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(decode(task, encoded)["value"], values, rtol=1e-5, atol=1e-6)


def test_mean_and_deviation_are_of_the_training_rows() -> None:
    assert Regression().learn("y", np.array([1, 3, 8])) == {
        "outputs": Choice(1, "the numbers per row"),
        "mean": Choice((4.0,), "mean of 3 training rows"),
        "scale": Choice((float(np.std([1, 3, 8])),), "standard deviation of 3 training rows"),
    }


@pytest.mark.parametrize("values", [ONE, TWO])
def test_scores_are_those_of_scikit_learn_in_the_targets_own_units(values: np.ndarray) -> None:
    task = learned(values)
    guess = values + RANDOM.normal(0, 1, values.shape) * values.std(axis=0) * 0.3
    assert task.score(task.encode("y", values), task.encode("y", guess)) == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(values, guess),
            "rmse": np.sqrt(np.mean((values - guess) ** 2)),
            "r2": metrics.r2_score(values, guess),
        },
        rel=1e-4,
    )


SKEWED = np.exp(RANDOM.normal(3, 1.2, 400))


def logarithms(values: np.ndarray) -> Regression:
    choices = Regression(transform="log").learn("y", values)
    known = {name: choice.value for name, choice in choices.items()}
    return Regression(transform="log", **known)


def test_of_logarithms_the_answers_and_the_scores_are_in_the_targets_own_units() -> None:
    task = logarithms(SKEWED)
    assert task.mean == pytest.approx((np.log(SKEWED).mean(),))
    encoded = task.encode("y", SKEWED)
    np.testing.assert_allclose(encoded[:, 0].std(), 1, atol=1e-5)
    np.testing.assert_allclose(decode(task, encoded)["value"], SKEWED, rtol=1e-4)
    np.testing.assert_allclose(task.outputs_of({"value": SKEWED}), encoded, atol=1e-6)
    guess = SKEWED * RANDOM.uniform(0.7, 1.4, len(SKEWED))
    assert task.score(encoded, task.encode("y", guess)) == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(SKEWED, guess),
            "rmse": np.sqrt(np.mean((SKEWED - guess) ** 2)),
            "r2": metrics.r2_score(SKEWED, guess),
        },
        rel=1e-3,
    )
    name, outputs = task.baseline(encoded)
    assert name == "mean"
    whole = np.broadcast_to(outputs, encoded.shape)
    assert task.score(encoded, whole)["r2"] == pytest.approx(0, abs=1e-4)


def test_a_script_takes_logarithms_alike() -> None:
    task = logarithms(SKEWED)
    known = {"np": np, "table": {"y": SKEWED}, "numbers": lambda it: np.asarray(it, np.float64)}
    np.testing.assert_allclose(eval(task.script(("y",)), known), task.encode("y", SKEWED))


def test_a_far_answer_is_a_number() -> None:
    task = logarithms(SKEWED)
    far = np.float32([[1e4], [0.0]])
    assert np.isfinite(decode(task, far)["value"]).all()
    assert np.isfinite(list(task.score(task.encode("y", SKEWED[:2]), far).values())).all()


def test_what_is_not_above_0_has_no_logarithm() -> None:
    said = message(DataError, Regression(transform="log").learn, "y", np.array([1.0, 0.0, 2.0]))
    assert "the target 'y' is 0, which has no logarithm. Expected numbers above 0" in said
    assert "`transform: none`" in said


def test_a_skewed_target_is_told_of_with_the_line() -> None:
    reason = Regression().learn("y", SKEWED)["scale"].reason
    assert "a few large values rule the loss" in reason
    assert "`transform: log`" in reason
    for values in (ONE, -SKEWED, np.arange(1.0, 50), SKEWED - SKEWED.min()):
        assert Regression().learn("y", values)["scale"].reason.endswith("training rows")
    assert logarithms(SKEWED).scale is not None
    said = Regression(transform="log").learn("y", SKEWED)["scale"].reason
    assert said == "standard deviation of 400 training rows, of the logarithms"


def test_rows_of_one_value_have_no_r2() -> None:
    task = learned(ONE)
    assert "r2" not in task.score(np.zeros((3, 1)), np.ones((3, 1)))


def test_the_baseline_is_the_mean() -> None:
    task = learned(TWO)
    name, outputs = task.baseline(task.encode("y", TWO))
    assert name == "mean"
    np.testing.assert_allclose(outputs, [0, 0], atol=1e-5)
    scores = task.score(task.encode("y", TWO), np.tile(outputs, (20, 1)))
    assert scores["r2"] == pytest.approx(0, abs=1e-6)


def test_several_values_have_a_column_each() -> None:
    task = learned(TWO)
    assert list(to_frame(predicting(task), {"y": task.encode("y", TWO)})) == ["value 1", "value 2"]
    assert list(to_frame(predicting(learned(ONE)), {"y": np.zeros((2, 1), np.float32)})) == [
        "value"
    ]


def test_a_constant_is_refused() -> None:
    assert message(DataError, Regression().learn, "y", np.full(4, 2.5)) == (
        "data.target: the target 'y' has one value only: [2.5]. "
        "Expected at least two, so that there is something to predict."
    )


def test_words_are_refused() -> None:
    words = np.array(["tall", "small"], dtype=object)
    assert message(DataError, Regression().learn, "y", words) == (
        "data.target: the target 'y' holds values that are no numbers, such as 'tall', 'small'. "
        "Expected numbers for regression."
    )


def test_numbers_that_are_written_otherwise_are_refused_with_the_line() -> None:
    words = np.array(["1.234,5", "12,75"], dtype=object)
    assert message(DataError, Regression().learn, "y", words) == (
        "data.target: the target 'y' holds values that are no numbers, such as '1.234,5', "
        "'12,75'. Expected numbers for regression; if they are written otherwise, write "
        """`data: {decimal: ",", thousands: "."}`."""
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_not_finite_is_named_with_its_row(value: float) -> None:
    with pytest.raises(DataError) as caught:
        learned(ONE).encode("y", np.array([1.0, value]))
    assert caught.value.row == 1
    assert str(caught.value) == (
        "data.target: the target 'y' has no finite value. Expected a number in every row."
    )


def test_another_number_of_targets_is_refused() -> None:
    assert message(DataError, learned(TWO).encode, "y", ONE) == (
        "data.target: the target 'y' has 1 numbers per row. Expected 2."
    )


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"outputs": 2, "mean": [1]}, "mean", "there are 2 targets. Expected a number for each"),
        (
            {"outputs": 1, "scale": [1, 2]},
            "scale",
            "there are 1 targets. Expected a number for each",
        ),
        ({"scale": [1, 0]}, "scale", "Expected numbers greater than 0"),
    ],
)
def test_means_and_deviations_that_cannot_be_are_refused(
    given: dict, field: str, said: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        Regression(**given)
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["msg"]) == ((field,), said)


def test_numbers_that_are_no_classes_are_recognised() -> None:
    assert reason_of(Regression, profile(ONE)) == "the target has 20 different numbers"
    assert reason_of(Regression, profile(TWO)) == "the target has 2 numbers per row"
    assert Regression.recognise(profile(np.arange(40) % 4)) is None
