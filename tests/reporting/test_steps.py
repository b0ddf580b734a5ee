"""The errors of a forecast by step, as the report has them."""

from __future__ import annotations

from kbuilder.reporting import steps
from kbuilder.reporting.words import Words


def test_each_step_has_the_model_and_the_baselines_side_by_side() -> None:
    found = {"": {"mae": [1.0, 2.0], "mase": [0.5, 0.75]}, "drift": {"mae": [3, 4], "mase": [1, 2]}}
    table = steps.table({"by_step": found}, "test", Words())
    assert table is not None
    assert table.caption == "Errors by step of the forecast on test (mase)"
    assert table.head == ["step", "model", "drift"]
    assert table.rows == [[1, 0.5, 1.0], [2, 0.75, 2.0]]


def test_of_a_long_horizon_some_steps_are_shown_the_first_and_the_last_among_them() -> None:
    found = {"": {"mae": [float(step) for step in range(100)]}}
    table = steps.table({"by_step": found}, "test", Words("ko"))
    assert table is not None
    assert len(table.rows) == steps.MOST
    assert [table.rows[0], table.rows[-1]] == [[1, 0.0], [100, 99.0]]
    assert table.head == ["단계", "모델"]


def test_what_forecasts_nothing_has_no_steps() -> None:
    assert steps.table({"baselines": {}}, "test", Words()) is None


def test_what_the_errors_have_in_common_is_shown_by_lag() -> None:
    found = {"lags": [1, 7], "values": [0.5, -0.25], "bound": 0.2}
    table = steps.left({"autocorrelation": found}, Words())
    assert table is not None
    assert table.caption.endswith("beyond ±0.20 something is left to learn")
    assert table.rows == [[1, 0.5], [7, -0.25]]
    assert steps.left({}, Words()) is None
