"""How many rows a step has, where the recipe leaves it open."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from shared import built, message

import kbuilder as kb
from kbuilder import pipeline, room
from kbuilder.errors import TrainingError
from kbuilder.training import sizing, strategies
from kbuilder.training.strategies import ALONE, Placement
from kbuilder.training.trainer import Trainer


def recipe(rows: int, **training: Any) -> kb.Recipe:
    random = np.random.default_rng(0)
    table = {"x": random.normal(size=rows), "z": random.normal(size=rows)}
    table["y"] = table["x"] + table["z"] ** 2
    pd.DataFrame(table).to_csv("rows.csv", index=False)
    return kb.Recipe(
        data=kb.CSV(path="rows.csv", target="y", split=kb.Random(validation=0.1, test=0.1)),
        model=kb.MLP(units=[8], dropout=0.3),
        training=kb.Training(**{"epochs": 2, **training}),
    )


def network(rows: int) -> tuple[Any, Any, Any]:
    """A network of one layer, what compiles it, and rows for it."""
    inputs = {"x": keras.Input((3,), name="x")}
    model = Trainer(inputs, {"y": keras.layers.Dense(1)(inputs["x"])})
    x = np.zeros((rows, 3), np.float32)
    return model, lambda it: model.compile(it, loss={"y": "mse"}), ({"x": x}, {"y": x[:, :1]})


@pytest.mark.slow
def test_the_fit_is_that_of_the_number_that_was_chosen() -> None:
    auto = kb.fit(recipe(8000, batch_size="auto"), verbose=False)
    assert auto.recipe.training.batch_size == 128
    [decision] = [one for one in auto.decisions if one.path == "training.batch_size"]
    assert (decision.value, decision.reason, decision.write) == (
        128,
        "the largest power of 2 of which 6,480 training rows have 50 or more; it fits into the "
        "memory",
        "training: {batch_size: 128}",
    )
    written = kb.fit(recipe(8000, batch_size=128), verbose=False)
    for one, other in zip(auto.model.get_weights(), written.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_on_two_devices_it_is_that_of_one() -> None:
    given = recipe(8000, batch_size="auto")
    placement = strategies.place(given.training, 2)
    assert placement.decision is not None
    assert placement.decision.reason.startswith("there are 2 devices: each takes its share of a")
    for where in (ALONE, placement):
        prepared = built(given, placement=where)
        assert prepared.recipe.training.batch_size == 128


def test_the_script_has_the_number() -> None:
    assert "\nBATCH_SIZE = 128\n" in pipeline.eject(recipe(8000, batch_size="auto"))


@pytest.mark.parametrize(("rows", "size", "why"), [
    (9, 32, "9 training rows are few"),
    (3199, 32, "3,199 training rows are few"),
    (3200, 64, "the largest power of 2 of which 3,200 training rows have 50 or more; it fits into "
     "the memory"),
])  # fmt: skip
def test_an_epoch_keeps_fifty_steps(rows: int, size: int, why: str) -> None:
    training, decision = sizing.choose(*network(rows)[:2], kb.Training(batch_size="auto"),
                                       network(rows)[2], 1)  # fmt: skip
    assert decision is not None
    assert (training.batch_size, decision.reason) == (size, why)


def test_half_of_the_free_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: 3 * 2**30)
    monkeypatch.setattr(sizing, "_resident", lambda: 0)
    monkeypatch.setattr(Trainer, "memory", lambda self: 2**30)
    model, compile_, rows = network(6400)
    training, decision = sizing.choose(model, compile_, kb.Training(batch_size="auto"), rows, 1)
    assert decision is not None
    assert (training.batch_size, decision.reason) == (
        64,
        "it takes 1.0 GiB, and twice as much would be more than half of the 3.0 GiB that are free",
    )


def test_the_memory_of_the_machine_is_known() -> None:
    assert 2**20 < sizing._resident() < 2**36
    assert 2**20 < room.free() < 2**44


def test_what_does_not_fit_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes where TensorFlow raises it: from the function of a step of 128 rows."""
    make, tried = Trainer.make_train_function, []

    def limited(self: Any, force: bool = False) -> None:
        make(self, force)
        function = self.train_function

        def train_function(iterator: Any) -> Any:
            block = next(iterator)
            tried.append(block.shape[1])
            if block.shape[1] >= 128:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM")
            return function(iter([block]))

        self.train_function = train_function

    monkeypatch.setattr(Trainer, "make_train_function", limited)
    monkeypatch.setattr(sizing, "STEPS", 1)
    monkeypatch.setattr(room, "free", lambda: 2**60)
    model, compile_, rows = network(8000)
    training, decision = sizing.choose(model, compile_, kb.Training(batch_size="auto"), rows, 1)
    assert decision is not None
    assert (training.batch_size, decision.reason) == (64, "128 rows do not fit into the memory")
    assert tried == [64, 128]


def test_several_workers_want_a_number() -> None:
    training = kb.Training(batch_size="auto")
    assert message(TrainingError, sizing.choose, *network(9)[:2], training, network(9)[2], 2) == (
        "training.batch_size: auto tries what fits into one machine, and all workers need the "
        "same. Expected a number of rows."
    )


def test_a_number_stays() -> None:
    training, placement = kb.Training(batch_size=7), Placement(None, 1, 1, True)
    chosen, decision = sizing.choose(None, print, training, ({}, {}), placement.workers)
    assert chosen is training
    assert decision is None
