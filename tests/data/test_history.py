"""What a forecast begins with is learned of the windows of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder.data import dataset


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=count)


def season_of(values: np.ndarray, period: int = 4, **fields: Any) -> tuple[Any, dict[str, Any]]:
    """The learned task of a series, and what is said of it."""
    others = fields.pop("others", {})
    frame = pd.DataFrame({"step": np.arange(len(values)), "y": values, **others})
    task = kb.Forecasting(**{"horizon": 4, "window": 8, "period": period, **fields})
    looked = dataset.look(kb.Recipe(data=kb.Frame(frame=frame, target="y", time="step"), task=task))
    said = {decision.path: decision for decision in looked.resolved.decisions}
    return looked.resolved.targets[0].task, said


WEEK = np.tile([1.0, 5.0, 2.0, 8.0], 200)
MANY = np.arange(800)


def test_a_level_that_goes_on_rising_is_followed() -> None:
    steady, _ = season_of(WEEK + noise(800))
    rising, said = season_of(WEEK + 3 * MANY)
    assert rising.season_shares[0] > 0.8 > 0.5 > steady.season_shares[0]
    assert said["task.season_shares"].reason == (
        "of 633 training windows: how much of what the level has risen by, and the value a season "
        "earlier still is added to the value before"
    )


def test_noise_about_a_season_is_averaged_over_two() -> None:
    task, _ = season_of(WEEK + noise(800))
    assert task.season_shares[1] > 0.3


def test_without_a_season_noise_goes_back_to_the_mean_and_a_walk_does_not() -> None:
    still, _ = season_of(noise(800), period=1)
    walk, _ = season_of(np.cumsum(noise(800)), period=1)
    assert still.season_shares[0] > 0.85 > 0.3 > walk.season_shares[0]


def test_few_windows_leave_the_shares_near_the_usual_ones() -> None:
    task, _ = season_of((WEEK + MANY)[:30])
    assert task.season_shares[0] == pytest.approx(0.5, abs=0.1)
    assert task.season_shares[1] == pytest.approx(0.2, abs=0.1)


def test_what_is_written_stays() -> None:
    task, said = season_of(WEEK + MANY, season_shares=[0, 0], penalty=0.5)
    assert (task.season_shares, task.penalty) == ((0, 0), 0.5)
    assert "task.penalty" not in said


def test_the_penalty_is_that_of_so_many_windows_and_none_where_there_are_other_columns() -> None:
    task, said = season_of(WEEK + noise(800))
    assert task.penalty == pytest.approx(2000 / (633 * 4), rel=1e-3)
    assert (
        "633 training windows stays near the value a season before" in said["task.penalty"].reason
    )
    other, _ = season_of(WEEK + noise(800), others={"x": noise(800)})
    assert other.penalty == 0


@pytest.mark.parametrize(("months", "period"), [(36, 12), (30, 1)])
def test_a_season_is_found_where_the_early_history_has_two(months: int, period: int) -> None:
    stamps = pd.period_range("2020-01", periods=months, freq="M").astype(str)
    values = 5 * np.sin(np.arange(months) * np.pi / 6) + noise(months)
    frame = pd.DataFrame({"month": stamps, "y": values})
    data = kb.Frame(frame=frame, target="y", time="month")
    looked = dataset.look(kb.Recipe(data=data, task=kb.Forecasting(horizon=2)))
    assert looked.resolved.targets[0].task.period == period  # type: ignore[attr-defined]


def test_other_scales_have_neither() -> None:
    task, _ = season_of(WEEK + MANY, rescale="mean")
    assert (task.season_shares, task.penalty) == (None, None)


def test_quantiles_begin_with_what_these_forecasts_are_off_by() -> None:
    values = WEEK + noise(800)
    own, _ = season_of(values, quantiles=[0.1, 0.9])
    plain, _ = season_of(values, quantiles=[0.1, 0.9], season_shares=[0, 0])
    wide = [task.naive_quantiles[1] - task.naive_quantiles[0] for task in (own, plain)]
    assert wide[0] < 0.95 * wide[1]


def test_windows_that_are_nearly_all_alike_say_nothing() -> None:
    usual = np.cumsum(noise(400))
    still = np.concatenate([np.zeros(30) + 1e-13 * noise(30), usual])
    found = [season_of(one, period=1, quantiles=[0.1, 0.9])[0] for one in (usual, still)]
    shares, quantiles = (
        [getattr(task, name) for task in found] for name in ("season_shares", "naive_quantiles")
    )
    np.testing.assert_allclose(*shares, atol=0.2)
    np.testing.assert_allclose(*quantiles, atol=0.5)
