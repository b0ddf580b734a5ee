"""What a forecast is relative to, and what it is off by."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kbuilder.layers.forecast_loss import ForecastLoss
from kbuilder.layers.from_last_step import FromLastStep
from kbuilder.layers.moving_average import MovingAverage
from kbuilder.layers.season_before import SeasonBefore
from kbuilder.layers.window_scale import WindowScale

random = np.random.default_rng(0)
STEPS = random.normal(5, 3, (6, 9, 2)).astype(np.float32)


@pytest.mark.parametrize("level", ["mean", "last"])
def test_a_window_is_given_back_what_was_taken_from_it(level: str) -> None:
    related, ends = (np.asarray(one) for one in WindowScale(level)(STEPS))
    np.testing.assert_allclose(
        related[:, :, 0] * ends[:, 1:] + ends[:, :1], STEPS[:, :, 0], rtol=1e-5
    )
    np.testing.assert_array_equal(related[:, :, 1], STEPS[:, :, 1])
    np.testing.assert_allclose(related[:, :, 0].std(axis=1), 1, rtol=1e-5)
    zero = related[:, :, 0].mean(axis=1) if level == "mean" else related[:, -1, 0]
    np.testing.assert_allclose(zero, 0, atol=1e-6)


def test_a_window_that_is_all_alike_stays_finite() -> None:
    related, ends = WindowScale("mean")(np.ones((2, 4, 1), np.float32))
    assert np.isfinite(np.asarray(related)).all()
    assert np.asarray(ends)[:, 0].tolist() == [1, 1]


def test_nothing_is_taken_away_where_nothing_is_asked_for() -> None:
    related, ends = WindowScale("none")(STEPS)
    np.testing.assert_array_equal(related, STEPS)
    assert np.asarray(ends).tolist() == [[0, 1]] * 6


def test_a_window_scale_is_loaded_as_it_was() -> None:
    layer = WindowScale("last")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    for one, other in zip(layer(STEPS), again(STEPS), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"horizon": 3, "period": 4}, [5, 6, 7]),
        ({"horizon": 5, "period": 4}, [5, 6, 7, 8, 5]),
        ({"horizon": 2, "period": 4, "gap": 3}, [8, 5]),
        ({"horizon": 2, "period": 1}, [8, 8]),
        ({"horizon": 2, "period": 10}, [8, 8]),
        ({"horizon": 2, "period": 4, "offsets": (0.0, 0.0)}, [5, 6, 5, 6]),
    ],
)
def test_the_season_before_is_that_of_each_step(fields: dict[str, Any], places: list[int]) -> None:
    found = np.asarray(SeasonBefore(**fields)(STEPS))
    np.testing.assert_array_equal(found, STEPS[:, places, 0])


def test_shares_of_what_has_changed_and_offsets_are_added() -> None:
    layer = SeasonBefore(2, 4, shares=(0.5, 0.25), offsets=(0.0, -1.0))
    own = STEPS[:, :, 0]
    level = own[:, 5:].mean(axis=1) - own[:, 1:5].mean(axis=1)
    expected = own[:, 5:7] + 0.5 * level[:, None] + 0.25 * (own[:, 1:3] - own[:, 5:7])
    found = np.asarray(layer(STEPS))
    np.testing.assert_allclose(found[:, :2], expected, rtol=1e-5)
    np.testing.assert_allclose(found[:, 2:], expected - 1, rtol=1e-4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    np.testing.assert_array_equal(again(STEPS), found)


def test_a_moving_average_repeats_the_ends() -> None:
    for size in (1, 2, 3, 5, 25):
        before, after = size // 2, (size - 1) // 2
        wide = np.pad(STEPS, ((0, 0), (before, after), (0, 0)), mode="edge")
        expected = np.stack([wide[:, at : at + size].mean(axis=1) for at in range(9)], axis=1)
        found = np.asarray(MovingAverage(size)(STEPS))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_steps_are_relative_to_the_last() -> None:
    found = np.asarray(FromLastStep()(STEPS))
    np.testing.assert_allclose(found, STEPS - STEPS[:, -1:], rtol=1e-6)


@pytest.mark.parametrize(
    ("error", "of"),
    [
        ("mean_squared_error", lambda off: off**2),
        ("mean_absolute_error", np.abs),
        ("huber", lambda off: np.where(np.abs(off) <= 1, off**2 / 2, np.abs(off) - 0.5)),
    ],
)
def test_the_loss_is_in_units_of_the_window_and_has_the_pinball_of_quantiles(
    error: str, of: object
) -> None:
    truth = random.normal(size=(4, 8)).astype(np.float32)  # two steps, and what follows them
    given = random.normal(size=(4, 6)).astype(np.float32)
    ends = np.float32([[1, 2], [0, 1], [-3, 0.5], [2, 4]])
    outputs = np.concatenate([given, ends], axis=1)
    related = (truth[:, :2] - ends[:, :1]) / ends[:, 1:]
    expected = of(related - given[:, :2]).mean(axis=1)  # type: ignore[operator]
    for place, quantile in ((1, 0.1), (2, 0.9)):
        off = related - given[:, 2 * place : 2 * place + 2]
        expected += np.maximum(quantile * off, (quantile - 1) * off).mean(axis=1)
    loss = ForecastLoss(2, (0.1, 0.9), error)
    np.testing.assert_allclose(np.asarray(loss.call(truth, outputs)), expected, rtol=1e-4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    np.testing.assert_allclose(float(again(truth, outputs)), expected.mean(), rtol=1e-4)
