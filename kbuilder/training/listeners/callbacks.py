"""Callbacks of Keras, which follow a fit as they follow `model.fit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kbuilder.contracts import Fit, Progress
from kbuilder.errors import (
    CallError,
    KBuilderError,
    RunError,
    TrainingError,
    briefly,
    listed,
)

WATCHING = {
    "CSVLogger", "History", "LearningRateScheduler", "ModelCheckpoint", "ProgbarLogger",
    "RemoteMonitor", "TensorBoard", "TerminateOnNaN",
}  # fmt: skip
"""Callbacks of Keras whose past changes nothing in the steps that come."""
OURS = {
    "EarlyStopping": "`training: {early_stopping: {patience: 5}}`",
    "ReduceLROnPlateau": "`training: {schedule: plateau}`",
    "BackupAndRestore": "`training: {checkpoints: {every_minutes: 10}}`",
}
"""What does the same, and is kept."""


class Callbacks:
    """Calls Keras callbacks: around the fit, each epoch, and each execution of steps.

    Args:
        callbacks: Of Keras. One with `get_state` and `set_state` has its state in checkpoints.
        say: Called with a warning for each that a resumed fit may differ by.

    Raises:
        CallError: if one is no callback of Keras.
    """

    def __init__(self, callbacks: Sequence[Any], say: Callable[[str], None]) -> None:
        import keras

        for one in callbacks:
            if not isinstance(one, keras.callbacks.Callback):
                raise CallError(
                    f"callbacks holds {type(one).__name__}. Expected callbacks of Keras; your own "
                    "classes are listeners: `kb.fit(…, listeners=[…])`."
                )
        self.callbacks = list(callbacks)
        self._list: Any = None
        self.keeping: dict[str, Any] = {}
        """Those that have a state, by name and place."""
        watching = {getattr(keras.callbacks, name) for name in WATCHING}
        for place, one in enumerate(self.callbacks, start=1):
            name = type(one).__name__
            if hasattr(one, "get_state") and hasattr(one, "set_state"):
                self.keeping[f"{name} ({place})"] = one
            elif type(one) not in watching:
                instead = f" {OURS[name]} does the same, and is." if name in OURS else ""
                say(
                    f"Warning: what the callback {name} remembers is not kept in checkpoints, so "
                    f"that a resumed fit may differ.{instead}"
                )

    def begin(self, fit: Fit) -> None:
        """The fit begins, or another phase of it."""
        import keras

        self._fit = fit
        if self._list is None:
            self._list = keras.callbacks.CallbackList(
                self.callbacks, model=fit.model, epochs=fit.epochs, steps=fit.steps
            )
            self._call("on_train_begin")
        self._begin_epoch()

    def step(self, progress: Progress) -> None:
        """Steps are done: Keras calls it a batch."""
        self._call("on_train_batch_end", progress.step - 1, {"loss": progress.loss})
        if progress.step < progress.steps:
            self._call("on_train_batch_begin", progress.step)

    def epoch(self, figures: Mapping[str, float]) -> bool:
        """An epoch is done; True where a callback has set `model.stop_training`."""
        logs = {name: figures[name] for name in figures if name not in ("epoch", "seconds")}
        self._call("on_epoch_end", int(figures["epoch"]) - 1, logs)
        ended = bool(self._fit.model.stop_training)
        if not ended and not self._fit.last:
            self._begin_epoch()
        return ended

    def end(self) -> None:
        """A phase is done; the fit is with the last."""
        if self._fit.last:
            self._call("on_train_end")

    def get_state(self) -> dict[str, Any] | None:
        """The states of those that have one; None: none has."""
        return {name: one.get_state() for name, one in self.keeping.items()} or None

    def set_state(self, known: Mapping[str, Any]) -> None:
        """Give those that have one their states.

        Raises:
            RunError: if they are others than before, or one does not take its state.
        """
        if known.keys() != self.keeping.keys():
            raise RunError(
                f"the callbacks that keep a state are {listed(self.keeping) or 'none'}, and were "
                f"{listed(known)}. Expected the same, in the same order."
            )
        for name, one in self.keeping.items():
            try:
                one.set_state(known[name])
            except Exception as error:  # whatever happens in a program of others
                raise RunError(
                    f"the callback {name} does not take its state: {briefly(error)}"
                ) from error

    def _begin_epoch(self) -> None:
        self._call("on_epoch_begin", len(self._fit.history))
        self._call("on_train_batch_begin", 0)

    def _call(self, method: str, *given: Any) -> None:
        """Call all; whatever happens in a program of others is said with its error.

        Raises:
            TrainingError: if one fails.
        """
        try:
            getattr(self._list, method)(*given)
        except KBuilderError:
            raise
        except Exception as error:
            raise TrainingError(f"a Keras callback failed in {method}: {briefly(error)}") from error
