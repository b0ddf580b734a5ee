"""A fit in several phases, each with layers that keep their weights."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.contracts import Phase, Signal
from kbuilder.recipe.optimizers import Optimizer
from kbuilder.training import fitting
from kbuilder.training.listeners.printer import Printer

TASK = kb.Regression()


class Listener:
    """Keeps what it is told, and the weights and the rate when a phase begins."""

    live = False

    def __init__(self, model: Any) -> None:
        self.model = model
        self.said: list[str] = []
        self.weights: list[Any] = []
        self.epochs: list[Any] = []

    def say(self, text: str) -> None:
        self.said.append(text)
        self.weights.append(self.model.get_weights())

    def step(self, *given: Any) -> None: ...

    def epoch(self, figures: Any, epochs: int) -> None:
        self.epochs.append((figures["epoch"], epochs, figures["learning_rate"]))


def fitted(make: Any, scope: Any = None, **given: Any) -> tuple[Any, Listener, list[Any]]:
    """The fitted network, what was told, and the history; `make` gives the phases of its layers."""
    import keras

    from kbuilder.training.trainer import Trainer

    keras.utils.set_random_seed(0)
    loss, metrics = TASK.objective()
    with scope or nullcontext():
        inputs = {"x": keras.Input((3,), name="x")}
        body = kb.MLP(units=[4, 4]).apply(Signal("vector", inputs["x"]))
        model = Trainer(inputs, {"y": TASK.head(body)})
        model.compile("adam", loss={"y": loss}, metrics={"y": metrics})
    random = np.random.default_rng(0)
    x = random.normal(size=(24, 3)).astype(np.float32)
    rows = {"x": x}, {"y": (x[:, :1] * 2).astype(np.float32)}
    listener = Listener(model)
    training = kb.Training(**{"epochs": 4, "batch_size": 8, "early_stopping": None, **given})

    def anew(optimizer: Any) -> None:
        model.compile(optimizer, loss={"y": loss}, metrics={"y": metrics})

    phases = make(model.layers[1:-1])
    history, *_ = fitting.fit(
        model, {"y": TASK}, training, rows, rows, [Printer(listener)], phases, anew,
        say=listener.say,
    )  # fmt: skip
    return model, listener, history


def head_first(layers: Any, **later: Any) -> list[Phase]:
    return [
        Phase(layers, 2, None, "the last layer alone"),
        Phase(layers[:1], **{"epochs": None, "learning_rate": 0.01, "why": "all but one", **later}),
    ]


def test_frozen_layers_keep_their_weights_and_the_others_learn() -> None:
    model, told, _ = fitted(head_first)
    start, middle, end = [*told.weights, model.get_weights()]
    alike = [np.array_equal(a, b) for a, b in zip(start, middle, strict=True)]
    assert alike == [True, True, True, True, False, False]
    alike = [np.array_equal(a, b) for a, b in zip(middle, end, strict=True)]
    assert alike == [True, True, False, False, False, False]


def test_epochs_are_counted_through_and_each_phase_is_said_and_has_its_rate() -> None:
    _, told, history = fitted(head_first)
    assert told.said == ["phase 1 of 2: the last layer alone", "phase 2 of 2: all but one"]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    rates = [0.001] * 2 + [0.01] * 4
    assert told.epochs == [(n, 6, pytest.approx(rates[n - 1])) for n in range(1, 7)]


def test_a_later_phase_that_does_harm_leaves_the_best_weights_of_the_one_before() -> None:
    model, told, history = fitted(lambda layers: head_first(layers, learning_rate=50.0))
    assert min(row["val_loss"] for row in history[2:]) > history[1]["val_loss"]
    for mine, before in zip(model.get_weights(), told.weights[1], strict=True):
        np.testing.assert_array_equal(mine, before)


def test_each_phase_stops_early_by_itself() -> None:
    stopping = kb.EarlyStopping(patience=1, min_delta=1e6)
    _, _, history = fitted(head_first, early_stopping=stopping)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]


def test_no_phase_is_longer_than_the_epochs_of_the_fit() -> None:
    _, told, history = fitted(head_first, epochs=1)
    assert len(history) == 2
    assert [epochs for _, epochs, _ in told.epochs] == [2, 2]


def test_a_schedule_spans_each_phase() -> None:
    given = {"schedule": kb.Polynomial(), "optimizer": Optimizer(learning_rate=0.02)}
    _, _, history = fitted(head_first, **given)
    rates = [row["learning_rate"] for row in history]
    assert rates == pytest.approx([0.02, 0.01, 0.01, 0.0075, 0.005, 0.0025])


@pytest.mark.slow
def test_phases_and_their_rates_are_made_within_the_strategy_of_the_network() -> None:
    import tensorflow as tf

    scope = tf.distribute.MirroredStrategy(["CPU:0"]).scope()
    scoped, _, _ = fitted(head_first, scope, schedule=kb.Plateau(warm_up=1.5))
    plain, _, _ = fitted(head_first, schedule=kb.Plateau(warm_up=1.5))
    for mine, other in zip(scoped.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
