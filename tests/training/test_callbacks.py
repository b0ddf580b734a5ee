"""Callbacks of Keras follow a fit as they follow `model.fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shared import message, warnings
from test_listeners import recipe

import kbuilder as kb
from kbuilder.errors import CallError, RunError, TrainingError


def test_they_are_called_as_by_keras() -> None:
    import keras

    seen: list[Any] = []

    class Tells(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append(("begin", self.params["epochs"]))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append(("epoch", epoch))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(("end", epoch, sorted(logs)[:2], logs["val_loss"] > 0))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert logs["loss"] > 0

        def on_train_end(self, logs: Any = None) -> None:
            seen.append("over")

    run = kb.fit(recipe(2), callbacks=[Tells()], run_dir="run", verbose=False)
    names = sorted(name for name in run.history.columns if name != "seconds")[:2]
    assert seen == [
        ("begin", 2), ("epoch", 0), ("end", 0, names, True), ("epoch", 1), ("end", 1, names, True),
        "over",
    ]  # fmt: skip
    assert warnings(run) == [
        "Warning: what the callback Tells remembers is not kept in checkpoints, so that a resumed "
        "fit may differ."
    ]


def test_one_that_stops_ends_the_fit_and_ours_is_named() -> None:
    import keras

    stop = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=1e9, patience=1)
    log = keras.callbacks.CSVLogger("log.csv")
    run = kb.fit(recipe(9), callbacks=[stop, log], run_dir="run", verbose=False)
    assert len(run.history) == 2
    assert len(Path("log.csv").read_text().splitlines()) == 3
    assert warnings(run) == [
        "Warning: what the callback EarlyStopping remembers is not kept in checkpoints, so that a "
        "resumed fit may differ. `training: {early_stopping: {patience: 5}}` does the same, and is."
    ]


def test_a_learning_rate_is_set_before_the_steps_of_its_epoch() -> None:
    import keras

    rates = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    run = kb.fit(recipe(2), callbacks=[rates], run_dir="run", verbose=False)
    assert run.history["learning_rate"].tolist() == pytest.approx([0.1, 0.05])


def test_what_is_no_callback_or_fails_is_said() -> None:
    import keras

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyError("lost")

    assert message(CallError, lambda: kb.fit(recipe(1), callbacks=[3], verbose=False)) == (
        "callbacks holds int. Expected callbacks of Keras; your own classes are listeners: "
        "`kb.fit(…, listeners=[…])`."
    )
    with pytest.raises(TrainingError) as caught:
        kb.fit(recipe(1), callbacks=[Fails()], run_dir="run", verbose=False)
    assert str(caught.value) == "a Keras callback failed in on_epoch_end: KeyError: 'lost'"


def counting() -> Any:
    import keras

    class Counts(keras.callbacks.Callback):
        seen = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seen += 1

        def get_state(self) -> int:
            return self.seen

        def set_state(self, known: int) -> None:
            self.seen = known

    return Counts


def test_a_state_that_is_not_taken_is_the_callbacks_fault_and_others_than_before_are_said() -> None:
    import keras

    class Counts(counting()):  # type: ignore[misc]
        def set_state(self, known: int) -> None:
            raise KeyError("lost")

    kb.fit(recipe(1), callbacks=[counting()()], run_dir="run", verbose=False)

    def resumed(callback: Any) -> kb.Run:
        return kb.resume(
            "run", override=["training.epochs=2"], callbacks=[callback],
            run_dir=type(callback).__name__, verbose=False,
        )  # fmt: skip

    assert message(RunError, resumed, Counts()) == (
        "the callback Counts (1) does not take its state: KeyError: 'lost'"
    )
    assert message(RunError, resumed, keras.callbacks.History()) == (
        "the callbacks that keep a state are none, and were Counts (1). Expected the same, in the "
        "same order."
    )


def test_those_without_a_state_come_and_go_without_a_word() -> None:
    import keras

    kb.fit(recipe(1), callbacks=[keras.callbacks.History()], run_dir="run", verbose=False)
    override = ["training.epochs=2"]
    run = kb.resume("run", override=override, run_dir="b", verbose=False)
    assert not warnings(run)


def test_one_with_a_state_gets_it_back() -> None:
    Counts = counting()  # noqa: N806 - it is a class
    kb.fit(recipe(2), callbacks=[Counts()], run_dir="run", verbose=False)
    again = Counts()
    override = ["training.epochs=3"]
    run = kb.resume("run", override=override, callbacks=[again], run_dir="b", verbose=False)
    assert again.seen == 3
    assert not warnings(run)
