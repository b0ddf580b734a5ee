"""The network in training: a `keras.Model` that is given the numbers of rows, and gathers them.

Its steps are its own in three ways: a step may be shared, among micro-batches one after another or
among devices; each share counts by its rows; and several steps may be one call. Keras and
TensorFlow are imported at the top, so that this file is imported where the fit begins.
"""

from __future__ import annotations

import inspect
import math
import resource
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import keras
import tensorflow as tf

from kbuilder import internals
from kbuilder.recipe.training import Plan
from kbuilder.training.feeding import Feed
from kbuilder.training.held import Dealt, Held, Served
from kbuilder.training.tracing import faster_on_cpu

ENOUGH = 50
"""Steps of an epoch from which those of a whole batch are worth a trace of their own."""


def averages_first_batch() -> bool:
    """Whether Keras averages the first batch over the devices, only to build the network.

    That fails with several workers, for uneven batches and for strings: keras#20585,
    tensorflow#72388, seen in Keras 3.15.1. `build_all` does what it is for.
    """
    method = internals.symbolic_build()
    return method is not None and ".reduce(" in inspect.getsource(method)


class Trainer(keras.Model):
    """A functional network whose `fit` and `evaluate` take rows by their numbers.

    The rows are one tensor per input and target. On one device a step gathers those that it needs,
    inside the compiled function; on several each gathers its own beforehand. `feed` says which.
    """

    train_function: Any
    test_function: Any
    plan = Plan(jit=False, steps_per_execution=1)
    _micro_batch: int | None = None
    _goes_on = False

    def feed(self, train: Feed, validation: Feed | None) -> None:
        """Hold the rows that `fit` and `evaluate` take."""
        self.steps_per_execution = 1  # to Keras: several steps are one block of rows here
        self._rows = Held(train, validation, self.distribute_strategy)

    def build_all(self, feed: Feed) -> None:
        """Make every variable: of the optimizer, the losses and the metrics too."""
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=feed.example())
            means = self._compile_loss.metrics
            means[:] = [x if isinstance(x, _MeanOfRows) else _MeanOfRows(x.name) for x in means]

    if averages_first_batch():

        def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
            """Do nothing: `build_all` has."""

    @property
    def on_cpu(self) -> bool:
        """Whether there is no GPU."""
        return self._rows.on_cpu

    def memory(self) -> int:
        """Bytes in use: the most of the first GPU so far, or of this process without one."""
        if self.on_cpu:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])

    def training_rows(self, epoch: int, first: int, last: int, singly: bool = False) -> Served:
        """What `fit` takes: the steps of an epoch from `first` up to `last`, each a call or not."""
        at_once = 1 if singly else self._at_once()
        self._goes_on = first > 0
        return self._rows.serve(self._rows.train, epoch, first, last, at_once)

    def validation_rows(self) -> Served:
        """What `evaluate` takes."""
        held = self._rows.validation
        assert held is not None
        self._goes_on = False
        return self._rows.serve(held, 0, 0, held.steps, self._at_once())

    def reset_metrics(self) -> None:
        """Set the metrics to zero, as `fit` and `evaluate` begin, but not within an epoch."""
        if not self._goes_on:
            super().reset_metrics()

    def _at_once(self) -> int:
        return self.plan.steps_per_execution or 1

    def follow(self, plan: Plan) -> None:
        """Take steps as a plan says, from the next on."""
        again = plan.jit != self.plan.jit
        self.plan = plan
        if again:
            self.make_train_function(force=True)

    def divide(self) -> int:
        """Take steps in micro-batches of half as many rows as now, to need less memory.

        Their gradients are added up. Returns the rows of a micro-batch; 0: there are none.
        """
        self._micro_batch = (self._micro_batch or self._rows.train.batch_size) // 2
        if self._micro_batch:
            self.make_train_function(force=True)
        return self._micro_batch

    def make_train_function(self, force: bool = False) -> None:
        """Compile `train_step`. The function gives the mean loss of the epoch so far."""
        if self.train_function is None or force:
            train = self._rows.train
            known = self.plan.jit or train.steps >= ENOUGH
            size = train.batch_size if known else None
            self.train_function = self._function(self.train_step, size)

    def make_test_function(self, force: bool = False) -> None:
        """Compile `test_step`, as `make_train_function` does."""
        if self.test_function is None or force:
            self.test_function = self._function(self.test_step)

    def _function(
        self, step: Callable[[Any], tf.Tensor], size: int | None = None
    ) -> Callable[[Any], dict[str, tf.Tensor]]:
        """A function of an iterator that takes one step, or several.

        Steps of `size` rows have a function of their own, and others, such as the partial one at
        the end, another: with a size that is known they are up to a fifth faster, with another
        trace. Without `size`, as in evaluation and where an epoch has few steps, there is one
        function for all.

        Keras's own function averages what each device gives along an axis that a number lacks
        (the issues above). In training it is the same on all; in evaluation it is what the first of
        them has seen, and the figures are read from the variables of the metrics.
        """
        strategy = self.distribute_strategy

        def shared(iterator: Any) -> tf.Tensor:
            seen = strategy.run(step, args=(next(iterator),))
            return strategy.experimental_local_results(seen)[0]

        def several(block: tf.Tensor) -> tf.Tensor:
            """Steps on the rows of a block (steps, batch)."""
            return tf.while_loop(
                lambda done, _: done < tf.shape(block)[0],
                lambda done, _: (done + 1, step(block[done])),
                [0, tf.constant(0.0)],
                parallel_iterations=1,
            )[1]

        if not self._rows.alone:
            compiled = tf.function(shared, autograph=False)
            return lambda iterator: {"loss": compiled(iterator)}
        full = [tf.TensorSpec((None, size), tf.int32)]
        of_full = tf.function(several, autograph=False, input_signature=full)
        short = [tf.TensorSpec((None, None), tf.int32)]
        of_short = tf.function(several, autograph=False, input_signature=short)

        def function(iterator: Any) -> dict[str, tf.Tensor]:
            block = next(iterator)
            return {"loss": (of_full if block.shape[1] == size else of_short)(block)}

        return function

    def train_step(self, data: Any) -> tf.Tensor:
        """One step; returns the mean loss of the epoch so far."""
        if self._micro_batch is not None:
            self._apply(self._gradients_of_micro_batches(data))
            return self._so_far()
        dealt = self._rows.gathered(self._rows.train, data)
        if self.plan.jit and dealt.step is None and data.shape[0] == self._rows.train.batch_size:
            self._compiled(dealt.rows)
        else:
            self._apply(self._gradients(dealt))
        return self._so_far()

    def _so_far(self) -> tf.Tensor:
        """The mean loss of the epoch so far; of all devices, so that all workers see it alike."""
        tracker = self._loss_tracker
        if self._rows.alone:
            return tracker.result()
        own = [tf.identity(tracker.total), tf.identity(tracker.count)]
        together = tf.distribute.get_replica_context()
        total, count = together.all_reduce(tf.distribute.ReduceOp.SUM, own)
        return total / count

    def _compiled(self, some: Any) -> None:
        """A whole step by XLA, which is given the rows: it gathers slowly itself."""

        def step(some: Any) -> None:
            with faster_on_cpu() if self._rows.on_cpu else nullcontext():
                self._apply(self._gradients(Dealt(some)))

        tf.function(step, jit_compile=True, autograph=False)(some)

    def _apply(self, gradients: list[Any]) -> None:
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))

    def test_step(self, data: Any) -> tf.Tensor:
        """Look at one batch; returns the mean loss so far."""
        assert self._rows.validation is not None
        dealt = self._rows.gathered(self._rows.validation, data)
        x, y, weights, _ = _taken_apart(dealt.rows)
        answers = self(x, training=False)
        loss = self.compute_loss(x, y, answers, weights, training=False, counts=dealt.counts)
        self._note(dealt, answers, loss)
        return self._loss_tracker.result()

    def compute_loss(
        self, x: Any, *given: Any, counts: tf.Tensor | None = None, **named: Any
    ) -> tf.Tensor:
        """The loss; those of the outputs, where there are several, are noted beside it."""
        for mean in self._compile_loss.metrics:
            mean.rows = _count(x) if counts is None else counts
        return super().compute_loss(x, *given, **named)

    def _gradients(self, dealt: Dealt) -> list[Any]:
        """The gradients of what is here of a step."""
        x, y, weights, _ = _taken_apart(dealt.rows)
        with tf.GradientTape() as tape:
            answers = self(x, training=True)
            loss = self.compute_loss(x, y, answers, weights, counts=dealt.counts)
            # Keras has divided the loss by the number of devices, and by the rows that are here.
            share = loss if dealt.step is None else loss * self._share(dealt)
            scaled = self.optimizer.scale_loss(share)
        gradients = tape.gradient(scaled, [weight.value for weight in self.trainable_weights])
        self._note(dealt, answers, self._sound(loss, gradients))
        return list(gradients)

    def _share(self, dealt: Dealt) -> tf.Tensor:
        """What share of a step counts here, times the number of devices."""
        devices = self.distribute_strategy.num_replicas_in_sync
        counts = _count(dealt.rows) if dealt.counts is None else dealt.counts
        return tf.cast(counts * devices, "float32") / tf.cast(dealt.step, "float32")

    def _sound(self, loss: tf.Tensor, gradients: list[Any]) -> tf.Tensor:
        """The loss, or NaN where the norm of its gradient is not finite.

        A loss may be finite where what led to it was not: some kernels make 0 of NaN.
        """
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):  # it skips such steps
            return loss
        there = [gradient for gradient in gradients if gradient is not None]
        finite = tf.math.is_finite(tf.linalg.global_norm(there))
        return tf.where(tf.logical_or(finite, ~tf.math.is_finite(loss)), loss, math.nan)

    def _note(self, dealt: Dealt, answers: Any, loss: tf.Tensor) -> None:
        """Add to the loss and the metrics of the epoch what counts here."""
        x, y, _, weights = _taken_apart(dealt.rows)
        counts = dealt.counts
        loss = loss * self.distribute_strategy.num_replicas_in_sync
        self._loss_tracker.update_state(loss, sample_weight=_count(x) if counts is None else counts)
        if counts is not None:
            y, answers, weights = keras.tree.map_structure(
                lambda values: None if values is None else values[:counts], (y, answers, weights)
            )
        self.compute_metrics(x, y, answers, weights)

    def _gradients_of_micro_batches(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """The gradients of a step, added up from those of its micro-batches."""
        weights = [weight.value for weight in self.trainable_weights]
        count = tf.shape(rows)[0]

        def micro_batch(first: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
            end = tf.minimum(first + self._micro_batch, count)
            some = self._rows.take(self._rows.train, rows[first:end])
            added = zip(sums, self._gradients(Dealt(some, step=count)), strict=True)
            return end, *(a if b is None else a + b for a, b in added)

        _, *gradients = tf.while_loop(
            lambda first, *_: first < count, micro_batch, [0, *map(tf.zeros_like, weights)]
        )
        return gradients


def _taken_apart(rows: Any) -> tuple[Any, Any, Any, Any]:
    """Inputs and targets, and what each row counts in the loss and in the metrics."""
    x, y, *weights = rows
    return x, y, weights[0] if weights else None, weights[-1] if weights else None


def _count(x: Any) -> tf.Tensor:
    return tf.shape(keras.tree.flatten(x)[0])[0]


class _MeanOfRows(keras.metrics.Mean):
    """The mean loss of one output of several. Keras's own counts a share of a row as any other."""

    rows: Any = 1

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        super().update_state(values, sample_weight=self.rows)
