"""What every schedule promises."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import kbuilder as kb
from kbuilder import catalog

NAMES = catalog.names("schedules")
HEIGHT, STEPS, EPOCHS = 0.1, 10, 8
TOTAL = STEPS * EPOCHS


def schedule(name: str, **given: Any) -> Any:
    """The schedule by name, with steps that a short fit comes to."""
    return catalog.find("schedules", name)(**({"every": 3} if name == "step" else {}), **given)


def rates(made: Any, steps: Any = range(TOTAL)) -> np.ndarray:
    """The learning rate at each step."""
    return np.array([float(made(step)) if callable(made) else made for step in steps])


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_reaches_its_height_and_never_leaves_0_to_there(name: str) -> None:
    for given in ({}, {"warm_up": 2.5}):
        found = rates(schedule(name, **given).create(HEIGHT, STEPS, EPOCHS))
        assert found.max() == pytest.approx(HEIGHT)
        assert found.min() > 0


@pytest.mark.parametrize("name", sorted({*NAMES} - {"one_cycle", "plateau"}))
def test_the_schedule_begins_after_a_linear_warm_up(name: str) -> None:
    warm = rates(schedule(name, warm_up=2.5).create(HEIGHT, STEPS, EPOCHS))
    np.testing.assert_allclose(warm[:25], HEIGHT * np.arange(1, 26) / 25, rtol=1e-5)
    plain = schedule(name).after(HEIGHT, STEPS, TOTAL - 25)
    np.testing.assert_allclose(warm[25:], rates(plain, range(TOTAL - 25)), rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_saved_of_a_schedule_gives_the_same_rates(name: str) -> None:
    made = schedule(name, warm_up=1).create(HEIGHT, STEPS, EPOCHS)
    config = keras.optimizers.Adam(made).get_config()
    again = keras.optimizers.Adam.from_config(config)
    for step in (0, 9, 10, 37):
        again.iterations.assign(step)
        assert float(again.learning_rate) == pytest.approx(rates(made, [step])[0], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_warm_up_longer_than_a_smoke_test_or_a_phase_breaks_nothing(name: str) -> None:
    made = schedule(name, warm_up=5).create(HEIGHT, 3, 1)
    assert (rates(made, range(20)) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_follows_the_schedule_step_by_step(name: str) -> None:
    """Plain gradient descent on one weight with a gradient of 1: it loses the rate in each step."""
    rows = np.ones((10, 1), np.float32)
    training = kb.Training(
        epochs=4, batch_size=4, early_stopping=None, schedule=schedule(name, warm_up=1.5),
        optimizer={"name": "sgd", "learning_rate": 0.5},
    )  # fmt: skip
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(training.create_optimizer(3), loss=lambda truth, guess: guess)
    seen: list[float] = []
    follower = training.schedule.follow(model, 3)
    ahead: Any = {}
    if follower is not None:
        ahead["on_train_batch_begin"] = lambda batch, logs: follower.step(batch)
        ahead["on_epoch_end"] = lambda epoch, logs: follower.end(logs)
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(float(model.get_weights()[0][0, 0])),
        **ahead,
    )
    model.fit(rows, rows, validation_data=(rows, rows), epochs=4, batch_size=4, verbose=0,
              callbacks=[watch])  # fmt: skip
    spent = -np.diff([0.0, *seen])
    made = training.schedule.create(0.5, 3, 4)
    expected = rates(made, range(12))
    if name == "plateau":  # the loss falls in each epoch, so that nothing but the warm-up is seen
        expected = 0.5 * np.minimum(np.arange(1, 13) / 4, 1)
    np.testing.assert_allclose(spent, expected, rtol=1e-4, atol=1e-6)
