"""The value a season before, and what has changed since, as weights of a window."""

from __future__ import annotations

import numpy as np
import pytest

from kbuilder.tables import seasons

random = np.random.default_rng(0)
WINDOW = random.normal(10, 3, 12)


def told(horizon: int, period: int, gap: int = 0, window: int = 12) -> np.ndarray:
    return np.einsum("w,kwh->kh", WINDOW[-window:], seasons.before(window, horizon, period, gap))


def test_with_two_seasons_the_level_is_that_of_the_last_less_the_one_before() -> None:
    before, level, earlier = told(3, 4)
    np.testing.assert_allclose(before, WINDOW[[8, 9, 10]])
    np.testing.assert_allclose(level, WINDOW[8:].mean() - WINDOW[4:8].mean())
    np.testing.assert_allclose(earlier, WINDOW[[4, 5, 6]] - WINDOW[[8, 9, 10]])


def test_beyond_a_season_and_a_gap_it_is_the_same_step_of_the_last_season() -> None:
    np.testing.assert_allclose(told(6, 4)[0], WINDOW[[8, 9, 10, 11, 8, 9]])
    np.testing.assert_allclose(told(2, 4, gap=3)[0], WINDOW[[11, 8]])


def test_less_than_two_seasons_give_the_level_of_the_steps_that_both_have() -> None:
    own = WINDOW[-6:]
    before, level, earlier = told(3, 4, window=6)
    np.testing.assert_allclose(before, own[[2, 3, 4]])
    np.testing.assert_allclose(level, own[4:].mean() - own[:2].mean())
    np.testing.assert_allclose(earlier, [0, 0, own[0] - own[4]])
    np.testing.assert_allclose(told(4, 4, window=4)[1:], 0)


@pytest.mark.parametrize("period", [1, 13])
def test_without_a_season_it_is_the_last_value_the_mean_and_the_line(period: int) -> None:
    before, mean, line = told(3, period, gap=1)
    np.testing.assert_allclose(before, WINDOW[11])
    np.testing.assert_allclose(mean, WINDOW.mean() - WINDOW[11])
    np.testing.assert_allclose(line, (WINDOW[11] - WINDOW[0]) / 11 * np.array([2, 3, 4]))


def test_a_window_of_one_step_goes_on_as_it_is() -> None:
    np.testing.assert_allclose(told(2, 1, window=1), [[WINDOW[11]] * 2, [0, 0], [0, 0]])
