"""A series from its rows to a forecast: one mechanism in fit, evaluate, predict and export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import CallError, DataError
from kbuilder.evaluation.baselines import naive
from kbuilder.run import Run

HORIZON = 4


def sales(stores: int = 2, days: int = 90) -> pd.DataFrame:
    """A week's season, a trend, and a price that lowers what is sold, of stores unlike in size."""
    random = np.random.default_rng(0)
    frames = []
    for store in range(stores):
        day = np.arange(days)
        price = np.where(random.random(days) < 0.2, 2.0, 1.0)
        level = 100.0 * 10**store
        week = 1 + 0.3 * np.sin(2 * np.pi * day / 7) + 0.004 * day
        frames.append(pd.DataFrame({
            "day": pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d"),
            "store": f"store {store}",
            "size": ["small", "large"][store % 2],
            "price": price,
            "sold": level * (week - 0.5 * (price - 1)) + random.normal(0, 0.01 * level, days),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def recipe(frame: pd.DataFrame, **fields: Any) -> kb.Recipe:
    task = {"horizon": HORIZON, "window": 14, "known": ["price"], "quantiles": [0.1, 0.9]}
    return kb.Recipe(
        data=kb.Frame(frame=frame, target="sold", time="day", series="store"),
        task=kb.Forecasting(**{**task, **fields}),
        model=kb.NLinear(),
        training=kb.Training(epochs=40, batch_size=16),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "sales"
    return kb.fit(recipe(sales()), run_dir=path, verbose=False, report=False)


def ahead(frame: pd.DataFrame, steps: int = HORIZON) -> pd.DataFrame:
    """The history, and rows of the next days with a price and no sales."""
    last = pd.Timestamp(frame["day"].max())
    days = pd.date_range(last, periods=steps + 1).strftime("%Y-%m-%d")[1:]
    known = frame[["store", "size"]].drop_duplicates()
    rows = known.merge(pd.DataFrame({"day": days, "price": 1.0}), how="cross")
    return pd.concat([frame, rows], ignore_index=True)


def test_what_is_left_open_is_chosen_with_its_reason(run: Run) -> None:
    found = {decision.path: decision for decision in run.decisions}
    assert (found["task.frequency"].value, found["task.period"].value) == ("1 day", 7)
    assert found["task.stride"].value == 1
    assert found["data.split.by"].value == "time"
    assert found["features.past"].reason == "of each step: sold, price"
    assert found["features.ahead"].reason == "of each step that is forecast: price"
    assert found["features.size"].value == "category"
    assert "which is not told which it sees" in found["features.store"].reason


def test_the_network_of_a_series_is_a_linear_one_where_none_is_named() -> None:
    from kbuilder import pipeline

    known = recipe(sales(1, 60)).model_copy(update={"model": None})
    found = pipeline.build(pipeline.prepare(known), known)
    said = {decision.path: decision for decision in found.decisions}
    assert (said["model.sequence"].value, said["model.sequence"].reason) == (
        "dlinear", "the rows are windows of a series",
    )  # fmt: skip


def test_no_part_forecasts_what_another_has_seen(run: Run) -> None:
    rows = run.rows.merge(sales().assign(row=np.arange(1, 181)), on="row")
    days = {name: pd.to_datetime(own["day"]) for name, own in rows.groupby("split")}
    for before, after in (("train", "validation"), ("validation", "test")):
        first = days[after].min() + pd.Timedelta(days=1)
        assert days[before].max() + pd.Timedelta(days=HORIZON) < first
        assert days[before].max() + pd.Timedelta(days=HORIZON + 1) == first


def test_it_is_judged_beside_forecasts_that_need_no_model(run: Run) -> None:
    baselines = run.metrics["baselines"]
    assert list(baselines) == [
        "mean", "seasonal naive (7)", "last value", "drift", "mean of the window",
    ]  # fmt: skip
    assert run.metrics["headline"] == "skill"
    own = run.metrics["splits"]["test"]
    season = baselines["seasonal naive (7)"]
    assert season["skill"] == pytest.approx(0, abs=1e-5)
    assert own["skill"] == pytest.approx(1 - own["mase"] / season["mase"], rel=1e-4)
    assert own["mase"] < 0.8 * season["mase"]
    assert len(run.metrics["by_step"][""]["mase"]) == HORIZON
    assert run.metrics["by_step"][""]["mae"] == pytest.approx(_by_step(run), rel=1e-5)


def _by_step(run: Run) -> list[float]:
    frame = run.predictions("test")
    return [
        float((frame[f"value {step}"] - frame[f"truth {step}"]).abs().mean())
        for step in range(1, HORIZON + 1)
    ]


def test_mase_is_scaled_by_the_history_of_training_alone(run: Run) -> None:
    task = run.record.columns.targets[0].task
    frame = sales()
    rows = run.rows.merge(frame.assign(row=np.arange(1, 181)), on="row")
    last = pd.to_datetime(rows.loc[rows["split"] == "train", "day"]).max()
    history = frame[pd.to_datetime(frame["day"]) <= last + pd.Timedelta(days=HORIZON)]
    for store, own in history.groupby("store"):
        apart = own["sold"].diff(7).dropna()
        expected = [apart.abs().mean(), np.sqrt((apart**2).mean())]
        assert list(task.naive_errors[store]) == pytest.approx(expected)  # type: ignore[attr-defined]


def test_the_seasonal_naive_forecast_is_the_week_before(run: Run) -> None:
    frame = sales()
    table = run._given.table(frame)
    [(output, (_, task))] = run.record.columns.outputs().items()
    encoded = {output: task.encode("sold", table["sold"])}
    found = naive.forecasts(run.record.columns, table, encoded)
    given = np.asarray(task.decode(found["seasonal naive (7)"][output])["value"])
    own = frame[frame["store"] == "store 0"]["sold"].to_numpy()
    np.testing.assert_allclose(given[0], own[14 - 7 : 14 - 7 + HORIZON], rtol=1e-5)
    drift = np.asarray(task.decode(found["drift"][output])["value"])
    slope = (own[13] - own[0]) / 13
    np.testing.assert_allclose(drift[0], own[13] + slope * np.arange(1, HORIZON + 1), rtol=1e-4)


def test_a_forecast_has_the_stamps_after_the_last_in_its_own_units(run: Run) -> None:
    found = run.forecast(ahead(sales()))
    assert list(found) == ["store", "day", "value", "quantile_0.1", "quantile_0.9"]
    assert found["day"].tolist()[:HORIZON] == [
        "2024-03-31", "2024-04-01", "2024-04-02", "2024-04-03",
    ]  # fmt: skip
    small, large = (found[found["store"] == f"store {n}"]["value"].mean() for n in (0, 1))
    assert 8 < large / small < 12
    assert (found["quantile_0.1"] <= found["quantile_0.9"]).all()
    short = run.forecast(ahead(sales()), steps=2)
    pd.testing.assert_frame_equal(
        short, found.groupby("store").head(2).reset_index(drop=True), rtol=1e-6
    )


def test_what_is_known_ahead_changes_the_forecast(run: Run) -> None:
    cheap, dear = ahead(sales()), ahead(sales())
    dear.loc[dear["sold"].isna(), "price"] = 2.0
    ratio = run.forecast(cheap)["value"] / run.forecast(dear)["value"]
    assert (ratio > 1.1).all()


def test_what_is_known_ahead_is_asked_for(run: Run) -> None:
    assert "'price' must be known ahead, and the frame has no value at 2024-03-31" in message(
        DataError, run.forecast, sales()
    )


def test_it_forecasts_as_far_as_it_was_fitted_to(run: Run) -> None:
    assert message(CallError, lambda: run.forecast(ahead(sales()), steps=9)) == (
        "the run forecasts 4 steps. Expected from 1 to 4, or a run with `-o task.horizon=9`. Got 9."
    )


def test_predict_and_evaluate_take_rows_as_the_fit_does(run: Run) -> None:
    frame = sales()
    answers = run.predict(frame, keep=["store", "day"], verbose=False)
    judged = run.predictions("test")
    own = answers.assign(row=[_row(frame, *key) for key in zip(answers["store"], answers["day"],
                                                               strict=True)])  # fmt: skip
    both = judged.merge(own, on="row", suffixes=("", " again"))
    assert len(both) == len(judged)
    np.testing.assert_allclose(both["value 3"], both["value 3 again"], rtol=1e-4)
    late = frame[pd.to_datetime(frame["day"]) > "2024-03-01"]
    scores = run.evaluate(late, verbose=False)["data"]
    assert 0 < scores["mase"] < 1
    assert 0 < scores["skill"] < 1


def _row(frame: pd.DataFrame, store: str, day: str) -> int:
    return int(np.flatnonzero((frame["store"] == store) & (frame["day"] == day))[0]) + 1


def test_what_came_otherwise_than_forecast_stands_out_beside_the_answers(run: Run) -> None:
    frame = sales()
    odd = (frame["store"] == "store 1") & (frame["day"] == "2024-03-20")
    frame.loc[odd, "sold"] += 5000.0
    answers = run.predict(frame, verbose=False)
    assert list(answers)[:3] == ["store", "day", "value 1"]
    assert list(answers)[-HORIZON:] == [f"deviation {step}" for step in range(1, HORIZON + 1)]
    found = answers.loc[answers["deviation 1"].idxmax()]  # a season later it is as far below
    assert (found["store"], found["day"]) == ("store 1", "2024-03-19"), "the day before"
    assert found["deviation 1"] > 10
    assert answers["deviation 1"].abs().median() < 3
    own = answers[answers["store"] == "store 0"]
    truth = frame.loc[frame["store"] == "store 0", "sold"].to_numpy()[14 : 14 + len(own)]
    unit = (
        run.metrics["by_step"][""]["mase"][0]
        * run.record.columns.targets[0].task.naive_errors["store 0"][0]
    )
    there = own["deviation 1"].notna().to_numpy()
    wanted = (truth - own["value 1"].to_numpy()[: len(truth)])[there[: len(truth)]] / unit
    np.testing.assert_allclose(own["deviation 1"][there], wanted, rtol=1e-3, atol=1e-4)
    other = run.predict(sales().replace({"store": {"store 0": "new"}}), verbose=False)
    unseen = other["store"] == "new"
    assert other.loc[unseen, "deviation 1"].isna().all(), "its size is not known"
    assert other.loc[~unseen, "deviation 1"].notna().any()
    last = run.predict(ahead(sales()), verbose=False).iloc[-1]
    assert np.isnan([last[f"deviation {step}"] for step in range(1, HORIZON + 1)]).all()


def test_series_that_training_has_not_seen_have_no_mase(run: Run) -> None:
    other = sales().replace({"store": {"store 0": "new", "store 1": "newer"}})
    scores = run.evaluate(other, verbose=False)["data"]
    assert "mase" not in scores
    assert scores["mae"] > 0


@pytest.mark.parametrize("format", ["saved_model"])
def test_an_export_answers_as_the_run(run: Run, tmp_path: Path, format: str) -> None:
    import tensorflow as tf

    exported = run.export(tmp_path / "sales", format=format, verbose=False)
    signature = tf.saved_model.load(str(exported)).signatures["serving_default"]
    table, _, _ = run._given.latest(ahead(sales()))
    from kbuilder import preprocessing

    arrays = preprocessing.raw(run.record.columns, table)
    names = run.input_names()
    given = {
        names[name]: tf.constant(values.tolist() if values.dtype == object else values)
        for name, values in arrays.items()
    }
    answers = signature(**given)
    expected = run.forecast(ahead(sales()))
    np.testing.assert_allclose(
        np.asarray(answers["value"]).reshape(-1), expected["value"], rtol=1e-5
    )
    np.testing.assert_allclose(
        np.asarray(answers["quantile_0.9"]).reshape(-1), expected["quantile_0.9"], rtol=1e-5
    )
    sidecar = json.loads((exported / "assets.extra" / "kbuilder.json").read_text())
    [past] = [one for one in sidecar["inputs"] if one["column"] == "past"]
    assert past["columns"] == ["sold", "price"]


def test_a_loaded_run_and_its_examples_forecast_alike(run: Run) -> None:
    again = kb.load(run.path)
    pd.testing.assert_frame_equal(again.forecast(ahead(sales())), run.forecast(ahead(sales())))
    frame = again.predict(run.path / "examples.json", verbose=False)
    assert len(frame) == len(run.predictions("test"))


def test_the_report_has_the_errors_of_each_step(run: Run, tmp_path: Path) -> None:
    page = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Errors by step of the forecast on test (mase)" in page
    assert "baseline: seasonal naive (7)" in page


def test_more_epochs_of_a_run_are_those_of_one_fit(tmp_path: Path) -> None:
    def fit(epochs: int, path: Path) -> Run:
        known = recipe(sales(1, 60), known=[], quantiles=[])
        training = kb.Training(epochs=epochs, batch_size=16, early_stopping=None)
        known = known.model_copy(update={"training": training})
        return kb.fit(known, run_dir=path, verbose=False, report=False)

    whole = fit(4, tmp_path / "whole")
    fit(2, tmp_path / "half")
    more = kb.resume(
        tmp_path / "half", override=["training.epochs=4"], run_dir=tmp_path / "more",
        data=recipe(sales(1, 60)).data, verbose=False,
    )  # fmt: skip
    for one, other in zip(more.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_script_is_refused_with_the_reason() -> None:
    assert message(CallError, _eject) == (
        "a script does not make rows of rows: the windows of a series, or sequences. Expected a "
        "run: `kbuilder fit`, and `kbuilder export` for what runs without kbuilder."
    )


def _eject() -> None:
    from kbuilder import pipeline

    pipeline.eject(recipe(sales(1, 40)))


def looked(frame: pd.DataFrame, task: kb.Forecasting | None = None, **data: Any) -> Any:
    fields = {"target": "sold", "time": "day", "series": "store", **data}
    known = kb.Forecasting(horizon=HORIZON) if task is None else task
    return dataset.look(kb.Recipe(data=kb.Frame(frame=frame, **fields), task=known))


def test_a_random_split_of_windows_is_refused_with_the_line() -> None:
    assert message(DataError, lambda: looked(sales(), split=kb.Random(validation=0.2))) == (
        "data.split: windows of a series overlap, and by random some of training would hold what "
        "others are to forecast. Expected `data: {split: {by: time, validation: 0.2}}`, or no "
        "data.split."
    )


def test_folds_are_refused_with_the_line_of_a_backtest() -> None:
    assert message(DataError, lambda: looked(sales(), split=kb.Time(folds=4))) == (
        "data.split.folds: the rows of a series are in folds, and those between two would be "
        "forecast by what came after them. Expected no folds; `task: {name: forecasting, horizon: "
        "4, backtest: {windows: 4}}` forecasts from one step after another."
    )


def test_a_horizon_beyond_the_data_is_refused_with_one_that_is_not() -> None:
    assert message(DataError, lambda: looked(sales(1, 20), kb.Forecasting(horizon=30))) == (
        "task.horizon: the frame has a series of 20 steps at most, and a window of 6 with what it "
        "forecasts takes 36. Expected a shorter horizon or window, such as `task: {name: "
        "forecasting, horizon: 3, window: 6}`."
    )


def test_series_that_are_too_short_are_named_and_left_out() -> None:
    frame = pd.concat([sales(), sales(1, 5).assign(store="tiny")], ignore_index=True)
    found = looked(frame, kb.Forecasting(horizon=HORIZON, window=14))
    [said] = [one for one in found.resolved.decisions if "left out" in str(one.value)]
    assert (said.value, said.reason) == ("1 series left out", "they have no 18 steps: 'tiny'")


def test_time_without_the_task_and_the_task_without_time_are_refused_with_the_line() -> None:
    frame = sales(1)
    assert message(DataError, lambda: looked(frame, kb.Forecasting(), time=None, series=None)) == (
        "data.time: the next steps of a series are to be forecast, and no column says when a row "
        "was. Expected `data: {time: day}`."
    )
    data = kb.Frame(frame=frame, target="sold", time="day")
    assert message(DataError, dataset.look, kb.Recipe(data=data)) == (
        "data.time: data.time says that the rows are a series, and nothing forecasts it. Expected "
        "`task: {name: forecasting, horizon: 12}`; `data.series`, the column whose rows are one "
        "sequence; or no data.time."
    )


def test_words_that_change_from_step_to_step_are_refused_with_the_line() -> None:
    frame = sales(1).assign(sky=["sun", "rain"] * 45)
    assert message(DataError, lambda: looked(frame)) == (
        "features.sky: column 'sky' holds values that are no numbers. Expected numbers, which "
        "change from step to step; or leave it out: `data: {ignore: [sky]}`."
    )


def test_a_target_that_is_written_otherwise_is_refused_with_the_line() -> None:
    frame = sales(1)
    frame["sold"] = frame["sold"].map("{:.1f}".format).str.replace(".", ",")
    assert message(DataError, lambda: looked(frame)) == (
        "data.target: column 'sold' holds values that are no numbers. Expected numbers, which "
        """change from step to step; if they are written otherwise, write `data: {decimal: ","}`."""
    )


def test_the_order_of_the_rows_does_not_matter() -> None:
    mixed = sales().sample(frac=1.0, random_state=1)
    one, other = (looked(frame).parts.train for frame in (sales(), mixed))
    keys = [np.lexsort((table["day"], table["store"])) for table in (one, other)]
    np.testing.assert_array_equal(one["past"][keys[0]], other["past"][keys[1]])


def test_many_windows_begin_at_every_few_steps_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from kbuilder.data import window_choices

    monkeypatch.setattr(window_choices, "MOST", 2_000)
    found = looked(sales())
    [stride] = [one for one in found.resolved.decisions if one.path == "task.stride"]
    assert stride.value > 1
    assert "windows of all would be 2,000 numbers, and more" in stride.reason
    days = pd.to_datetime(pd.Series(found.parts.train["day"])).drop_duplicates().sort_values()
    assert set(days.diff().dropna().dt.days) == {stride.value}


def test_a_column_known_ahead_that_explains_jumps_halves_the_error(tmp_path: Path) -> None:
    random, day = np.random.default_rng(2), np.arange(300)
    offer = (random.random(300) < 0.3).astype(float)
    frame = pd.DataFrame({
        "day": pd.date_range("2024-01-01", periods=300).strftime("%Y-%m-%d"), "offer": offer,
        "sold": 50 + 5 * np.sin(2 * np.pi * day / 7) + 20 * offer + random.normal(0, 1, 300),
    })  # fmt: skip
    found = {}
    for name, known in (("with", ["offer"]), ("without", [])):
        data = kb.Frame(frame=frame, target="sold", time="day", ignore=[] if known else ["offer"])
        task = kb.Forecasting(horizon=3, window=14, period=7, known=known)
        training = kb.Training(epochs=25, batch_size=16, baselines="none")
        given = kb.Recipe(data=data, task=task, training=training)
        run = kb.fit(given, run_dir=tmp_path / name, verbose=False, report=False)
        found[name] = run.metrics["splits"]["test"]["mae"]
        assert run.metrics["autocorrelation"]["lags"][0] == 1
    assert found["with"] < 0.5 * found["without"]
