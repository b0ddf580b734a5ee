"""The fit: `model.fit` epoch by epoch, the best weights kept, and where it stands saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from kbuilder import files
from kbuilder.columns import Arrays, Rows
from kbuilder.contracts import Decision, Listener, Phase, Progress, Task
from kbuilder.errors import RunError, TrainingError, listed
from kbuilder.recipe.training import Plan, Training
from kbuilder.runs.checkpoints import Checkpoint
from kbuilder.training import diagnosis, planning, state
from kbuilder.training.best import Best
from kbuilder.training.board import Board
from kbuilder.training.feeding import Feed
from kbuilder.training.keeping import Keeper

Epoch = dict[str, float]


class Reporter(Protocol):
    """Reports progress to a person."""

    @property
    def live(self) -> bool:
        """Whether steps are reported too; each costs a little time."""

    def say(self, text: str) -> None:
        """Report something in words."""

    def step(
        self, step: int, steps: int, epoch: int, epochs: int, loss: float, rate: float, memory: int
    ) -> None: ...
    def epoch(self, figures: Epoch, epochs: int) -> None: ...


class Fitted(NamedTuple):
    """What a fit gives, beside the weights."""

    history: list[Epoch]
    decisions: list[Decision]


@dataclass
class Standing:
    """Where a fit stands, beside its variables.

    Args:
        epoch: Epochs that are finished.
        step: Steps of the epoch under way.
        phase: The stretch of the fit, from 0.
        began: Epochs that were finished when it began.
        seconds: What the epoch under way has taken before an interruption.
        rate: The learning rate of its first step.
        history: Figures of the finished epochs.
    """

    epoch: int = 0
    step: int = 0
    phase: int = 0
    began: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    history: list[Epoch] = field(default_factory=list)


def fit(
    trainer: Any,
    tasks: Mapping[str, Task],
    training: Training,
    train: Rows,
    validation: Rows | None,
    reporter: Reporter,
    phases: Sequence[Phase] = (),
    compile_: Callable[[Any], None] | None = None,
    keeper: Keeper | None = None,
    listeners: Sequence[Listener] = (),
) -> Fitted:
    """Fit a compiled network, and leave it with its best weights.

    Args:
        trainer: The network, a `Trainer`, compiled; with phases it is compiled anew for each.
        tasks: The task by output; gives the class weights.
        training: How.
        train, validation: Rows; without validation the last weights are kept.
        reporter: Called with each epoch.
        phases: The stretches of the fit; none: a single one, in which all layers learn.
        compile_: Compiles the network with an optimizer; only phases need it.
        keeper: Keeps checkpoints, and says from which to go on; None: nothing is kept.
        listeners: Called with each epoch, too; one that returns True ends the fit.

    Returns:
        The figures of each epoch: `epoch` from 1, `seconds`, the `learning_rate` of its first step,
        losses and metrics; and what was decided of its execution.

    Raises:
        TrainingError: if the loss is no longer a finite number.
        Interrupted: after a signal, when the step is finished and a checkpoint written.
    """
    weights = class_weights(tasks, train[1]) if training.balance == "auto" else None
    feed = Feed(train, training.rows_per_step, weights, training.seed)
    held = Feed(validation, training.rows_per_step) if validation is not None else None
    return _Fit(trainer, training, feed, held, reporter, phases, compile_, keeper, listeners).run()


def steps_per_epoch(train: Rows, training: Training) -> int:
    """Steps of an epoch; the last may be of fewer rows."""
    return Feed(train, training.rows_per_step).steps


def spans(training: Training) -> bool:
    """Whether the schedule depends on how many epochs the fit has."""
    import keras

    if training.schedule is None:
        return False
    shorter, longer = (
        keras.saving.serialize_keras_object(training.schedule.create(1.0, 100, epochs))
        for epochs in (training.epochs, 2 * training.epochs)
    )
    return bool(shorter != longer)


def epochs_of(phase: Phase, training: Training) -> int:
    """The epochs of a phase: never more than those of `training`, which a smoke test has one of."""
    return min(phase.epochs or training.epochs, training.epochs)


def optimizer_of(phase: Phase, training: Training, steps: int) -> Any:
    """The optimizer of a phase, whose schedule spans its epochs."""
    return training.create_optimizer(steps, epochs_of(phase, training), phase.learning_rate)


def enter(
    phase: Phase,
    phases: Sequence[Phase],
    model: Any,
    training: Training,
    steps: int,
    compile_: Callable[[Any], None],
) -> None:
    """Freeze what the phase freezes, let the rest learn, and compile with an optimizer of its own.

    What no phase freezes stays as the architecture made it. Layers hold layers, so that all are
    set to learn before any is frozen.
    """
    for other in phases:
        for layer in other.frozen:
            layer.trainable = True
    for layer in phase.frozen:
        layer.trainable = False
    with model.distribute_strategy.scope():
        compile_(optimizer_of(phase, training, steps))


def class_weights(tasks: Mapping[str, Task], encoded: Arrays) -> Arrays:
    """By output a weight per row, so that each class weighs the same and the mean is 1. (rows,)"""
    weights: Arrays = {}
    for output, values in encoded.items():
        groups = tasks[output].groups(values)
        if groups is None:
            weights[output] = np.ones(len(values), np.float32)
        else:
            counts = np.bincount(groups)
            share = len(groups) / (np.count_nonzero(counts) * counts[groups])
            weights[output] = share.astype(np.float32)
    return weights


class _LossError(Exception):
    """The loss is not finite since a step after `sound` steps, and before `step`."""

    def __init__(self, loss: float, sound: int, step: int) -> None:
        super().__init__(loss)
        self.loss = loss
        self.sound = sound
        self.step = step


class _Fit:
    """One fit under way: phases of epochs of steps, each of which can be gone on from."""

    def __init__(
        self,
        trainer: Any,
        training: Training,
        feed: Feed,
        validation: Feed | None,
        reporter: Reporter,
        phases: Sequence[Phase],
        compile_: Callable[[Any], None] | None,
        keeper: Keeper | None,
        listeners: Sequence[Listener],
    ) -> None:
        self.trainer = trainer
        self.training = training
        self.feed = feed
        self.validation = validation
        self.reporter = reporter
        self.phases = phases
        self.compile_ = compile_
        self.keeper = keeper
        self.lengths = [epochs_of(phase, training) for phase in phases] or [training.epochs]
        self.best = Best(trainer, training.early_stopping) if validation is not None else None
        self.schedule: Any = None
        folder = keeper.folder if keeper is not None and training.tensorboard else None
        board = [Board(folder / "tensorboard")] if folder is not None else []
        self.listeners: Sequence[Any] = (*board, *listeners)
        self.stepping = [one for one in self.listeners if hasattr(one, "step")]
        self.told_to_end = False
        self.now = Standing()
        self.decisions: list[Decision] = []
        self.unplanned = True
        self.jit: bool | None = None
        self.spent: list[float] = []

    def run(self) -> Fitted:
        """All phases, from where the last checkpoint left off."""
        import tensorflow as tf

        try:
            return self._through()
        except tf.errors.UnavailableError as error:
            if self.keeper is not None:
                self.keeper.end_if_told()  # as the others were, and have left already
            raise diagnosis.lost_worker(error) from None

    def _through(self) -> Fitted:
        self.trainer.feed(self.feed, self.validation)
        start = self.keeper.start if self.keeper is not None else None
        if start is not None:
            with files.ours("the checkpoint", RunError, "Fit anew."):
                self._stand(start)
                self.jit = start.state["jit"]
        while True:
            self._enter(start)
            while not self._over():
                self._epoch()
            if self.best is not None:
                self.best.restore()
            if self.told_to_end or self.now.phase + 1 >= len(self.lengths):
                return Fitted(self.now.history, self.decisions)
            self.now.phase += 1
            self.now.began, start = self.now.epoch, None

    def _plan(self, done: Callable[[float], None]) -> None:
        """Choose how steps are executed, on the first of them."""
        training = self.training
        if self.jit is not None and training.plan == "auto":  # as before an interruption
            training = training.model_copy(update={"plan": Plan(jit=self.jit)})

        def timed(plan: Plan) -> tuple[float, float]:
            self.trainer.follow(plan)
            self._steps(done, self.now.step + 1)
            [first] = self.spent
            self._steps(done, self.now.step + planning.TRIED)
            return max(0.0, first - min(self.spent)), min(self.spent)

        left = (self._most() - self.now.epoch) * self.feed.steps - self.now.step
        plan, decision = planning.choose(self.trainer, self.feed, training, left, timed)
        self.trainer.follow(plan)
        self.jit = plan.jit
        if decision is not None:
            self.decisions.append(decision)
            self.reporter.say(f"{decision.path}: {decision.value} ({decision.reason})")

    def _stand(self, start: Checkpoint) -> None:
        known = start.state["standing"]
        now = Standing(**{**known, "history": list(known["history"])})
        counts = {"epoch": now.epoch, "step": now.step, "phase": now.phase, "began": now.began}
        wrong = {name: value for name, value in counts.items() if type(value) is not int}
        if wrong or min(counts.values()) < 0 or now.phase >= len(self.lengths):
            raise ValueError(f"it stands at {counts}")
        if now.epoch != len(now.history) or now.step >= self.feed.steps:
            raise ValueError(f"it stands at {counts}, after {len(now.history)} epochs of a history")
        self.now = now

    def _over(self) -> bool:
        """Whether the phase is at its end."""
        done = self.now.epoch - self.now.began >= self.lengths[self.now.phase]
        return done or self.told_to_end or (self.best is not None and self.best.waited_enough)

    def _enter(self, start: Checkpoint | None) -> None:
        """Begin a phase, or go on within it."""
        phase = self.now.phase
        if self.phases:
            assert self.compile_ is not None, "phases are compiled one by one"
            enter(
                self.phases[phase], self.phases, self.trainer, self.training, self.feed.steps,
                self.compile_,
            )  # fmt: skip
            self.reporter.say(f"phase {phase + 1} of {len(self.phases)}: {self.phases[phase].why}")
        self.trainer.build_all(self.feed)
        if self.jit is not None:
            self.trainer.follow(Plan(jit=self.jit, steps_per_execution=1))
        schedule = self.training.schedule
        self.schedule = schedule and schedule.follow(self.trainer, self.feed.steps)
        if self.best is not None:
            self.best.begin()
        if start is not None:
            with files.ours("the checkpoint", RunError, "Fit anew."):
                self._restore(start)
            self._restore_listeners(start)
        self._save()

    def _epoch(self) -> None:
        """One epoch, or the rest of one that was interrupted."""
        import keras
        import tensorflow as tf

        now = self.now
        if not now.step:
            if self.schedule is not None:
                self.schedule.step(0)
            # Under a strategy the rate is a variable that float() does not read.
            now.rate = float(keras.ops.convert_to_numpy(self.trainer.optimizer.learning_rate))
        before, started = now.seconds, time.perf_counter()

        def done(loss: float) -> None:
            now.seconds = before + time.perf_counter() - started
            if self.reporter.live or self.stepping:
                examples = min(now.step * self.feed.batch_size, self.feed.rows)
                progress = Progress(
                    now.step, self.feed.steps, now.epoch + 1, self._most(), loss,
                    examples / now.seconds, self.trainer.memory(),
                )  # fmt: skip
                if self.reporter.live:
                    self.reporter.step(*progress)
                for listener in self.stepping:
                    listener.step(progress)
            if self.keeper is not None and now.step < self.feed.steps:
                self.keeper.after_step(self._save)

        try:
            few = self.feed.whole < planning.FEWEST
            if self.unplanned and (few or self.feed.whole - now.step >= planning.FEWEST):
                self._plan(done)
                self.unplanned = False
            if now.step < self.feed.steps:
                self._steps(done)
            figures = self._figures()
        except _LossError as lost:
            raise self._explain(lost) from None
        except tf.errors.ResourceExhaustedError:
            self._take_less()
            return
        seconds = before + time.perf_counter() - started
        self._end({"seconds": round(seconds, 3), "learning_rate": now.rate, **figures})

    def _steps(self, done: Callable[[float], None], last: int | None = None) -> None:
        """The steps of an epoch from where it stands, up to the step `last`.

        Args:
            done: Is given the loss so far, after each step, or several that are one execution.
        """
        from kbuilder.training.trainer import Executions

        now, first = self.now, self.now.step
        self.spent = []
        started = 0.0

        def ahead(step: int) -> None:
            nonlocal started
            started = time.perf_counter()
            if self.schedule is not None:
                self.schedule.step(first + step)

        def after(step: int, loss: float) -> None:
            self.spent.append(time.perf_counter() - started)
            sound, now.step = now.step, first + step
            if not math.isfinite(loss):
                raise _LossError(loss, sound, now.step)
            done(loss)

        singly = self.schedule is not None and self.schedule.each_step
        served = self.trainer.training_rows(now.epoch, first, last or self.feed.steps, singly)
        self.trainer.fit(
            served.rows,
            steps_per_epoch=len(served.sizes),
            shuffle=False,  # they are
            verbose=0,
            callbacks=[Executions(served.sizes, ahead, after)],
        )

    def _figures(self) -> Epoch:
        """Losses and metrics of an epoch whose steps are taken."""
        figures = _numbers(self.trainer.get_metrics_result())
        if self.validation is not None:
            served = self.trainer.validation_rows()
            self.trainer.evaluate(served.rows, steps=len(served.sizes), verbose=0)
            held = _numbers(self.trainer.get_metrics_result())
            figures |= {f"val_{name}": value for name, value in held.items()}
        return figures

    def _explain(self, lost: _LossError) -> TrainingError:
        """Take all steps since the last save again, and look at the first that goes wrong."""
        epoch, history = self.now.epoch, self.now.history
        self.reporter.say(
            f"the loss of epoch {epoch + 1} is {lost.loss}: looking for the step where it began"
        )
        self._restore(self.saved)
        while self.now.epoch < epoch:
            self._steps(lambda loss: None)
            if self.schedule is not None:
                self.schedule.end(history[self.now.epoch])
            self.now.epoch, self.now.step = self.now.epoch + 1, 0
        if self.now.step < lost.sound:
            self._steps(lambda loss: None, lost.sound)
        self.trainer.follow(Plan(jit=self.trainer.plan.jit, steps_per_execution=1))
        for step in range(lost.sound, lost.step):
            before = state.capture(self.trainer)
            try:
                self._steps(lambda loss: None, step + 1)
            except _LossError as found:
                state.restore(self.trainer, before)
                return diagnosis.explain(self.trainer, self.feed, epoch, step, found.loss)
        return diagnosis.unexplained(epoch, lost.loss)

    def _take_less(self) -> None:
        """After running out of memory: smaller parts, from the last save on.

        Raises:
            TrainingError: if a single row is too much, or several devices share the steps.
        """
        devices = self.trainer.distribute_strategy.num_replicas_in_sync
        if devices > 1:
            raise TrainingError(
                f"the part that each of {devices} devices has of {self.feed.batch_size} rows is "
                "too much for its memory. Expected a smaller batch_size, or more devices; on one "
                "device kbuilder takes steps in smaller parts by itself.",
                key=("training", "batch_size"),
            )
        part = self.trainer.divide()
        if not part:
            raise TrainingError(
                "a single row is too much for the memory of the device. Expected a smaller "
                "network, smaller inputs, or more memory.",
                key=("model",),
            )
        if self.validation is not None:
            self.validation.resize(part)
        self._restore(self.saved)
        self._restore_listeners(self.saved)
        self.reporter.say(
            f"out of memory: from epoch {self.now.epoch + 1} on each step of "
            f"{self.feed.batch_size} rows is taken in parts of {part}, whose gradients are added "
            "up. Batch normalization, where there is some, sees the parts"
        )

    def _end(self, figures: Epoch) -> None:
        """Keep the figures of an epoch, judge its weights, tell of it, and save."""
        now = self.now
        now.epoch, now.step, now.seconds = now.epoch + 1, 0, 0.0
        now.history.append({"epoch": now.epoch, **figures})
        if self.schedule is not None:
            self.schedule.end(figures)
        if self.best is not None:
            self.best.end(figures)
        self.reporter.epoch(now.history[-1], self._most())
        for listener in self.listeners:
            if listener.epoch(dict(now.history[-1])):
                self.told_to_end = True
                kind = type(listener).__name__
                self.reporter.say(f"the listener {kind} ends the fit after epoch {now.epoch}")
        if self.keeper is not None:
            last = self.told_to_end or (self._over() and now.phase + 1 == len(self.lengths))
            self.keeper.after_epoch(self._save, now.history, last)

    def _most(self) -> int:
        """Epochs of the whole fit, if it does not stop early."""
        return self.now.began + sum(self.lengths[self.now.phase :])

    def _checkpoint(self) -> Checkpoint:
        """All that this fit needs to go on from here."""
        now = self.now
        arrays = state.capture(self.trainer, metrics=now.step > 0)
        kept: dict[str, Any] = {
            "jit": self.jit,
            "standing": {**vars(now), "history": list(now.history)},
        }
        if self.schedule is not None:
            kept["schedule"] = self.schedule.get_state()
        states = [
            {"listener": type(one).__name__, "state": one.get_state()}
            for one in self.listeners
            if hasattr(one, "get_state")
        ]
        if states:
            kept["listeners"] = states
        if self.best is not None:
            kept["best"] = self.best.get_state()
            arrays |= {f"best/{n:05d}": w for n, w in enumerate(self.best.weights or ())}
        return Checkpoint(now.epoch, now.step, arrays, kept)

    def _save(self) -> Checkpoint:
        """A checkpoint of now, from which the fit can go on itself too."""
        self.saved = self._checkpoint()
        return self.saved

    def _restore(self, start: Checkpoint) -> None:
        """Stand where a checkpoint stood; of the listeners see `_restore_listeners`."""
        self._stand(start)
        state.restore(self.trainer, start.arrays)
        if self.schedule is not None:
            self.schedule.set_state(start.state["schedule"])
        if self.best is not None:
            names = sorted(name for name in start.arrays if name.startswith("best/"))
            weights = [start.arrays[name] for name in names]
            self.best.set_state(start.state["best"], weights or None)

    def _restore_listeners(self, start: Checkpoint) -> None:
        """Give the listeners their states; they are those that the fit began with, in order."""
        known: Sequence[Mapping[str, Any]] = start.state.get("listeners", [])
        keeping = [one for one in self.listeners if hasattr(one, "set_state")]
        now, before = [type(one).__name__ for one in keeping], [one["listener"] for one in known]
        if now != before:
            self.reporter.say(
                f"Warning: the listeners that keep a state are {listed(now) or 'none'}, and were "
                f"{listed(before) or 'none'} before: each begins anew"
            )
            return
        for listener, one in zip(keeping, known, strict=True):
            listener.set_state(one["state"])


def _numbers(figures: Mapping[str, Any]) -> Epoch:
    import keras

    return {name: float(keras.ops.convert_to_numpy(value)) for name, value in figures.items()}
