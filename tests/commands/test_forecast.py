"""`kbuilder forecast`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pages import blocks
from shared import Call

import kbuilder as kb


@pytest.fixture(autouse=True)
def _workshop() -> None:
    """A series by month, and the recipe of the page, whose network is a smaller one."""
    months = pd.date_range("2010-01-01", periods=96, freq="MS")
    season = 20 * np.sin(2 * np.pi * np.arange(96) / 12)
    noise = np.random.default_rng(0).normal(0, 1, 96)
    frame = pd.DataFrame({"date": months.strftime("%Y-%m"), "sales": 100 + season + noise})
    frame.to_csv("sales.csv", index=False)
    text = blocks("yaml", "model: lstm", "docs/forecasting.md")
    text = text.replace("model: lstm", "model: nlinear")
    Path("sales.yaml").write_text(text + "training: {epochs: 3}\n", encoding="utf-8")


def test_the_page_s_commands_forecast_the_months_after_the_last(call: Call) -> None:
    fit, rows, some = blocks("sh", "kbuilder forecast latest\n", "docs/forecasting.md").splitlines()
    assert call(*fit.split()[1:])[0] == 0
    code, out, _ = call(*rows.split()[1:])
    assert code == 0
    found = pd.read_csv(io.StringIO(out))
    expected = pd.date_range("2018-01-01", periods=12, freq="MS").strftime("%Y-%m")
    assert found["date"].tolist() == expected.tolist()
    season = 100 + 20 * np.sin(2 * np.pi * np.arange(12) / 12)
    np.testing.assert_allclose(found["value"], season, atol=8)
    code, out, err = call(*some.split()[1:])
    assert (code, out, err) == (0, "", "3 rows: forecast.csv\n")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv"), found.head(3), rtol=1e-6)
    run, history = kb.load(), pd.read_csv("sales.csv")
    names = {"run": run, "history": history}
    exec(blocks("python", "run.forecast(", "docs/forecasting.md"), names)
    pd.testing.assert_frame_equal(
        names["found"],
        found.head(3),
        rtol=1e-5,
        check_dtype=False,  # type: ignore[arg-type]
    )
    assert call("forecast", "latest", "--steps", "13") == (
        2, "", "Error: the run forecasts 12 steps. Expected from 1 to 12, or a run with `-o "
        "task.horizon=13`. Got 13.\n",
    )  # fmt: skip
    assert sorted(path.name for path in Path().iterdir()) == [
        "forecast.csv", "runs", "sales.csv", "sales.yaml",
    ]  # fmt: skip


def test_the_network_of_a_forecast_is_shown(call: Call) -> None:
    code, out, err = call("show", "sales.yaml")
    assert (code, "SeasonBefore" in out, "window: 24" in out) == (0, True, True), err


def test_a_run_of_another_task_forecasts_nothing(fitted: object, call: Call) -> None:
    path = fitted("mixed").path  # type: ignore[operator]
    code, out, err = call("forecast", path)
    assert (code, out) == (2, "")
    assert err == (
        f"Error: {path} forecasts no series. Expected a run of the task forecasting; `predict` "
        "answers for rows.\n"
    )
