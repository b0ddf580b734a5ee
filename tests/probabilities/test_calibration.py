"""How true probabilities are, and the temperature that makes them truer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn import metrics

import kbuilder as kb
from kbuilder.probabilities import calibration

ROWS = 3000
WEIGHTS = np.random.default_rng(7).uniform(0.1, 3, ROWS)


def made(classes: int, sure: float, seed: int = 0, rows: int = ROWS) -> tuple[Any, Any]:
    """Logits that are `sure` times too large, and classes drawn by the true ones."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(rows, 1, classes))
    likely = calibration.probabilities_of(logits)[:, 0]
    drawn = (likely.cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    return sure * logits, drawn[:, None]


def by_definition(sure: np.ndarray, right: np.ndarray, weights: np.ndarray) -> float:
    """The expected calibration error as Guo et al. write it."""
    total = 0.0
    for low in np.arange(10) / 10:
        inside = (sure >= low) & ((sure < low + 0.1) | ((low == 0.9) & (sure == 1)))
        if weights[inside].sum():
            confidence = np.average(sure[inside], weights=weights[inside])
            accuracy = np.average(right[inside], weights=weights[inside])
            total += weights[inside].sum() / weights.sum() * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("weights", [None, WEIGHTS[:500]], ids=["alike", "weighted"])
def test_the_metric_of_each_task_is_its_definition(weights: np.ndarray | None) -> None:
    random = np.random.default_rng(3)
    each = np.ones(500) if weights is None else weights
    one = random.random((500, 1)).astype(np.float32)
    yes = (random.random((500, 1)) < one**2).astype(np.float32)
    found = kb.Binary(classes=["no", "yes"]).score(yes, one, weights)["calibration_error"]
    assert found == pytest.approx(by_definition(one[:, 0], yes[:, 0], each), abs=1e-6)
    assert found > 0.1

    logits, truth = made(4, 2, rows=500)
    likely = calibration.probabilities_of(logits)[:, 0].astype(np.float32)
    right = likely.argmax(axis=1) == truth[:, 0]
    wanted = by_definition(likely.max(axis=1), right, each)
    for task, encoded in (
        (kb.Multiclass(classes=4), np.eye(4, dtype=np.float32)[truth[:, 0]]),
        (kb.Multiclass(classes=4, loss="sparse_categorical_crossentropy"), truth.astype("float32")),
    ):
        found = task.score(encoded, likely, weights)["calibration_error"]
        assert found == pytest.approx(wanted, abs=1e-6)

    many = random.random((500, 3)).astype(np.float32)
    has = (random.random((500, 3)) < many).astype(np.float32)
    found = kb.Multilabel(classes=["a", "b", "c"]).score(has, many, weights)["calibration_error"]
    wanted = by_definition(many.ravel(), has.ravel(), np.repeat(each, 3))
    assert found == pytest.approx(wanted, abs=1e-6)


def test_of_two_classes_both_tasks_say_the_same() -> None:
    random = np.random.default_rng(4)
    one = random.random((200, 1))
    yes = (random.random((200, 1)) < one**2).astype(np.float32)
    binary = kb.Binary(classes=["a", "b"]).score(yes, one)["calibration_error"]
    both, encoded = np.hstack([1 - one, one]), np.hstack([1 - yes, yes])
    found = kb.Multiclass(classes=["a", "b"]).score(encoded, both)["calibration_error"]
    assert found == pytest.approx(binary, abs=1e-12)


def test_the_log_loss_is_that_of_scikit_learn() -> None:
    logits, truth = made(4, 1.7)
    likely = calibration.probabilities_of(logits)[:, 0]
    for weights in (None, WEIGHTS):
        expected = metrics.log_loss(truth[:, 0], likely, sample_weight=weights)
        assert calibration.log_loss(logits, truth, weights) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("sure", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_the_temperature_has_the_least_log_loss(
    classes: int, sure: float, weights: np.ndarray | None
) -> None:
    logits, truth = made(classes, sure)
    found = calibration.temperature(logits, truth, weights)
    least = minimize_scalar(
        lambda heat: calibration.log_loss(logits / np.exp(heat), truth, weights),
        bounds=(-1.3, 1.3), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    assert found == pytest.approx(np.exp(least.x), rel=1e-5)
    assert found == pytest.approx(sure, rel=0.1)


def test_where_rows_are_told_apart_without_a_fault_the_temperature_is_bounded() -> None:
    truth = np.arange(200)[:, None] % 2
    right = np.stack([1.0 - truth, truth], axis=-1)
    assert calibration.temperature(right, truth) == pytest.approx(1 / calibration.WIDEST, rel=1e-6)
    wrong = right[..., ::-1]
    assert calibration.temperature(wrong, truth) == pytest.approx(calibration.WIDEST, rel=1e-6)
    same = np.zeros((200, 1, 2))
    assert 1 / calibration.WIDEST <= calibration.temperature(same, truth) <= calibration.WIDEST


def test_each_row_is_judged_by_the_temperature_of_other_rows() -> None:
    logits, truth = made(3, 2, rows=100)
    divided = calibration.judged_apart(logits, truth)
    heats = (logits / divided).reshape(100, -1)
    assert np.allclose(heats, heats[:, :1])
    fold = np.random.default_rng(0).permutation(100) % calibration.FOLDS
    for number in range(calibration.FOLDS):
        own = fold == number
        assert heats[own, 0] == pytest.approx(calibration.temperature(logits[~own], truth[~own]))


def network(activation: str, units: int) -> Any:
    import keras

    given = keras.Input((units,), name="x")
    dense = keras.layers.Dense(units, activation=activation, name="head")
    model = keras.Model({"x": given}, {"y": dense(given)})
    dense.set_weights([np.eye(units), np.linspace(0, 0.1, units)])
    return model


@pytest.mark.parametrize(
    ("activation", "coded"), [("softmax", "one-hot"), ("softmax", "numbers"), ("sigmoid", "flags")]
)
def test_a_dense_is_divided_where_it_helps_and_stays_where_not(activation: str, coded: str) -> None:
    for sure in (3.0, 1.0):
        if coded == "flags":
            random = np.random.default_rng(5)
            logits = random.normal(scale=2, size=(ROWS, 4)).astype(np.float32)
            wanted = (random.random((ROWS, 4)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
            logits = sure * logits
        else:
            given, truth = made(4, sure)
            logits = given[:, 0].astype(np.float32)
            wanted = np.eye(4)[truth[:, 0]] if coded == "one-hot" else truth.astype(np.float32)
        model = network(activation, 4)
        before = model.get_layer("head").get_weights()
        found, figures = calibration.calibrate(model, "head", {"x": logits}, wanted)
        (error, loss), (error_after, loss_after) = figures
        after = model.get_layer("head").get_weights()
        if sure == 3.0:
            assert found == pytest.approx(3, rel=0.1)
            assert error_after < error / 3
            assert loss_after < loss
            for was, now in zip(before, after, strict=True):
                assert now == pytest.approx(was / found, rel=1e-6)
        else:
            assert found == 1.0 or abs(found - 1) < 0.05
        assert (found == 1.0) is all(map(np.array_equal, before, after))


def test_few_rows_change_nothing_unless_the_recipe_insists() -> None:
    logits, truth = made(3, 3, rows=calibration.ENOUGH_ROWS - 1)
    given, model = {"x": logits[:, 0].astype(np.float32)}, network("softmax", 3)
    assert calibration.calibrate(model, "head", given, truth) == (1.0, [])
    found, figures = calibration.calibrate(model, "head", given, truth, None, True)
    assert found > 1.5
    assert figures == []


def test_of_many_rows_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, truth = made(3, 3)
    model = network("softmax", 3)
    monkeypatch.setattr(calibration, "MOST_NUMBERS", 3000)
    asked = []
    plain = calibration.temperature
    monkeypatch.setattr(
        calibration, "temperature",
        lambda some, *rest: (asked.append(len(some)), plain(some, *rest))[1],
    )  # fmt: skip
    calibration.calibrate(model, "head", {"x": logits[:, 0].astype(np.float32)}, truth)
    assert max(asked) == 1000


def test_rows_are_answered_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, truth = made(3, 3)
    given = {"x": logits[:, 0].astype(np.float32)}
    whole = calibration.calibrate(network("softmax", 3), "head", given, truth)
    monkeypatch.setattr(calibration, "AT_ONCE", 300)
    found, figures = calibration.calibrate(network("softmax", 3), "head", given, truth)
    assert found == pytest.approx(whole[0], rel=1e-6)
    np.testing.assert_allclose(figures, whole[1], rtol=1e-6)
