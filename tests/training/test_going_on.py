"""A fit that is interrupted and gone on with ends at the weights of one that was not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field
from shared import mostly_slow

import kbuilder as kb
from kbuilder.contracts import Phase, Signal
from kbuilder.errors import Interrupted
from kbuilder.runs import checkpoints
from kbuilder.schedules.plateau import Plateau
from kbuilder.training import fitting
from kbuilder.training.listeners.history import History
from kbuilder.training.listeners.keeper import Keeper

ROWS, STEPS = 44, 6  # of 8 rows, the last of 4


class Telling(Plateau):
    """A plateau that sends a signal to this process before a step."""

    at: tuple[int, int] = Field(default=(-1, -1))
    number: int = signal.SIGTERM

    def follow(self, model: Any, steps: int) -> Any:
        follower = super().follow(model, steps)
        plain, epochs = follower.step, [0]

        def step(batch: int) -> None:
            plain(batch)
            if (follower.epochs, batch) == self.at and epochs[0] == 0:
                epochs[0] = 1
                os.kill(os.getpid(), self.number)

        follower.step = step  # type: ignore[method-assign]
        return follower


def network(kind: str) -> tuple[Any, Any, Any]:
    """A network with all that could differ, not compiled; its inputs, and its task."""
    import keras

    from kbuilder.training.trainer import Trainer

    keras.utils.set_random_seed(7)
    random = np.random.default_rng(3)
    architecture: Any
    if kind == "words":
        architecture = kb.LSTM(units=4, embedding=4, dropout=0.3, recurrent_dropout=0.2)
        rows = random.integers(0, 9, (ROWS, 5)).astype(np.int32)
        given = keras.Input((5,), dtype="int32", name="x")
        signal_ = Signal("text", given, 9)
    elif kind == "pictures":
        architecture = kb.CNN(filters=[4], dropout=0.3, normalization="batch")
        rows = random.normal(size=(ROWS, 8, 8, 1)).astype(np.float32)
        given = keras.Input((8, 8, 1), name="x")
        from kbuilder.layers.random_shift import RandomShift

        signal_ = Signal("image", RandomShift(1, 1)(given))
    else:
        architecture = kb.MLP(units=[6, 6], dropout=0.3)
        rows = random.normal(size=(ROWS, 3)).astype(np.float32)
        given = keras.Input((3,), name="x")
        signal_ = Signal("vector", given)
    task = kb.Binary(classes=("no", "yes"))
    model = Trainer({"x": given}, {"y": task.head(architecture.apply(signal_))})
    targets = (random.random((ROWS, 1)) < 0.4).astype(np.float32)
    return model, ({"x": rows}, {"y": targets}), task


def fit(
    folder: Path, kind: str = "numbers", schedule: Any = None, phased: bool = False, **given: Any
) -> tuple[list[np.ndarray], list[dict[str, float]]]:
    """Fit from the newest checkpoint of the folder on; the weights, and the history."""
    model, rows, task = network(kind)
    loss, metrics = task.objective()

    def compile_(optimizer: Any) -> None:
        model.compile(optimizer, loss={"y": loss}, weighted_metrics={"y": metrics})

    settings: dict[str, Any] = {
        "epochs": 4,
        "batch_size": 8,
        "balance": "auto",
        "plan": "keras",
        **given,
    }
    training = kb.Training(early_stopping=None, **settings).model_copy(
        update={"schedule": schedule}
    )
    compile_(training.create_optimizer(STEPS))
    layers = [layer for layer in model.layers if layer.weights]
    phases = [
        Phase(layers[:1], 2, None, "a part"), Phase(layers[:0], None, 1e-3, "the whole"),
    ] if phased else []  # fmt: skip
    start = checkpoints.newest(folder / "checkpoints", pytest.fail)
    keeper = Keeper(folder, training.checkpoints, pytest.fail, start, "kbuilder fit --resume it")
    following = [History(folder / "history.csv"), keeper]
    with keeper.listening():
        history, *_ = fitting.fit(
            model, {"y": task}, training, rows, rows, following, phases, compile_, start,
            weights={"train": np.arange(ROWS) % 3.0, "validation": np.arange(ROWS) % 5.0},
        )  # fmt: skip
    return model.get_weights(), [
        {name: value for name, value in row.items() if name != "seconds"} for row in history
    ]


def assert_equal(one: Any, other: Any) -> None:
    """Weights bit for bit, and all figures."""
    assert one[1] == other[1]
    for mine, its in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("kind", ["numbers", "words", "pictures"])
@pytest.mark.slow
def test_a_fit_that_is_told_to_stop_goes_on_to_the_very_weights(kind: str, tmp_path: Path) -> None:
    schedule = {"factor": 0.5, "patience": 1, "warm_up": 1.5}
    undisturbed = fit(tmp_path / "one", kind, Telling(**schedule))
    for at in ((0, 0), (1, 3)):
        with pytest.raises(Interrupted) as stopped:
            fit(tmp_path / "two", kind, Telling(**schedule, at=at))
        assert str(stopped.value) == (
            f"Interrupted after epoch {at[0]}, step {at[1] + 1}. Resume with:\n"
            "  kbuilder fit --resume it"
        )
        assert stopped.value.exit_code == 143
    assert_equal(undisturbed, fit(tmp_path / "two", kind, Telling(**schedule)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numbers", "pictures"])
def test_a_fit_goes_on_in_its_second_phase_with_the_optimizer_of_that(
    kind: str, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"kind": kind, "phased": True, "epochs": 3}
    undisturbed = fit(tmp_path / "one", schedule=Telling(), **given)
    # The plateau of each phase counts its own epochs: the signal comes in the first, and once more.
    for at, stands in (((1, 2), "epoch 1, step 3"), ((0, 4), "epoch 2, step 5")):
        with pytest.raises(Interrupted) as stopped:
            fit(tmp_path / "two", schedule=Telling(at=at), **given)
        assert stands in str(stopped.value)
    assert_equal(undisturbed, fit(tmp_path / "two", schedule=Telling(), **given))


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.slow
def test_several_steps_in_one_call_are_gone_on_with_too(jit: bool, tmp_path: Path) -> None:
    plan = kb.Plan(jit=jit, steps_per_execution=4)
    undisturbed = fit(tmp_path / "one", schedule=Telling(), plan=plan)
    with pytest.raises(Interrupted) as stopped:
        fit(tmp_path / "two", schedule=Telling(at=(1, 0)), plan=plan)
    assert "epoch 1, step 4" in str(stopped.value)
    again = plan.model_copy(update={"steps_per_execution": 3})
    assert_equal(undisturbed, fit(tmp_path / "two", schedule=Telling(), plan=again))


@pytest.mark.slow
def test_a_function_for_whole_batches_alone_changes_no_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kbuilder.training import trainer

    both = fit(tmp_path / "one", "pictures", epochs=2)
    assert STEPS < trainer.ENOUGH
    monkeypatch.setattr(trainer, "ENOUGH", STEPS)
    assert_equal(both, fit(tmp_path / "two", "pictures", epochs=2))


@pytest.mark.parametrize("name", mostly_slow(["adafactor", "ftrl", "muon"], "ftrl"))
def test_the_optimizer_goes_on_where_it_stood(name: str, tmp_path: Path) -> None:
    undisturbed = fit(tmp_path / "one", schedule=Telling(), optimizer=name, epochs=2)
    with pytest.raises(Interrupted):
        fit(tmp_path / "two", schedule=Telling(at=(1, 2)), optimizer=name, epochs=2)
    assert_equal(undisturbed, fit(tmp_path / "two", schedule=Telling(), optimizer=name, epochs=2))


@pytest.mark.slow
def test_more_epochs_are_those_of_a_longer_fit(tmp_path: Path) -> None:
    longer = fit(tmp_path / "one", "words", epochs=5)
    fit(tmp_path / "two", "words", epochs=2)
    assert_equal(longer, fit(tmp_path / "two", "words", epochs=5))


@pytest.fixture
def _heeding() -> Iterator[None]:
    """What runs in the background of a shell ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeding")
def test_a_second_signal_ends_the_fit_at_once(tmp_path: Path) -> None:
    class Impatient(Telling):
        def follow(self, model: Any, steps: int) -> Any:
            follower = super().follow(model, steps)
            plain = follower.step

            def step(batch: int) -> None:
                plain(batch)
                if (follower.epochs, batch) == self.at:
                    os.kill(os.getpid(), self.number)

            follower.step = step
            return follower

    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, schedule=Impatient(at=(1, 1), number=signal.SIGINT))


def test_the_history_grows_with_the_epochs(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        fit(tmp_path, schedule=Telling(at=(2, 1)))
    lines = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["epoch", "1", "2"]


def test_a_checkpoint_is_written_in_the_midst_of_a_long_epoch(tmp_path: Path) -> None:
    often = kb.Checkpoints(every_minutes=1e-9, keep=100)
    fit(tmp_path, epochs=1, checkpoints=often)
    names = [path.name.partition(".")[0] for path in checkpoints.find(tmp_path / "checkpoints")]
    assert names[0] == "epoch-0001-step-000000"
    assert any(name.startswith("epoch-0000") for name in names)


@pytest.mark.parametrize("setting", [None, kb.Checkpoints(keep=1)])
def test_only_as_many_checkpoints_are_kept_as_are_asked_for(setting: Any, tmp_path: Path) -> None:
    fit(tmp_path, checkpoints=setting)
    assert len(checkpoints.find(tmp_path / "checkpoints")) == (0 if setting is None else 1)


def test_what_a_follower_goes_by_is_json(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        fit(tmp_path, schedule=Telling(at=(1, 1)))
    start = checkpoints.newest(tmp_path / "checkpoints", pytest.fail)
    assert start is not None
    kept: Mapping[str, Any] = start.state["schedule"]
    assert (kept["epochs"], kept["rising"]) == (1, False)
