"""A fit on several devices is that on one: each step has the same rows, and they count alike.

The devices are the two logical ones of the CPU that `conftest.py` sets up.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from shared import built, message, mixed, mostly_slow

import kbuilder as kb
from kbuilder.contracts import Phase, Signal
from kbuilder.errors import CallError, Interrupted, TrainingError
from kbuilder.recipe.optimizers import Optimizer
from kbuilder.runs import checkpoints
from kbuilder.schedules.plateau import Plateau
from kbuilder.training import fitting, strategies
from kbuilder.training.feeding import Feed
from kbuilder.training.listeners.keeper import Keeper
from kbuilder.training.listeners.printer import Printer

BATCH = 8
KINDS = ["numbers", "words", "pictures"]


class Silent:
    live = False

    def say(self, text: str) -> None: ...
    def step(self, *given: Any) -> None: ...
    def epoch(self, figures: Any, epochs: int) -> None: ...


class Stopping(Silent):
    """Sends a signal to this process before a step, counted over the whole fit."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.live = True

    def step(self, *given: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)


def network(kind: str, dropout: float = 0.0) -> tuple[Any, dict[str, Any]]:
    """A network, not compiled, and its tasks. Each kind has layers that could differ."""
    import keras
    from keras import layers

    from kbuilder.training.trainer import Trainer

    keras.utils.set_random_seed(7)
    if kind == "words":  # whose gradients are IndexedSlices
        given = keras.Input((5,), dtype="int32", name="x")
        body = kb.LSTM(units=4, embedding=4, dropout=dropout).apply(Signal("text", given, 9))
    elif kind == "pictures":
        given = keras.Input((8, 8, 1), name="x")
        body = layers.Conv2D(4, 3, use_bias=False, name="conv")(given)
        body = layers.BatchNormalization(momentum=0.5, name="norm")(body)
        body = layers.GlobalMaxPooling2D()(layers.Dropout(dropout)(body))
    else:
        given = keras.Input((3,), name="x")
        body = layers.Dense(6, "relu", kernel_regularizer="l2", name="dense")(given)
        body = layers.Dense(6, "relu", name="second")(layers.Dropout(dropout)(body))
    tasks = {"y": kb.Binary(classes=("no", "yes")), "z": kb.Regression(loss_weight=0.5)}
    outputs = {name: task.head(body, name=name) for name, task in tasks.items()}  # type: ignore[attr-defined]
    return Trainer({"x": given}, outputs), tasks


def rows(kind: str, count: int, seed: int) -> Any:
    """Inputs, and a target that has a rare class beside one that is a number."""
    random = np.random.default_rng(seed)
    shape = {"words": (5,), "pictures": (8, 8, 1), "numbers": (3,)}[kind]
    x = random.normal(2.0, 1.0, (count, *shape)).astype(np.float32)
    if kind == "words":
        x = random.integers(0, 9, (count, *shape)).astype(np.int32)
    sums = x.reshape(count, -1).mean(axis=1, keepdims=True)
    y = (random.random((count, 1)) < 0.3).astype(np.float32)
    return {"x": x}, {"y": y, "z": (sums - 2).astype(np.float32)}


def weights_of(count: int) -> np.ndarray:
    """How much each row counts; some not at all."""
    return np.random.default_rng(count).integers(0, 4, count).astype(np.float64) + (count == 1)


def fit(
    kind: str,
    devices: int | None = 2,
    train: int = 41,
    held: int | None = 17,
    folder: Path | None = None,
    listener: Any = None,
    phased: bool = False,
    dropout: float = 0.0,
    spoilt: int | None = None,
    weighted: bool = False,
    **given: Any,
) -> tuple[list[np.ndarray], list[dict[str, float]]]:
    """The weights, and the history, of a fit whose last steps are of one row."""
    settings: dict[str, Any] = {"epochs": 2, "batch_size": BATCH, "balance": "auto", **given}
    settings.setdefault("optimizer", Optimizer(learning_rate=0.01))
    training = kb.Training(**{"early_stopping": None, **settings})
    placement = strategies.place(training, devices)
    with placement.scope():
        model, tasks = network(kind, dropout)
        placement.synchronize(model, training)
        objectives = {name: task.objective() for name, task in tasks.items()}

        def compile_(optimizer: Any) -> None:
            model.compile(
                optimizer,
                loss={name: loss for name, (loss, _) in objectives.items()},
                loss_weights={name: task.loss_weight for name, task in tasks.items()},
                weighted_metrics={name: metrics for name, (_, metrics) in objectives.items()},
            )

        compile_(training.create_optimizer(-(-train // BATCH)))
    first = [layer for layer in model.layers if layer.weights][:1]
    phases = [
        Phase(first, 2, None, "all but one"), Phase([], None, 1e-3, "the whole"),
    ] if phased else []  # fmt: skip
    fed = rows(kind, train, 1)
    if spoilt is not None:
        fed[1]["z"][spoilt] = 3e38  # whose square is not finite
    reporter = listener or Silent()
    following: list[Any] = [Printer(reporter)]
    start = None
    listening: Any = nullcontext()
    if folder is not None:
        start = checkpoints.newest(folder / "checkpoints", pytest.fail)
        keeper = Keeper(
            folder, training.checkpoints, pytest.fail, start, "kbuilder fit --resume it"
        )
        following.append(keeper)
        listening = keeper.listening()
    with listening:
        history, *_ = fitting.fit(
            model, tasks, training, fed, rows(kind, held, 2) if held is not None else None,
            following, phases, compile_, start, reporter.say,
            {"train": weights_of(train), "validation": weights_of(held or 1)} if weighted else None,
        )  # fmt: skip
    assert (model.distribute_strategy.num_replicas_in_sync == 2) == (devices == 2)
    weights = [np.array(weight.numpy()) for weight in model.weights]
    figures = [{k: v for k, v in row.items() if k != "seconds"} for row in history]
    return weights, figures


def assert_alike(one: Any, other: Any, tolerance: float) -> None:
    """Weights and all figures of two fits."""
    assert len(one[1]) == len(other[1])
    for mine, its in zip(one[1], other[1], strict=True):
        assert mine == pytest.approx(its, abs=tolerance)
    for mine, its in zip(one[0], other[0], strict=True):
        np.testing.assert_allclose(mine, its, atol=tolerance)


@cache
def plain(kind: str, devices: int | None) -> Any:
    """A fit whose last steps have one row, in training and in validation."""
    return fit(kind, devices)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_two_devices_reach_the_losses_metrics_and_weights_of_one(kind: str) -> None:
    assert_alike(plain(kind, 2), plain(kind, None), 1e-5)


@pytest.mark.parametrize("balance", ["none", "auto"])
@pytest.mark.slow
def test_rows_weigh_on_two_devices_as_on_one(balance: str) -> None:
    two, one = (
        fit("numbers", devices, weighted=True, balance=balance, epochs=1) for devices in (2, None)
    )
    assert_alike(two, one, 1e-5)


def test_the_loss_of_each_output_is_the_mean_over_its_rows() -> None:
    """Keras's own would count the last step, of one row, as any other."""
    for row in plain("words", 2)[1]:
        for part in ("", "val_"):
            sums = row[f"{part}y_loss"] + 0.5 * row[f"{part}z_loss"]
            assert row[f"{part}loss"] == pytest.approx(sums, abs=1e-5)


@pytest.mark.parametrize("name", ["adafactor", "ftrl", "muon"])
@pytest.mark.slow
def test_an_optimizer_steps_on_two_devices_as_on_one(name: str) -> None:
    given = {"optimizer": Optimizer(name=name, learning_rate=0.01), "epochs": 1}
    two, one = (fit("numbers", devices, train=25, held=None, **given) for devices in (2, None))
    assert_alike(two, one, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_fit_on_one_row_is_that_on_one_device(kind: str) -> None:
    given: dict[str, Any] = {"train": 1, "held": 1}
    assert_alike(fit(kind, **given), fit(kind, None, **given), 1e-5)


@pytest.mark.slow
def test_a_schedule_phases_and_an_early_stop_go_as_on_one_device() -> None:
    def both(devices: int | None) -> Any:
        return fit(
            "numbers", devices, phased=True, epochs=12,
            schedule=Plateau(factor=0.5, patience=1, warm_up=1.5, min_delta=0.05),
            early_stopping=kb.EarlyStopping(patience=3, min_delta=0.05),
        )  # fmt: skip

    two, one = both(2), both(None)
    assert_alike(two, one, 1e-5)
    rates = [row["learning_rate"] for row in two[1]]
    assert len(set(rates)) > 3, "the rate rises and falls"
    assert 4 < len(rates) < 14, "the second phase stops early"


@pytest.mark.parametrize("sync", [True, False])
def test_batch_normalization_sees_the_rows_of_all_devices_or_of_the_first(sync: bool) -> None:
    import tensorflow as tf

    still = Optimizer(name="sgd", learning_rate=1e-12)
    weights, _ = fit(
        "pictures", 2, BATCH, None, epochs=1, sync_batchnorm=sync, optimizer=still, balance="none"
    )  # fmt: skip
    kernel, *_, mean, variance = weights[:5]
    given = rows("pictures", BATCH, 1)
    seen = Feed(given, BATCH, seed=0).order(0)[: BATCH if sync else BATCH // 2]
    maps = tf.nn.conv2d(given[0]["x"][seen], kernel, 1, "VALID").numpy()
    # The momentum is a half, from 0 and 1.
    np.testing.assert_allclose(2 * mean, maps.mean(axis=(0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(2 * variance - 1, maps.var(axis=(0, 1, 2)), atol=1e-4)


@pytest.mark.parametrize("left", mostly_slow([1, 2], 1))
def test_batch_normalization_alone_has_rows_in_a_last_step_too(left: int) -> None:
    apart = fit("pictures", 2, 40 + left, 17, epochs=1, sync_batchnorm=False)
    assert np.isfinite(np.concatenate([weight.ravel() for weight in apart[0]])).all()


@drawn(st.integers(1, 50), st.integers(1, 20), st.integers(1, 8))
def test_every_device_has_rows_in_every_step_and_each_row_counts_once(
    count: int, batch: int, devices: int
) -> None:
    feed = Feed(({"x": np.zeros((count, 1))}, {"y": np.zeros((count, 1))}), batch)
    bounds = feed.bounds(count, devices)
    assert bounds.shape == (feed.steps, devices, 4)
    begins, ends, counts, sizes = np.moveaxis(bounds, -1, 0)
    assert (ends > begins).all()
    for step in range(feed.steps):
        own = [range(b, b + n) for b, n in zip(begins[step], counts[step], strict=True)]
        wanted = range(step * batch, min(count, (step + 1) * batch))
        assert [row for rows in own for row in rows] == list(wanted)
        assert set(sizes[step]) == {len(wanted)}


@pytest.mark.parametrize("count", [1, 8, 9, 10, 41])
def test_the_rows_that_are_served_are_those_of_every_step_on_every_device(count: int) -> None:
    placement = strategies.place(kb.Training(batch_size=BATCH), 2)
    with placement.scope():
        model, _ = network("numbers")
    numbers = np.arange(count, dtype=np.float32)[:, None]
    feed = Feed(({"x": np.repeat(numbers, 3, 1)}, {"y": numbers}), BATCH, seed=0)
    model.feed(feed, feed)
    for served in (model.training_rows(0, 0, feed.steps), model.validation_rows()):
        order = feed.order(0)
        steps = zip(range(feed.steps), iter(served.rows), strict=False)
        for step, given in steps:
            (x, y), counts, sizes = given
            parts = [
                (rows.numpy()[:, 0], int(own))
                for rows, own in zip(y["y"].values, counts.values, strict=True)
            ]
            assert all(len(rows) > 0 for rows, _ in parts)
            seen = np.concatenate([rows[:own] for rows, own in parts])
            np.testing.assert_array_equal(seen, order[step * BATCH : (step + 1) * BATCH])
            assert {int(size) for size in sizes.values} == {len(seen)}
            assert [len(rows) for rows in x["x"].values] == [len(rows) for rows, _ in parts]


@pytest.mark.slow
def test_a_fit_on_two_devices_goes_on_to_the_very_weights(tmp_path: Path) -> None:
    """It is stopped at the end of an epoch of 6 steps, and in the midst of the next."""
    given: dict[str, Any] = {"dropout": 0.3, "schedule": Plateau(warm_up=1.5)}
    undisturbed = fit("numbers", **given)
    for steps, where in (6, "epoch 1"), (3, "epoch 1, step 3"):
        with pytest.raises(Interrupted) as stopped:
            fit("numbers", **given, folder=tmp_path, listener=Stopping(steps))
        assert str(stopped.value) == (
            f"Interrupted after {where}. Resume with:\n  kbuilder fit --resume it"
        )
    resumed = fit("numbers", **given, folder=tmp_path)
    for mine, its in zip(resumed[0], undisturbed[0], strict=True):
        np.testing.assert_array_equal(mine, its)
    # A metric is kept as one number, which was a number of each device.
    assert_alike(resumed, undisturbed, 1e-6)


@pytest.mark.parametrize("place", [0, 4])  # of the first device, and of the second
@pytest.mark.slow
def test_a_loss_that_is_no_number_is_found_in_the_step_of_any_device(place: int) -> None:
    row = Feed(rows("numbers", 16, 1), BATCH, seed=0).batch(0, 1)[place]
    said = message(TrainingError, fit, "numbers", 2, 16, None, epochs=1, spoilt=row)
    assert said.startswith(
        "training.optimizer: the loss of epoch 1, step 2 of 2, is inf. Its 8 rows and the weights "
        "before it are finite, but the outputs of the network, or their loss, are not; "
    )


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from kbuilder.training.trainer import Trainer

    def full(*given: Any, **named: Any) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM")

    monkeypatch.setattr(Trainer, "fit", full)
    assert message(TrainingError, fit, "numbers") == (
        "training.batch_size: the share that each of 2 devices has of 8 rows is too much for its "
        "memory. Expected a smaller batch_size, or more devices; on one device kbuilder takes "
        "steps in micro-batches by itself."
    )


@pytest.mark.parametrize("told", [True, False])
def test_a_worker_whose_others_have_left_was_told_to_stop_too_or_lost_them(
    told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    from kbuilder.training.trainer import Trainer

    def left(*given: Any, **named: Any) -> Any:
        if told:
            os.kill(os.getpid(), signal.SIGTERM)
        raise tf.errors.UnavailableError(None, None, "Collective ops is aborted by: task:1, task:3")

    monkeypatch.setattr(Trainer, "fit", left)
    kind: Any = Interrupted if told else TrainingError
    assert message(kind, fit, "numbers", folder=tmp_path) == (
        "Interrupted after epoch 0. Nothing is kept of it." if told else
        "workers 1, 3 are gone, and a step takes all of them. Look at what it said last; then "
        "start all workers again with --resume: the last checkpoint is kept."
    )  # fmt: skip


def recipe(**given: Any) -> kb.Recipe:
    """A small table with a number, two categories and missing values."""
    frame = mixed().assign(street=[f"street {n % 30}" for n in range(96)])
    training = kb.Training(**{"epochs": 2, "batch_size": 26, **given})
    return kb.Recipe(
        data=kb.Frame(frame=frame, target="answer"),
        features={"street": kb.Category(embedding=4), "floor": kb.Category()},
        model=kb.MLP(units=[8], dropout=0, normalization="batch"),
        training=training,
    )


@pytest.mark.slow
def test_a_run_on_two_devices_is_that_on_one() -> None:
    alone = kb.fit(recipe(), run_dir="one", verbose=False)
    shared = kb.fit(recipe(), run_dir="two", devices=2, verbose=False)
    assert alone.record.splits["rows"]["train"] % 26 == 1
    assert [(d.value, d.reason) for d in shared.decisions if d.path == "training.strategy"] == [
        ("mirrored", "there are 2 devices: each takes 13 of the 26 rows of a step; the learning "
         "rate stays, since batch_size is that of all together")
    ]  # fmt: skip
    figures = [run.history.drop(columns="seconds").to_numpy() for run in (alone, shared)]
    np.testing.assert_allclose(figures[1], figures[0], atol=1e-5)
    assert shared.metrics["splits"]["test"] == pytest.approx(
        alone.metrics["splits"]["test"], abs=1e-5
    )
    frame = mixed().assign(street="street 1")
    again = kb.load("two")
    assert again.model.distribute_strategy.num_replicas_in_sync == 1
    pd.testing.assert_frame_equal(again.predict(frame), shared.predict(frame), atol=1e-6)


def test_a_network_on_several_devices_takes_step_by_step_without_xla() -> None:
    """Keras compiles several steps, and XLA, only for one device."""
    placement = strategies.place(recipe().training, 2)
    trained = built(recipe(), placement=placement).network.trained
    assert (trained.steps_per_execution, trained.jit_compile) == (1, False)


TWO = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 0}}


@pytest.mark.parametrize(("given", "devices", "config", "kind", "said"), [
    ({"strategy": "mirrored"}, None, None, TrainingError,
     "training.strategy: mirrored shares each step among several devices, and there is one: CPU:0. "
     "Expected `strategy: auto`, several GPUs, or `--devices 2` for a CPU as two."),
    ({"strategy": "none"}, 2, None, TrainingError,
     "training.strategy: the recipe has each step on one device, and --devices 2 shares it among "
     "several. Expected `strategy: auto`, or no --devices."),
    ({"batch_size": 1}, 2, None, TrainingError,
     "training.batch_size: a step of 1 rows cannot be shared by 2 devices. Expected a batch_size "
     "of 2 or more: it is that of all devices together."),
    ({}, 3, None, CallError,
     "TensorFlow has begun with 2 logical devices. Expected devices=3 in a process that has not "
     "computed anything yet."),
    ({"strategy": "multi_worker"}, None, None, TrainingError,
     "training.strategy: multi_worker trains on several machines, and nothing says which. Expected "
     "TF_CONFIG in the environment of each worker, or a job of Slurm."),
    ({}, 2, TWO, CallError,
     "each worker uses its own devices. Expected no --devices with several."),
])  # fmt: skip
def test_a_strategy_that_cannot_work_is_refused(
    given: Any, devices: Any, config: Any, kind: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    tf.constant(0)  # TensorFlow has begun
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert message(kind, strategies.place, kb.Training(**given), devices) == said


def test_one_device_needs_no_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", json.dumps(TWO))
    forced = strategies.place(kb.Training(strategy="none"), 1)
    assert (forced.strategy, forced.chief, forced.workers) == (None, True, 1)
    assert forced.decision is not None
    assert forced.decision.reason == "the recipe says so"
    monkeypatch.delenv("TF_CONFIG")
    alone = strategies.place(kb.Training())
    assert alone.strategy is None
    assert alone.decision is not None
    assert alone.decision.reason == "there is one device"


@pytest.mark.filterwarnings("ignore")
def test_keras_itself_still_fails_at_an_uneven_first_batch() -> None:
    """When this passes in Keras, `averages_first_batch` and what it stands before can go."""
    import keras
    import tensorflow as tf

    from kbuilder.training.trainer import averages_first_batch

    single = tf.distribute.ReductionToOneDevice()
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=single).scope():
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
        model.compile("sgd", loss="mse")
    batches = tf.data.Dataset.from_tensor_slices((np.ones((7, 4)), np.ones((7, 1)))).batch(8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="AddN"):
        model.fit(batches, verbose=0)
    assert averages_first_batch()
