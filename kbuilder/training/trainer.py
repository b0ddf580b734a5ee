"""The network in training: a `keras.Model` that is given the numbers of rows, and gathers them.

Keras and TensorFlow are imported at the top, so that this file is imported where the fit begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from kbuilder.training.feeding import Feed


class Trainer(keras.Model):
    """A functional network whose `fit` and `evaluate` take rows by their numbers.

    The rows are one tensor per input and target; a step gathers those that it needs, inside the
    compiled function. `feed` says which rows.
    """

    _part: int | None = None

    def feed(self, train: Feed, validation: Feed | None) -> None:
        """Hold the rows that `fit` and `evaluate` take."""
        self._resident = _Resident(train, validation)

    def build_all(self, feed: Feed) -> None:
        """Make every variable: of the optimizer, the losses and the metrics too."""
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=feed.example())

    def divide(self) -> int:
        """Take steps in parts of half as many rows as now, to need less memory.

        The gradients of the parts are added up. Returns the rows of a part; 0: there are none.
        """
        self._part = (self._part or self._resident.batch_size) // 2
        if self._part:
            self.make_train_function(force=True)
        return self._part

    def one_by_one(self) -> None:
        """Take one step per execution from now on."""
        self.steps_per_execution = 1
        self.make_train_function(force=True)

    def train_step(self, data: Any) -> Any:
        if self._part is not None:
            return self._step_in_parts(data)
        return super().train_step(self._resident.train(data))

    def _step_in_parts(self, rows: tf.Tensor) -> Any:
        """One step of the optimizer, from the gradients of parts weighed by their rows."""
        count, weights = tf.shape(rows)[0], self.trainable_weights

        def part(first: tf.Tensor, *gradients: tf.Tensor) -> tuple[tf.Tensor, ...]:
            some = rows[first : first + self._part]
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(self._resident.train(some))
            with tf.GradientTape() as tape:
                answers = self(x, training=True)
                loss = self.compute_loss(x, y, answers, sample_weight)
                share = tf.cast(tf.size(some), loss.dtype) / tf.cast(count, loss.dtype)
                weighed = self.optimizer.scale_loss(loss * share)
            self._loss_tracker.update_state(loss, sample_weight=tf.size(some))
            self.compute_metrics(x, y, answers, sample_weight)
            added = zip(gradients, tape.gradient(weighed, [w.value for w in weights]), strict=True)
            return first + self._part, *(a if b is None else a + b for a, b in added)

        _, *gradients = tf.while_loop(
            lambda first, *_: first < count, part, [0, *(tf.zeros_like(w.value) for w in weights)]
        )
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return self.get_metrics_result()

    def test_step(self, data: Any) -> Any:
        assert self._resident.validation is not None
        return super().test_step(self._resident.validation(data))


class _Resident:
    """Rows as tensors. Not a dictionary, which Keras would wrap and track as an attribute."""

    def __init__(self, train: Feed, validation: Feed | None) -> None:
        self.batch_size = train.batch_size
        self.train = gatherer(train)
        self.validation = gatherer(validation) if validation is not None else None


def gatherer(feed: Feed) -> Callable[[Any], Any]:
    """A function from the numbers of rows (batch,) to the rows."""
    tensors = keras.tree.map_structure(tf.constant, feed.arrays)
    return lambda rows: keras.tree.map_structure(lambda values: tf.gather(values, rows), tensors)


def dataset(feed: Feed, epoch: int = 0, first: int = 0, last: int | None = None) -> tf.data.Dataset:
    """The numbers of the rows of an epoch, step by step: the steps from `first` up to `last`."""
    end = None if last is None else last * feed.batch_size
    order = feed.order(epoch)[first * feed.batch_size : end]
    return tf.data.Dataset.from_tensor_slices(order).batch(feed.batch_size)


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
        after: Callable[[int, Any], None],
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
