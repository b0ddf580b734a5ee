"""A long table as sequences: the rows of one series are one row of what is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.data import long_tables
from kbuilder.data.panel import Axes
from kbuilder.errors import CallError, DataError
from kbuilder.tables.table import Table

AXES = Axes("time", "device")


def sensors(devices: int = 40, seed: int = 0) -> pd.DataFrame:
    """Devices whose values rise or fall, of unlike lengths, in no order; a site for each."""
    random = np.random.default_rng(seed)
    rows = []
    for device in range(devices):
        steps = int(random.integers(3, 9))
        values = np.sort(random.normal(size=steps))[:: 1 if device % 2 else -1]
        for step, value in enumerate(values):
            kind = "rising" if device % 2 else "falling"
            rows.append((f"d{device}", 0.5 * step, value, f"s{device % 3}", kind))
    frame = pd.DataFrame(rows, columns=["device", "time", "value", "site", "kind"])
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def recipe(frame: Any, **training: Any) -> kb.Recipe:
    data = frame
    if isinstance(frame, pd.DataFrame):
        data = kb.Frame(frame=frame, target="kind", time="time", series="device")
    network = {"sequence": kb.GRU(units=4), "vector": kb.MLP(units=4)}
    return kb.Recipe(data=data, model=network, training=kb.Training(epochs=2, **training))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    folder = tmp_path_factory.mktemp("long") / "run"
    return kb.fit(recipe(sensors()), run_dir=folder, verbose=False)


def table(**columns: Any) -> Table:
    known = {"device": ["a", "b", "a", "b", "b"], "time": ["2", "10", "1", "9", "-1"],
             "x": [2.0, 10.0, 1.0, np.nan, -1.0],
             "kind": ["up", "no", "up", "no", "no"]}  # fmt: skip
    arrays = {}
    for name, values in {**known, **columns}.items():
        numbers = all(isinstance(value, float) for value in values)
        arrays[name] = np.array(values, dtype=np.float64 if numbers else object)
    return Table(arrays, "rows.csv")


def test_a_row_for_each_series_in_the_order_of_its_time() -> None:
    made = long_tables.sequences(table(), AXES, ["x"], ["kind"])
    assert made["device"].tolist() == ["a", "b"]
    assert made["kind"].tolist() == ["up", "no"]
    assert made["time"].tolist() == ["2", "10"]  # the last of each, by which they may be divided
    first, second = made[long_tables.STEPS].tolist()
    assert first.tolist() == [[1], [2]]
    np.testing.assert_array_equal(second, [[-1], [np.nan], [10]])


def test_stamps_are_ordered_as_dates_and_not_as_words() -> None:
    stamps = ["2024-02-01", "01/02/2024", "2024-01-31", "03/01/2024", "15/01/2024"]
    days = ["1.2.2024", "2.2.2024", "31.1.2024", "11.1.2024", "15.1.2024"]
    made = long_tables.sequences(table(time=days), AXES, ["x"], [])
    np.testing.assert_array_equal(made[long_tables.STEPS][1], [[np.nan], [-1], [10]])
    assert "2024" in message(DataError, long_tables.sequences, table(time=stamps), AXES, ["x"], [])


@pytest.mark.parametrize(("times", "steps"), [
    (["2024.05", "2025.01", "2024.10", "2024.02", "2024.12"], ["2024.05", "2024.10"]),
    (["02.2024", "5.2024", "01.2025", "6.2024", "7.2024"], ["02.2024", "01.2025"]),
    (["0.5", "2", "10.25", "3", "4"], ["0.5", "10.25"]),
])  # fmt: skip
def test_months_are_no_decimals(times: list[str], steps: list[str]) -> None:
    changed = table(time=times, x=[1.0, 0.0, 2.0, 0.0, 0.0])
    made = long_tables.sequences(changed, AXES, ["x"], [])
    assert made[long_tables.STEPS][0].tolist() == [[1], [2]]
    assert made["time"][0] == steps[-1]


def test_a_class_called_none_is_not_a_missing_one() -> None:
    kinds = ["None", "no", None, "no", "no"]
    assert "'kind' is" in message(
        DataError, long_tables.sequences, table(kind=kinds), AXES, ["x"], ["kind"]
    )
    same = table(kind=[None, "no", None, "no", "no"])
    assert long_tables.sequences(same, AXES, ["x"], ["kind"])["kind"].tolist() == [None, "no"]


@pytest.mark.parametrize(("columns", "said"), [
    ({"time": ["1", "10", "1", "9", "-1"]},
     "row 1 of rows.csv and row 3 of rows.csv are of one series and have the same time '1'; so "
     "have 1 pairs of rows."),
    ({"time": ["1", "10", "nan", "9", "-1"]}, "column 'time' has no time in row 3 of rows.csv."),
    ({"device": ["a", "b", "", "b", "b"]}, "column 'device' is empty in row 3 of rows.csv"),
    ({"kind": ["up", "no", "down", "no", "no"]},
     "'kind' is 'down' in row 3 of rows.csv and 'up' in row 1 of rows.csv, both of series 'a'."),
    ({"x": ["1", "2", "3", "x", "5"]}, "column 'x' holds values that are no numbers."),
])  # fmt: skip
def test_what_is_no_sequence_is_refused_with_its_row(columns: Any, said: str) -> None:
    found = message(DataError, long_tables.sequences, table(**columns), AXES, ["x"], ["kind"])
    assert said in found
    assert "Expected" in found


@pytest.mark.parametrize(("change", "said"), [
    (lambda it: it.assign(word=[f"w{n % 7}" for n in range(len(it))]),
     "column 'word' holds words that change from step to step, and the steps of a sequence are "
     "numbers. Leave it out: `data: {ignore: [word]}`."),
    (lambda it: it.drop(columns="value"), "no column of numbers changes within a series of "
     "'device'. Expected some, which become the steps of the sequences."),
    (lambda it: it.drop_duplicates("device"), "no column of numbers changes within a series"),
    (lambda it: it.assign(steps=1), "the frame has a column 'steps', which is what the steps of a "
     "series are called. Expected another name."),
])  # fmt: skip
def test_what_cannot_be_a_step_is_refused(change: Any, said: str) -> None:
    assert said in message(DataError, kb.prepare, recipe(change(sensors())))


def test_a_time_without_series_asks_for_one() -> None:
    data = kb.Frame(frame=sensors(), target="kind", time="time")
    said = message(DataError, kb.prepare, kb.Recipe(data=data))
    assert "`data.series`, the column whose rows are one sequence" in said


def test_a_series_is_one_row_of_the_fit_and_says_so(run: kb.Run) -> None:
    assert sum(run.record.splits["rows"].values()) == 40
    said = {decision.path: decision for decision in run.decisions}
    assert said["data.series"].value == "40 sequences"
    assert said["features.steps"].reason == "of each step: value"
    assert set(run.record.columns.features) == {"steps", "site"}


def test_rows_are_predicted_by_series_wherever_they_come_from(run: kb.Run, tmp_path: Path) -> None:
    frame = sensors(6, seed=3)
    found = run.predict(frame)
    assert len(found) == 6
    again = run.predict(frame.sort_values(["device", "time"], ascending=False))
    order = list(dict.fromkeys(frame["device"]))
    other = sorted(order, reverse=True)
    columns = found.columns
    np.testing.assert_allclose(
        found[columns[-1]].to_numpy(float)[[order.index(name) for name in other]],
        again[columns[-1]].to_numpy(float), atol=1e-6,
    )  # fmt: skip
    frame.to_csv(tmp_path / "rows.csv", index=False)
    pd.testing.assert_frame_equal(run.predict(tmp_path / "rows.csv"), found)
    assert len(run.predict(frame.drop(columns="kind"))) == 6


def test_given_rows_are_judged_by_series(run: kb.Run) -> None:
    frame = sensors(10, seed=4)
    figures = run.evaluate(frame)["data"]
    found = run.predict(frame)
    truth = frame.drop_duplicates("device")["kind"].tolist()
    share = np.mean([one == other for one, other in zip(found["label"], truth, strict=True)])
    assert figures["accuracy"] == pytest.approx(share)


def test_an_export_takes_the_sequences(run: kb.Run, tmp_path: Path) -> None:
    assert run.export(tmp_path / "exported").is_dir()  # it has answered its examples alike


def test_own_test_rows_are_sequences_too() -> None:
    data = kb.Frame(
        frame=sensors(), test_frame=sensors(8, seed=5), target="kind", time="time", series="device"
    )
    assert len(kb.prepare(kb.Recipe(data=data)).parts.test) == 8


def test_a_script_is_refused() -> None:
    said = message(CallError, pipeline.eject, recipe(sensors()))
    assert said.startswith("a script does not make rows of rows")


@pytest.mark.slow
def test_what_only_the_order_tells_is_learned() -> None:
    training = {"batch_size": 16, "optimizer": {"learning_rate": 0.02}}
    given = recipe(sensors(200), **training).model_copy(
        update={"model": {"sequence": kb.GRU(units=16), "vector": kb.MLP(units=4)}}
    )
    given = given.model_copy(update={"training": given.training.model_copy(update={"epochs": 40})})
    assert kb.fit(given, verbose=False).evaluate()["test"]["accuracy"] >= 0.95
