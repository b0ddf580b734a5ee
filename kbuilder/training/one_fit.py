"""One fit under way: phases of epochs of steps, each of which can be resumed from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kbuilder import files
from kbuilder.contracts import Decision, Phase, Progress
from kbuilder.errors import RunError, TrainingError
from kbuilder.recipe.training import Plan, Training
from kbuilder.runs.checkpoints import Checkpoint
from kbuilder.spec import learned
from kbuilder.training import diagnosis, phases, planning, state
from kbuilder.training.ending import Cause, Ending, ending
from kbuilder.training.feeding import Feed
from kbuilder.training.following import Following
from kbuilder.training.phases import epochs_of
from kbuilder.training.standing import Epoch, Standing


class Fitted(NamedTuple):
    """What a fit gives, beside the weights."""

    history: list[Epoch]
    decisions: list[Decision]
    ending: Ending


class LossError(Exception):
    """The loss is not finite since a step after `sound` steps, and before `step`."""

    def __init__(self, loss: float, sound: int, step: int) -> None:
        super().__init__(loss)
        self.loss = loss
        self.sound = sound
        self.step = step


class OneFit:
    """One fit under way: phases of epochs of steps, each of which can be resumed from."""

    def __init__(
        self,
        trainer: Any,
        training: Training,
        feed: Feed,
        validation: Feed | None,
        following: Following,
        phases: Sequence[Phase],
        compile_: Callable[[Any], None] | None,
        start: Checkpoint | None,
    ) -> None:
        self.trainer = trainer
        self.training = training
        self.feed = feed
        self.validation = validation
        self.following = following
        self.say = following.say
        self.phases = phases
        self.compile_ = compile_
        self.start = start
        self.lengths = [epochs_of(phase, training) for phase in phases]
        self.lengths = self.lengths or [learned(training.epochs)]
        self.schedule: Any = None
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
            self.following.lost()
            raise diagnosis.lost_worker(error) from None

    def _through(self) -> Fitted:
        self.trainer.feed(self.feed, self.validation)
        start = self.start
        if start is not None:
            with files.ours("the checkpoint", RunError, "Fit anew."):
                self._stand(start)
                self.jit = start.state["jit"]
        while True:
            self._enter(start)
            while not self._over():
                self._epoch()
            self.following.end()
            if self.following.ended or self.now.phase + 1 >= len(self.lengths):
                return Fitted(self.now.history, self.decisions, self._ending())
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

        left = (self.epochs - self.now.epoch) * self.feed.steps - self.now.step
        plan, decision = planning.choose(self.trainer, self.feed, training, left, timed)
        self.trainer.follow(plan)
        self.jit = plan.jit
        if decision is not None:
            self.decisions.append(decision)
            self.say(f"{decision.path}: {decision.value} ({decision.reason})")

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
        return done or self.following.over

    def _ending(self) -> Ending:
        """How it ended."""
        whole = self.now.epoch - self.now.began >= self.lengths[self.now.phase]
        cause: Cause = "listener"
        if not self.following.ended:
            cause = "epochs" if whole else "early stopping"
        stopping, feed = self.training.early_stopping, self.feed
        return ending(cause, self.now.history, self.epochs, stopping, feed.rows, feed.batch_size)

    def _enter(self, start: Checkpoint | None) -> None:
        """Begin a phase, or resume within it."""
        phase = self.now.phase
        if self.phases:
            assert self.compile_ is not None, "phases are compiled one by one"
            phases.enter(
                self.phases[phase], self.phases, self.trainer, self.training, self.feed.steps,
                self.compile_,
            )  # fmt: skip
            self.say(f"phase {phase + 1} of {len(self.phases)}: {self.phases[phase].why}")
        self.trainer.build_all(self.feed)
        if self.jit is not None:
            self.trainer.follow(Plan(jit=self.jit, steps_per_execution=1))
        schedule = self.training.schedule
        self.schedule = schedule and schedule.follow(self.trainer, self.feed.steps)
        self.following.begin(self)
        if start is not None:
            with files.ours("the checkpoint", RunError, "Fit anew."):
                self._restore(start)
            self._restore_listeners(start)
        self.checkpoint()

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
            if self.following.stepping:
                examples = min(now.step * self.feed.batch_size, self.feed.rows)
                self.following.step(Progress(
                    now.step, self.feed.steps, now.epoch + 1, self.epochs, loss,
                    examples / now.seconds, self.trainer.memory(),
                ))  # fmt: skip

        try:
            few = self.feed.whole < planning.FEWEST
            if self.unplanned and (few or self.feed.whole - now.step >= planning.FEWEST):
                self._plan(done)
                self.unplanned = False
            if now.step < self.feed.steps:
                self._steps(done)
            figures = self._figures()
        except LossError as lost:
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
        from kbuilder.training.held import Executions

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
                raise LossError(loss, sound, now.step)
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

    def _explain(self, lost: LossError) -> TrainingError:
        """Take all steps since the last save again, and look at the first that goes wrong."""
        epoch, history = self.now.epoch, self.now.history
        self.say(
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
            except LossError as found:
                state.restore(self.trainer, before)
                return diagnosis.explain(self.trainer, self.feed, epoch, step, found.loss)
        return diagnosis.unexplained(epoch, lost.loss)

    def _take_less(self) -> None:
        """After running out of memory: steps in micro-batches, from the last save on.

        Raises:
            TrainingError: if a single row is too much, or several devices share the steps.
        """
        devices = self.trainer.distribute_strategy.num_replicas_in_sync
        if devices > 1:
            raise TrainingError(
                f"the share that each of {devices} devices has of {self.feed.batch_size} rows is "
                "too much for its memory. Expected a smaller batch_size, or more devices; on one "
                "device kbuilder takes steps in micro-batches by itself.",
                key=("training", "batch_size"),
            )
        size = self.trainer.divide()
        if not size:
            raise TrainingError(
                "a single row is too much for the memory of the device. Expected a smaller "
                "network, smaller inputs, or more memory.",
                key=("model",),
            )
        if self.validation is not None:
            self.validation.resize(size)
        self._restore(self.saved)
        self._restore_listeners(self.saved)
        self.say(
            f"out of memory: from epoch {self.now.epoch + 1} on each step of "
            f"{self.feed.batch_size} rows is taken in micro-batches of {size}, whose gradients "
            "are added up. Batch normalization, where there is some, sees the micro-batches"
        )

    def _end(self, figures: Epoch) -> None:
        """Keep the figures of an epoch, judge its weights, tell of it, and save."""
        now = self.now
        now.epoch, now.step, now.seconds = now.epoch + 1, 0, 0.0
        now.history.append({"epoch": now.epoch, **figures})
        if self.schedule is not None:
            self.schedule.end(figures)
        self.following.epoch(now.history[-1])

    @property
    def model(self) -> Any:
        """As `contracts.Fit`, as the next four."""
        return self.trainer

    @property
    def epochs(self) -> int:
        return self.now.began + sum(self.lengths[self.now.phase :])

    @property
    def steps(self) -> int:
        return self.feed.steps

    @property
    def history(self) -> Sequence[Epoch]:
        return self.now.history

    @property
    def last(self) -> bool:
        final = self.now.phase + 1 == len(self.lengths)
        return self.following.ended or (self._over() and final)

    def checkpoint(self) -> Checkpoint:
        """All that is needed to resume from here, which the fit itself does after a fault, too."""
        self.saved = self._checkpoint()
        return self.saved

    def _checkpoint(self) -> Checkpoint:
        """All that this fit needs to resume from here."""
        now = self.now
        arrays = state.capture(self.trainer, metrics=now.step > 0)
        kept: dict[str, Any] = {
            "jit": self.jit,
            "standing": {**vars(now), "history": list(now.history)},
        }
        if self.schedule is not None:
            kept["schedule"] = self.schedule.get_state()
        kept["listeners"] = self.following.get_state()
        arrays |= self.following.get_arrays()
        return Checkpoint(now.epoch, now.step, arrays, kept)

    def _restore(self, start: Checkpoint) -> None:
        """Stand where a checkpoint stood; of the listeners see `_restore_listeners`."""
        self._stand(start)
        state.restore(self.trainer, start.arrays)
        if self.schedule is not None:
            self.schedule.set_state(start.state["schedule"])

    def _restore_listeners(self, start: Checkpoint) -> None:
        """Give the listeners what was kept of them."""
        self.following.set_state(start.state.get("listeners", []), start.arrays)


def _numbers(figures: Mapping[str, Any]) -> Epoch:
    import keras

    return {name: float(keras.ops.convert_to_numpy(value)) for name, value in figures.items()}
