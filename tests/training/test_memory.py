"""A fit that runs out of memory goes on in micro-batches."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kbuilder as kb
from kbuilder.training import fitting
from kbuilder.training.feeding import Feed
from kbuilder.training.listeners.printer import Printer
from kbuilder.training.trainer import Trainer


class Listener:
    live = False

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, *given: Any) -> None: ...
    def epoch(self, figures: Any, epochs: int) -> None: ...


def fit(most: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[float], set[int]]:
    """What a fit of 6,000 rows a step says, its losses, and the rows that were computed at once.

    A function that is asked for more than `most` rows at once raises what TensorFlow does.
    """
    seen: set[int] = set()
    make = Trainer._function

    def limited(self: Any, step: Any, size: int | None = None) -> Any:
        function = make(self, step, size)

        def call(iterator: Any) -> Any:
            block = next(iterator)
            rows = (
                self._micro_batch
                if step == self.train_step and self._micro_batch
                else block.shape[1]
            )
            seen.add(rows)
            if rows > most:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
            return function(iter([block]))

        return call

    monkeypatch.setattr(Trainer, "_function", limited)
    keras.utils.set_random_seed(0)
    task, listener = kb.Regression(), Listener()
    x = np.random.default_rng(0).normal(size=(6000, 8)).astype(np.float32)
    rows = {"x": x}, {"y": x[:, :1]}
    inputs = {"x": keras.Input((8,), name="x")}
    hidden = keras.layers.Dense(16, activation="relu")(inputs["x"])
    model = Trainer(inputs, {"y": task.head(hidden)})
    loss, metrics = task.objective()
    model.compile("sgd", loss={"y": loss}, metrics={"y": metrics})
    plan = kb.Plan(jit=False, steps_per_execution=1)
    training = kb.Training(epochs=2, batch_size=6000, early_stopping=None, plan=plan)
    history, *_ = fitting.fit(
        model, {"y": task}, training, rows, rows, [Printer(listener)], say=listener.say
    )
    return listener.said, [row["loss"] for row in history], seen


def test_out_of_memory_a_step_is_taken_in_micro_batches_to_the_same_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, losses, seen = fit(6000, monkeypatch)
    assert (said, seen) == ([], {6000})
    monkeypatch.undo()
    said, its, seen = fit(1500, monkeypatch)
    assert said == [
        f"out of memory: from epoch 1 on each step of 6000 rows is taken in micro-batches of "
        f"{size}, whose gradients are added up. Batch normalization, where there is some, sees the "
        "micro-batches"
        for size in (3000, 1500)
    ]
    assert seen == {6000, 3000, 1500}
    assert its == pytest.approx(losses, rel=1e-5)


@pytest.mark.parametrize("rows", [44, 40, 41])
def test_a_step_in_parts_is_a_step_whatever_rows_are_left(rows: int) -> None:
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    weights = {"y": np.linspace(0.5, 1.5, rows, dtype=np.float32)}
    found: list[Any] = []
    for parts in (False, True):
        keras.utils.set_random_seed(0)
        inputs = {"x": keras.Input((3,), name="x")}
        hidden = keras.layers.Dense(4, kernel_regularizer="l2", activation="tanh")(inputs["x"])
        model = Trainer(inputs, {"y": kb.Regression().head(hidden)})
        model.compile("adam", loss={"y": "mse"}, metrics={"y": ["mae"]})
        feed = Feed(({"x": x}, {"y": x[:, :1]}), 8, weights, seed=0)
        model.feed(feed, None)
        model.build_all(feed)
        if parts:
            assert [model.divide(), model.divide()] == [4, 2]
        for epoch in range(3):
            served = model.training_rows(epoch, 0, feed.steps)
            model.fit(served.rows, steps_per_epoch=len(served.sizes), shuffle=False, verbose=0)
        figures = {k: float(v) for k, v in model.get_metrics_result().items()}
        found.append((model.get_weights(), figures))
    (one, figures), (other, its) = found
    assert its == pytest.approx(figures, rel=1e-5)
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_a_part_is_one_row_at_least() -> None:
    inputs = {"x": keras.Input((3,), name="x")}
    model = Trainer(inputs, {"y": keras.layers.Dense(1)(inputs["x"])})
    model.compile("sgd", loss={"y": "mse"})
    model.feed(Feed(({"x": np.zeros((9, 3))}, {"y": np.zeros((9, 1))}), 5), None)
    assert [model.divide() for _ in range(3)] == [2, 1, 0]
