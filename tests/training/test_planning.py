"""How the execution of steps is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import TrainingError
from kbuilder.training import planning
from kbuilder.training.feeding import Feed
from kbuilder.training.trainer import Trainer

ROWS = 400
PLAIN, COMPILED = (0.5, 0.010), (3.0, 0.004)  # seconds of the first step, and of a usual one


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that plans are remembered in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kbuilder" / "plans.json"


@pytest.fixture
def trainer() -> Any:
    inputs = {"x": keras.Input((3,), name="x")}
    model = Trainer(inputs, {"y": keras.layers.Dense(1)(inputs["x"])})
    model.compile("sgd", loss={"y": "mse"})
    return model


def feed(rows: int = ROWS) -> Feed:
    return Feed(({"x": np.zeros((rows, 3))}, {"y": np.zeros((rows, 1))}), 8)


class Clock:
    """Says how long steps take, and keeps the plans that it was asked about."""

    def __init__(self, plain: tuple[float, float], compiled: tuple[float, float]) -> None:
        self.times = {False: plain, True: compiled}
        self.asked: list[bool | None] = []

    def __call__(self, plan: kb.Plan) -> tuple[float, float]:
        self.asked.append(plan.jit)
        return self.times[bool(plan.jit)]


def chosen(
    trainer: Any, clock: Clock, steps: int = 100_000, plan: Any = "auto", **given: Any
) -> Any:
    return planning.choose(trainer, feed(**given), kb.Training(plan=plan), steps, clock)


def test_xla_is_taken_where_it_is_faster_and_both_figures_are_said(trainer: Any) -> None:
    plan, decision = chosen(trainer, Clock(PLAIN, COMPILED))
    assert plan == kb.Plan(jit=True, steps_per_execution=50)  # all of an epoch
    assert (decision.path, decision.value) == ("training.plan", "jit on")
    assert decision.reason == (
        "a step takes 4 ms compiled by XLA, 10 ms without; compiling took 3.0 s"
    )
    assert decision.write == "training: {plan: {jit: true}}"


@pytest.mark.parametrize("seconds", [0.0095, 0.040])
def test_xla_is_left_where_it_gains_next_to_nothing(trainer: Any, seconds: float) -> None:
    plan, decision = chosen(trainer, Clock(PLAIN, (3.0, seconds)))
    assert plan == kb.Plan(jit=False, steps_per_execution=25)
    assert decision.value == "jit off"


def test_xla_is_not_tried_where_compiling_costs_more_than_a_twentieth(trainer: Any) -> None:
    steps = int(0.5 * planning.COMPILING / planning.SHARE / 0.010)
    for few, asked in ((steps - 1, [False]), (steps + 1, [False, True])):
        clock = Clock(PLAIN, COMPILED)
        chosen(trainer, clock, few)
        assert clock.asked == asked


def test_slow_steps_are_few_at_once(trainer: Any) -> None:
    for seconds, steps in ((1e-5, 50), (0.1, 2), (3.0, 1)):
        assert chosen(trainer, Clock((0, seconds), COMPILED), 1)[0].steps_per_execution == steps


def test_what_the_recipe_says_is_not_tried(trainer: Any) -> None:
    clock = Clock(PLAIN, COMPILED)
    whole = kb.Plan(jit=True, steps_per_execution=3)
    assert chosen(trainer, clock, plan=whole) == (whole, None)
    assert chosen(trainer, clock, plan="keras")[0] == kb.Plan(jit=False, steps_per_execution=1)
    assert clock.asked == []
    plan, decision = chosen(trainer, clock, plan=kb.Plan(jit=False))
    assert (plan.jit, decision, clock.asked) == (False, None, [False])
    assert chosen(trainer, clock, plan=kb.Plan(steps_per_execution=7))[0].steps_per_execution == 7


def test_epochs_of_few_steps_are_taken_step_by_step(trainer: Any) -> None:
    clock = Clock(PLAIN, COMPILED)
    rows = 8 * planning.FEWEST - 1
    assert chosen(trainer, clock, rows=rows)[0] == kb.Plan(jit=False, steps_per_execution=1)
    assert clock.asked == []


def test_a_plan_is_remembered_by_network_and_batch(trainer: Any, cache: Path) -> None:
    chosen(trainer, Clock(PLAIN, COMPILED))
    clock = Clock(PLAIN, COMPILED)
    plan, decision = chosen(trainer, clock, 501)
    assert (plan.jit, clock.asked) == (True, [True])
    assert decision.reason.endswith("took 3.0 s, as was measured on this machine before")
    clock = Clock(PLAIN, COMPILED)
    plan, decision = chosen(trainer, clock, 499)  # of which each gains 6 ms
    assert (plan.jit, clock.asked) == (False, [False])
    assert decision.value == "jit off"
    assert decision.reason.endswith(
        "took 3.0 s, as was measured on this machine before; 499 steps are too few to make up for "
        "that"
    )
    inputs = {"x": keras.Input((3,), name="x")}
    other = Trainer(inputs, {"y": keras.layers.Dense(1, activation="tanh")(inputs["x"])})
    other.compile("sgd", loss={"y": "mse"})
    clock = Clock(PLAIN, COMPILED)
    assert not chosen(other, clock, 1)[0].jit
    assert clock.asked == [False]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": {"plain": 1}}', "\x00\xff"])
def test_a_damaged_memory_is_no_memory(trainer: Any, cache: Path, text: str) -> None:
    cache.parent.mkdir()
    cache.write_text(text, encoding="utf-8")
    assert chosen(trainer, Clock(PLAIN, COMPILED))[0].jit
    assert len(json.loads(cache.read_text(encoding="utf-8"))) == 1


def test_no_place_to_remember_is_no_failure(trainer: Any, cache: Path) -> None:
    cache.parent.write_text("a file in the way", encoding="utf-8")
    assert chosen(trainer, Clock(PLAIN, COMPILED))[0].jit


@pytest.mark.parametrize(("plan", "what", "why"), [
    (kb.Plan(jit=True), "jit", "XLA cannot compile the exchange between devices"),
    (kb.Plan(steps_per_execution=2), "steps_per_execution",
     "each step ends with an exchange between the devices"),
])  # fmt: skip
def test_several_devices_leave_no_choice(plan: Any, what: str, why: str) -> None:
    import tensorflow as tf

    exchange = tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=exchange)
    with strategy.scope():
        inputs = {"x": keras.Input((3,), name="x")}
        model = Trainer(inputs, {"y": keras.layers.Dense(1)(inputs["x"])})
    clock = Clock(PLAIN, COMPILED)
    assert chosen(model, clock) == (kb.Plan(jit=False, steps_per_execution=1), None)
    assert message(TrainingError, chosen, model, clock, plan=plan) == (
        f"training.plan.{what}: {what} does not go with several devices: {why}. Expected "
        "`plan: auto`, or `strategy: none`."
    )
    assert clock.asked == []


def recipe(**given: Any) -> kb.Recipe:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(ROWS, 4)), columns=[*"abcd"])
    frame["y"] = frame["a"] * frame["b"]
    data = kb.Frame(frame=frame, target="y")
    training = kb.Training(**{"epochs": 3, "batch_size": 8, **given})
    return kb.Recipe(data=data, model=kb.MLP(units=[8], dropout=0), training=training)


@pytest.mark.slow
def test_a_plan_changes_no_result_beyond_rounding(tmp_path: Path) -> None:
    histories = {}
    for name, plan in {
        "keras": "keras",
        "calls": kb.Plan(jit=False, steps_per_execution=7),
        "xla": kb.Plan(jit=True, steps_per_execution=7),
        "auto": "auto",
    }.items():
        run = kb.fit(recipe(plan=plan), run_dir=tmp_path / name, verbose=False)
        histories[name] = run.history.drop(columns="seconds")
    pd.testing.assert_frame_equal(histories["keras"], histories["calls"], rtol=1e-6)
    pd.testing.assert_frame_equal(histories["keras"], histories["xla"], rtol=1e-4)
    pd.testing.assert_frame_equal(histories["keras"], histories["auto"], rtol=1e-6)


def test_a_measured_plan_stands_among_the_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SHARE", 1e9)
    run = kb.fit(recipe(epochs=1), run_dir=tmp_path / "run", verbose=False)
    [decision] = [d for d in run.decisions if d.path == "training.plan"]
    assert decision.value in ("jit on", "jit off")
    assert any(line.startswith("training.plan: jit ") for line in run.record.log)
    assert kb.load(tmp_path / "run").decisions == list(run.decisions)
