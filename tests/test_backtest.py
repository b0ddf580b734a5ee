"""A rolling origin: a forecast of the past is of a network that knew nothing of what followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import CallError, DataError
from kbuilder.run import Run

HORIZON, DAYS, ORIGINS = 3, 70, ["2024-03-01", "2024-03-04", "2024-03-07"]


def sales(stores: int = 2, days: int = DAYS) -> pd.DataFrame:
    """Sales of some stores by day, with a week's season."""
    random, day = np.random.default_rng(0), np.arange(days)
    return pd.concat([pd.DataFrame({
        "day": pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d"),
        "store": f"store {store}",
        "sold": 100 + 20 * np.sin(2 * np.pi * day / 7) + day * store + random.normal(0, 3, days),
    }) for store in range(stores)], ignore_index=True)  # fmt: skip


def recipe(frame: pd.DataFrame, backtest: Any = 3, **fields: Any) -> kb.Recipe:
    data = {"target": "sold", "time": "day", "series": "store", **fields.pop("data", {})}
    return kb.Recipe(
        data=kb.Frame(frame=frame, **data),
        task=kb.Forecasting(horizon=HORIZON, backtest=backtest, quantiles=[0.1, 0.9], **fields),
        model=kb.NLinear(),
        training=kb.Training(epochs=3, batch_size=16),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "sales"
    return kb.fit(recipe(sales()), run_dir=path, verbose=False, report=False)


def test_each_origin_has_its_figures_and_all_have_mean_and_deviation(run: Run) -> None:
    found = run.metrics["folds"]
    assert (found["count"], found["rows"], found["origins"]) == (3, [2, 2, 2], ORIGINS)
    mase = [one["mase"] for one in found["scores"]]
    assert found["mean"]["mase"] == pytest.approx(np.mean(mase))
    assert found["deviation"]["mase"] == pytest.approx(np.std(mase, ddof=1))
    assert run.metrics["splits"]["folds"]["mae"] == pytest.approx(found["mean"]["mae"], rel=1e-4)
    assert "seasonal naive (7)" in run.metrics["baselines"]
    assert len(run.metrics["by_step"][""]["mase"]) == HORIZON


def test_the_truths_are_those_after_each_origin(run: Run) -> None:
    frame, answers = sales(), run.predictions("folds")
    days = frame["day"].to_numpy()
    for row, fold, *truths in answers[["row", "fold", "truth 1", "truth 3"]].to_numpy():
        assert days[int(row) - 1] == ORIGINS[int(fold) - 1]
        np.testing.assert_allclose(truths, frame["sold"].to_numpy()[[int(row), int(row) + 2]],
                                   rtol=1e-5)  # fmt: skip


def test_what_comes_after_an_origin_changes_no_forecast_from_it(run: Run, tmp_path: Path) -> None:
    frame = sales()
    later = frame["day"] > ORIGINS[0]
    frame.loc[later, "sold"] = 1000 - 30 * frame.loc[later, "sold"]
    other = kb.fit(recipe(frame), run_dir=tmp_path / "other", verbose=False, report=False)
    own, changed = (
        one[one["fold"] == 1].reset_index(drop=True)[
            ["row", "value 1", "value 3", "quantile_0.9 2"]
        ]
        for one in (run.predictions("folds"), other.predictions("folds"))
    )
    pd.testing.assert_frame_equal(own, changed, rtol=1e-4)


def test_scales_are_of_the_history_before_each_origin(run: Run) -> None:
    frame, found = sales(), run.metrics["folds"]["scores"][0]
    answers = run.predictions("folds")
    first, errors = answers[answers["fold"] == 1], []
    looked = dataset.look(recipe(sales()))
    assert looked.folds is not None
    train = looked.folds.resolved.table.take(looked.folds.rows[0]["train"])
    last = pd.to_datetime(pd.Series(train["day"])).max() + pd.Timedelta(days=HORIZON)
    for store, own in frame[pd.to_datetime(frame["day"]) <= last].groupby("store"):
        scale = own["sold"].diff(7).abs().mean()
        row = first[first["row"] // (DAYS + 1) == int(str(store)[-1])].iloc[0]
        off = [abs(row[f"value {k}"] - row[f"truth {k}"]) for k in range(1, HORIZON + 1)]
        errors.append(np.mean(off) / scale)
    assert found["mase"] == pytest.approx(np.mean(errors), rel=1e-4)


def test_the_model_is_fitted_on_all_rows_and_the_report_has_the_origins(
    run: Run, tmp_path: Path
) -> None:
    assert "test" not in run.record.splits["rows"]
    page = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(origin in page for origin in ORIGINS)
    assert len(run.forecast(sales())) == 2 * HORIZON


def test_origins_may_be_any_steps_apart() -> None:
    looked = dataset.look(recipe(sales(), {"windows": 2, "step": 10}))
    assert looked.folds is not None
    assert looked.folds.origins() == ["2024-02-26", "2024-03-07"]
    train, test = (looked.folds.rows[0][part] for part in ("train", "test"))
    assert (len(train) > 0, len(test)) == (True, 2)


def test_a_test_beside_it_and_folds_are_refused_with_the_reason() -> None:
    split = {"split": kb.Time(test=0.2)}
    assert message(DataError, lambda: dataset.look(recipe(sales(), data=split))) == (
        "data.split.test: the last windows are to be a test, and forecast from 3 origins in turn. "
        "Expected one of the two: no data.split.test, or no task.backtest."
    )


def test_more_origins_than_the_history_has_are_refused() -> None:
    assert message(DataError, lambda: dataset.look(recipe(sales(), 30))) == (
        "task.backtest: the frame has no window whose 3 following steps came before the first of "
        "30 origins, 3 steps apart. Expected fewer, or a shorter window or horizon."
    )


def test_origins_between_two_windows_are_refused_with_the_line() -> None:
    known = recipe(sales(), {"windows": 2, "step": 5}, stride=2)
    assert message(DataError, lambda: dataset.look(known)) == (
        "task.backtest.step: windows begin every 2 steps, and the origins are 5 apart. Expected a "
        "multiple, such as `task: {name: forecasting, horizon: 3, window: 14, stride: 2, period: "
        '7, frequency: "1 day", backtest: {windows: 2, step: 6}, quantiles: [0.1, 0.9]}`.'
    )


def test_a_script_of_it_is_refused() -> None:
    from kbuilder import pipeline

    assert "Expected a run" in message(CallError, lambda: pipeline.eject(recipe(sales())))
