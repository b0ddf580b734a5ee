"""Metrics of forecasts are those of the field, and answers come back as they went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError, RecipeError

HORIZON, PERIOD, WINDOWS = 4, 3, 5
LEVELS = (0.1, 0.5, 0.9)
random = np.random.default_rng(3)


def series() -> tuple[pd.DataFrame, pd.DataFrame, Any, np.ndarray, np.ndarray]:
    """Histories of two series, forecasts of what follows them, and the same as the task has it."""
    history, rows, targets, answers = [], [], [], []
    for name, size in (("a", 1.0), ("b", 30.0)):
        past = size * (10 + random.normal(size=40).cumsum())
        apart = past[PERIOD:] - past[:-PERIOD]
        scales = [np.abs(apart).mean(), np.sqrt((apart**2).mean())]
        history.append(pd.DataFrame({"unique_id": name, "ds": range(40), "y": past}))
        for cutoff in range(WINDOWS):
            truth = size * random.normal(10, 3, HORIZON)
            mean = truth + size * random.normal(size=HORIZON)
            spread = np.sort(truth + size * random.normal(0, 2, (3, HORIZON)), axis=0)
            targets.append([*truth, *np.zeros(HORIZON), *scales])
            answers.append([mean, *spread])
            named = dict(zip(("m-lo-80", "median", "m-hi-80"), spread, strict=True))
            rows.append(pd.DataFrame({
                "unique_id": name, "cutoff": 39 + cutoff, "ds": range(40, 40 + HORIZON),
                "y": truth, "m": mean, **named,
            }))  # fmt: skip
    task = kb.Forecasting(
        horizon=HORIZON, period=PERIOD, quantiles=LEVELS, mean=0.0, scale=1.0
    )  # fmt: skip
    given = np.array(answers)
    names = ("value", "quantile_0.1", "quantile_0.5", "quantile_0.9")
    outputs = np.concatenate([*np.moveaxis(given, 1, 0), np.zeros((len(given), 2))], axis=1)
    outputs[:, -1] = 1
    assert len(names) == given.shape[1]
    return pd.concat(history), pd.concat(rows), task, np.array(targets), outputs


@pytest.fixture(scope="module")
def scored() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    history, rows, task, targets, outputs = series()
    return history, rows, task.score(targets, outputs)


@pytest.mark.parametrize("name", ["mae", "rmse", "smape", "mase", "rmsse", "coverage", "wql"])
def test_metrics_are_those_of_utilsforecast(name: str, scored: Any) -> None:
    losses = pytest.importorskip("utilsforecast.losses")
    history, rows, scores = scored
    if name in ("mase", "rmsse"):
        known = getattr(losses, name)(rows, models=["m"], seasonality=PERIOD, train_df=history)
        assert scores[name] == pytest.approx(known["m"].mean(), rel=1e-9)
        return
    one = rows.assign(unique_id="all", cutoff=0)
    if name == "coverage":
        known = losses.coverage(one, models=["m"], level=80)
        assert scores["coverage_80"] == pytest.approx(known["m"].mean(), rel=1e-9)
    elif name == "wql":
        models = {"m": ["m-lo-80", "median", "m-hi-80"]}
        known = losses.scaled_crps(one, models=models, quantiles=np.array(LEVELS))
        assert scores[name] == pytest.approx(known["m"].mean(), rel=1e-9)
    else:
        known = getattr(losses, name)(one, models=["m"])
        assert scores[name] == pytest.approx(known["m"].mean(), rel=1e-9)


def test_metrics_are_what_their_definitions_say() -> None:
    """Worked by hand: two steps, of which one is off by 2 and one by 4."""
    task = kb.Forecasting(horizon=2, quantiles=[0.25, 0.75], mean=10.0, scale=2.0)
    target = np.array([[10.0, 20.0, 13.0, 15.0, 6.0, 8.0]])
    answers = {
        "value": np.array([[12.0, 16.0]]), "quantile_0.25": np.array([[8.0, 16.0]]),
        "quantile_0.75": np.array([[12.0, 18.0]]),
    }  # fmt: skip
    scores = task.score(task.encode("y", target), task.outputs_of(answers))
    assert scores == pytest.approx({
        "mae": 3.0, "rmse": np.sqrt(10.0), "mase": 0.5, "skill": 1 - 3.0 / 4.0,
        "rmsse": np.sqrt(10.0) / 8.0, "smape": (2 / 22 + 4 / 36) / 2,
        "wql": 2 * ((0.5 + 1.0) / 2 + (0.5 + 1.5) / 2) / 30, "coverage_50": 0.5,
    })  # fmt: skip


def test_answers_come_back_as_they_went_in() -> None:
    task = kb.Forecasting(horizon=2, quantiles=[0.1, 0.9], mean=1e4, scale=3.0)
    given = {
        "value": np.array([[1e4, 1e4 + 5]]), "quantile_0.1": np.array([[1e4 - 3, 1e4]]),
        "quantile_0.9": np.array([[1e4 + 3, 1e4 + 9]]),
    }  # fmt: skip
    found = task.decode(task.outputs_of(given))
    assert list(found) == list(given)
    for name, values in given.items():
        np.testing.assert_allclose(np.asarray(found[name]), values, rtol=1e-7)


def test_level_and_spread_of_a_window_are_given_back() -> None:
    task = kb.Forecasting(horizon=2, mean=100.0, scale=10.0)
    found = task.decode(np.float32([[1.0, -1.0, 0.5, 2.0]]))
    assert np.asarray(found["value"]).tolist() == [[125.0, 85.0]]
    truth = task.encode("y", np.array([[125.0, 80.0]]))
    assert task.score(truth, np.float32([[1.0, -1.0, 0.5, 2.0]]))["mae"] == pytest.approx(2.5)


def test_the_loss_of_a_baseline_is_in_the_units_of_the_network_it_stands_beside() -> None:
    task = kb.Forecasting(horizon=2, mean=100.0, scale=10.0)
    truth = task.encode("y", np.array([[125.0, 80.0], [102.0, 99.0]]))
    answered = np.float32([[1.0, -1.0, 0.5, 2.0], [0.0, 0.0, 0.1, 0.05]])
    naive = task.outputs_of({"value": np.array([[120.0, 90.0], [101.0, 101.0]])})
    alike = task.alike(naive, answered)
    np.testing.assert_allclose(task.decode(alike)["value"], task.decode(naive)["value"], rtol=1e-5)
    [own, other] = [float(task.objective()[0](truth, given)) for given in (alike, naive)]
    off = np.array([[0.5, -1.0], [0.1, -0.2]]) / np.array([[2.0], [0.05]])
    assert own == pytest.approx((off**2).mean(), rel=1e-4)
    assert other != pytest.approx(own, rel=0.1)


def test_quantiles_that_cross_change_places() -> None:
    task = kb.Forecasting(horizon=1, quantiles=[0.1, 0.9])
    found = task.decode(np.float32([[0.0, 3.0, -3.0, 0.0, 1.0]]))
    assert [float(found[name][0, 0]) for name in ("quantile_0.1", "quantile_0.9")] == [-3, 3]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"quantiles": [0.9, 0.1]}, "Expected numbers between 0 and 1, each once, the lowest"),
        ({"quantiles": [0.0]}, "Expected numbers between 0 and 1, each once, the lowest"),
        ({"frequency": "1 fortnight"}, "Expected a number and a unit, such as `1 month`"),
        ({"loss": "poisson"}, "Expected one of: mean_squared_error, mean_absolute_error, huber"),
        ({"scale": -1.0}, "Expected numbers greater than 0"),
    ],
)  # fmt: skip
def test_what_no_forecast_can_have_is_refused(fields: dict[str, Any], said: str) -> None:
    assert said in message(RecipeError, lambda: kb.Forecasting(**fields))


def test_a_target_that_is_no_window_is_refused_with_the_line() -> None:
    assert message(DataError, kb.Forecasting(horizon=3).encode, "y", np.arange(4.0)) == (
        "data.time: the target 'y' holds no windows of 3 steps. Expected rows of a series: write "
        "`data: {time: …}` with the column of their time."
    )


def test_a_fit_begins_with_the_season_before_and_the_quantiles_of_what_it_is_off_by() -> None:
    task = kb.Forecasting(
        horizon=3, period=4, quantiles=[0.1, 0.9], naive_quantiles=[-0.5, 0.75], scale=2.0
    )
    model = kb.build(kb.NLinear(), task, (8, 1))
    window = random.normal(size=(5, 8, 1)).astype(np.float32)
    found = {name: np.asarray(one) for name, one in task.decode(model(window)).items()}
    np.testing.assert_allclose(found["value"], 2 * window[:, 4:7, 0], rtol=1e-4, atol=1e-5)
    spread = 2 * window[:, :, 0].std(axis=1, keepdims=True)
    for name, off in (("quantile_0.1", -0.5), ("quantile_0.9", 0.75)):
        expected = found["value"] + off * spread
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)
