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

    def feed(self, train: Feed, validation: Feed | None) -> None:
        """Hold the rows that `fit` and `evaluate` take."""
        self._resident = _Resident(train, validation)

    def build_all(self, feed: Feed) -> None:
        """Make every variable: of the optimizer, the losses and the metrics too."""
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=feed.example())

    def train_step(self, data: Any) -> Any:
        return super().train_step(self._resident.train(data))

    def test_step(self, data: Any) -> Any:
        assert self._resident.validation is not None
        return super().test_step(self._resident.validation(data))


class _Resident:
    """Rows as tensors. Not a dictionary, which Keras would wrap and track as an attribute."""

    def __init__(self, train: Feed, validation: Feed | None) -> None:
        self.train = gatherer(train)
        self.validation = gatherer(validation) if validation is not None else None


def gatherer(feed: Feed) -> Callable[[Any], Any]:
    """A function from the numbers of rows (batch,) to the rows."""
    tensors = keras.tree.map_structure(tf.constant, feed.arrays)
    return lambda rows: keras.tree.map_structure(lambda values: tf.gather(values, rows), tensors)


def dataset(feed: Feed, epoch: int = 0, first: int = 0) -> tf.data.Dataset:
    """The numbers of the rows of an epoch, step by step, from the step `first` on."""
    order = feed.order(epoch)[first * feed.batch_size :]
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
