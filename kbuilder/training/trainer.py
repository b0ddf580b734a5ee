"""The network in training: a `keras.Model` that is given the numbers of rows, and gathers them.

Its steps are its own in three ways: rows may be parts of a step, on one device after another or on
several at once; each part counts by its rows; and several steps may be one call. Keras and
TensorFlow are imported at the top, so that this file is imported where the fit begins.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

from kbuilder.training.feeding import Feed


def averages_first_batch() -> bool:
    """Whether Keras averages the first batch over the devices, only to build the network.

    That fails with several workers, for uneven batches and for strings: keras#20585,
    tensorflow#72388, seen in Keras 3.15.1. `build_all` does what it is for.
    """
    method = getattr(TensorFlowTrainer, "_maybe_symbolic_build", None)
    return method is not None and ".reduce(" in inspect.getsource(method)


class Trainer(keras.Model):
    """A functional network whose `fit` and `evaluate` take rows by their numbers.

    The rows are one tensor per input and target. On one device a step gathers those that it needs,
    inside the compiled function; on several each gathers its own beforehand. `feed` says which.
    """

    train_function: Any
    test_function: Any
    _part: int | None = None
    _left = 0  # steps until the rows that were handed out last are at their end

    def feed(self, train: Feed, validation: Feed | None) -> None:
        """Hold the rows that `fit` and `evaluate` take."""
        self._rows = _Held(train, validation, self.distribute_strategy)

    def build_all(self, feed: Feed) -> None:
        """Make every variable: of the optimizer, the losses and the metrics too."""
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=feed.example())

    if averages_first_batch():

        def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
            """Do nothing: `build_all` has."""

    def training_rows(self, epoch: int, first: int, last: int | None) -> Any:
        """What `fit` takes: the steps of an epoch from `first` up to `last`."""
        return self._steps(self._rows.train, epoch, first, last or self._rows.train.steps)

    def validation_rows(self) -> Any:
        """What `evaluate` takes."""
        assert self._rows.validation is not None
        return self._steps(self._rows.validation, 0, 0, self._rows.validation.steps)

    def _steps(self, feed: Feed, epoch: int, first: int, last: int) -> Any:
        self._left = last - first
        return self._rows.dataset(feed, epoch, first, last)

    def divide(self) -> int:
        """Take steps in parts of half as many rows as now, to need less memory.

        The gradients of the parts are added up. Returns the rows of a part; 0: there are none.
        """
        self._part = (self._part or self._rows.train.batch_size) // 2
        if self._part:
            self.make_train_function(force=True)
        return self._part

    def one_by_one(self) -> None:
        """Take one step per execution from now on."""
        self.steps_per_execution = 1
        self.make_train_function(force=True)

    def make_train_function(self, force: bool = False) -> None:
        """Compile `train_step`. The function gives the mean loss of the epoch so far."""
        if self.train_function is None or force:
            self.train_function = self._function(self.train_step)

    def make_test_function(self, force: bool = False) -> None:
        """Compile `test_step`, as `make_train_function` does."""
        if self.test_function is None or force:
            self.test_function = self._function(self.test_step)

    def _function(self, step: Callable[[Any], tf.Tensor]) -> Callable[[Any], dict[str, tf.Tensor]]:
        """A function of an iterator that takes one step, or several.

        Keras's own function averages what each device gives along an axis that a number lacks
        (the issues above). Here it is the loss that the first of them has seen; the figures of an
        epoch are read from the variables of the metrics, and are exact.
        """
        strategy = self.distribute_strategy

        def one(iterator: Any) -> tf.Tensor:
            seen = strategy.run(step, args=(next(iterator),))
            return strategy.experimental_local_results(seen)[0]

        def some(iterator: Any, count: tf.Tensor) -> tf.Tensor:
            return tf.while_loop(
                lambda done, _: done < count,
                lambda done, _: (done + 1, one(iterator)),
                [0, tf.constant(0.0)],
            )[1]

        compiled = tf.function(
            one if self.steps_per_execution == 1 else some, reduce_retracing=True, autograph=False
        )

        def function(iterator: Any) -> dict[str, tf.Tensor]:
            count = min(self.steps_per_execution, self._left)
            self._left -= count
            given = () if self.steps_per_execution == 1 else (tf.constant(count),)
            return {"loss": compiled(iterator, *given)}

        return function

    def train_step(self, data: Any) -> tf.Tensor:
        """One step; returns the mean loss of the epoch so far."""
        weights = self.trainable_weights
        if self._part is None:
            some, whole = self._rows.gathered(self._rows.train, data)
            gradients = self._gradients(some, whole)
        else:
            gradients = self._gradients_of_parts(data)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self._loss_tracker.result()

    def test_step(self, data: Any) -> tf.Tensor:
        """Look at one batch; returns the mean loss so far."""
        assert self._rows.validation is not None
        (x, y), _ = self._rows.gathered(self._rows.validation, data)
        answers = self(x, training=False)
        loss = self.compute_loss(x, y, answers, training=False)
        self._note(x, y, answers, None, loss)
        return self._loss_tracker.result()

    def _gradients(self, some: Any, whole: tf.Tensor | None) -> list[Any]:
        """The gradients of some rows of a step that has `whole` rows; None: these are all."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(some)
        with tf.GradientTape() as tape:
            answers = self(x, training=True)
            loss = self.compute_loss(x, y, answers, weights)
            # Keras has divided the loss by the number of devices, and by the rows that are here.
            share = loss if whole is None else loss * self._share(x, whole)
            scaled = self.optimizer.scale_loss(share)
        self._note(x, y, answers, weights, loss)
        return list(tape.gradient(scaled, [weight.value for weight in self.trainable_weights]))

    def _share(self, x: Any, whole: tf.Tensor) -> tf.Tensor:
        """What part of a step some rows are, times the number of devices."""
        devices = self.distribute_strategy.num_replicas_in_sync
        return tf.cast(_count(x) * devices, "float32") / tf.cast(whole, "float32")

    def _note(self, x: Any, y: Any, answers: Any, weights: Any, loss: tf.Tensor) -> None:
        """Add to the loss and the metrics of the epoch."""
        count = _count(x)
        loss = loss * self.distribute_strategy.num_replicas_in_sync
        self._loss_tracker.update_state(tf.where(count > 0, loss, 0.0), sample_weight=count)
        self.compute_metrics(x, y, answers, weights)

    def _gradients_of_parts(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """The gradients of a step, added up from those of its parts."""
        weights = [weight.value for weight in self.trainable_weights]
        count = tf.shape(rows)[0]

        def part(first: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
            end = tf.minimum(first + self._part, count)
            some, _ = self._rows.gathered(self._rows.train, rows[first:end])
            added = zip(sums, self._gradients(some, count), strict=True)
            return end, *(a if b is None else a + b for a, b in added)

        _, *gradients = tf.while_loop(
            lambda first, *_: first < count, part, [0, *map(tf.zeros_like, weights)]
        )
        return gradients


def _count(x: Any) -> tf.Tensor:
    return tf.shape(keras.tree.flatten(x)[0])[0]


class _Held:
    """Rows as tensors. Not a dictionary, which Keras would wrap and track as an attribute."""

    def __init__(self, train: Feed, validation: Feed | None, strategy: Any) -> None:
        self.train = train
        self.validation = validation
        self.strategy = strategy
        self.devices = strategy.num_replicas_in_sync
        self.alone = self.devices == 1
        feeds = [feed for feed in (train, validation) if feed is not None]
        with tf.device("CPU") if not self.alone else tf.init_scope():
            self.tensors = {
                id(feed): keras.tree.map_structure(tf.constant, feed.arrays) for feed in feeds
            }

    def take(self, feed: Feed, rows: tf.Tensor) -> Any:
        """The rows of a feed by their numbers."""
        return keras.tree.map_structure(lambda held: tf.gather(held, rows), self.tensors[id(feed)])

    def gathered(self, feed: Feed, data: Any) -> tuple[Any, tf.Tensor | None]:
        """The rows that a step was given, and how many the whole step has; None: all are here."""
        return (self.take(feed, data), None) if self.alone else data

    def dataset(self, feed: Feed, epoch: int, first: int, last: int) -> Any:
        """The numbers of the rows step by step; on several devices, each device's rows."""
        order = feed.order(epoch)[first * feed.batch_size : last * feed.batch_size]
        if self.alone:
            return tf.data.Dataset.from_tensor_slices(order).batch(feed.batch_size)
        bounds = feed.bounds(len(order), self.devices)

        def made(context: tf.distribute.InputContext) -> tf.data.Dataset:
            here = self.devices // context.num_input_pipelines
            mine = here * context.input_pipeline_id
            parts = bounds[:, mine : mine + here].reshape(-1, 3)

            def gather(part: tf.Tensor) -> Any:
                return self.take(feed, tf.constant(order)[part[0] : part[1]]), part[2]

            # Without an end: past it, a step without rows would still count in the metrics.
            return tf.data.Dataset.from_tensor_slices(parts).map(gather).repeat().prefetch(2)

        return self.strategy.distribute_datasets_from_function(made)


class Steps(keras.callbacks.Callback):
    """Calls `begin` as the metrics have been reset, `before` and `after` around each execution.

    Args:
        before: Is given the number of the step, from 0, that comes next.
        after: Is given the number of steps that are done, and the loss so far.
    """

    def __init__(
        self,
        begin: Callable[[], None],
        before: Callable[[int], None],
        after: Callable[[int, Mapping[str, float]], None],
    ) -> None:
        super().__init__()
        self.begin = begin
        self.before = before
        self.after = after

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begin()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.before(batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.after(batch + 1, logs)
