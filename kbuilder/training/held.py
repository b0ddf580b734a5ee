"""The rows of a fit as tensors, and the steps that are served from them.

Keras and TensorFlow are imported at the top, as in `trainer.py`, whose other half this is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kbuilder import room
from kbuilder.training.feeding import Feed


class Dealt(NamedTuple):
    """What a device has of a step.

    Args:
        rows: Inputs and targets, and the weights of `Feed`, as there are.
        counts: How many of the rows, from the first, count here; None: all.
        step: How many rows the step has; None: as many.
    """

    rows: Any
    counts: tf.Tensor | None = None
    step: tf.Tensor | None = None


class Served(NamedTuple):
    """Steps to take.

    Args:
        rows: What `fit` and `evaluate` take.
        sizes: How many steps each execution has.
    """

    rows: Any
    sizes: Sequence[int]


class Held:
    """Rows as tensors. Not a dictionary, which Keras would wrap and track as an attribute."""

    def __init__(self, train: Feed, validation: Feed | None, strategy: Any) -> None:
        self.train = train
        self.validation = validation
        self.strategy = strategy
        self.devices = strategy.num_replicas_in_sync
        self.alone = self.devices == 1
        self.on_cpu = not tf.config.list_physical_devices("GPU")
        feeds = [feed for feed in (train, validation) if feed is not None]
        with tf.device("CPU") if not self.alone else tf.init_scope():
            self.tensors = {
                id(feed): keras.tree.map_structure(self._tensor, feed.arrays) for feed in feeds
            }

    def _tensor(self, values: np.ndarray) -> tf.Tensor:
        """Rows as a tensor: the very memory, which nobody writes to, where they can stay there."""
        if self.on_cpu and room.aligned(values):
            return tf.experimental.dlpack.from_dlpack(np.asarray(values).__dlpack__())
        return tf.constant(values)

    def take(self, feed: Feed, rows: tf.Tensor) -> Any:
        """The rows of a feed by their numbers."""
        return keras.tree.map_structure(lambda held: tf.gather(held, rows), self.tensors[id(feed)])

    def gathered(self, feed: Feed, data: Any) -> Dealt:
        """What this device has of a step: of one alone, the rows of these numbers."""
        return Dealt(self.take(feed, data)) if self.alone else Dealt(*data)

    def serve(self, feed: Feed, epoch: int, first: int, last: int, at_once: int) -> Served:
        """The steps of an epoch from `first` up to `last`, so many at once."""
        order = feed.order(epoch)[first * feed.batch_size : last * feed.batch_size]
        if not self.alone:
            return Served(self._shared(feed, order), [1] * (last - first))
        whole = len(order) // feed.batch_size * feed.batch_size
        steps = order[:whole].reshape(-1, feed.batch_size)
        cut = len(steps) - len(steps) % at_once
        blocks = [steps[:cut].reshape(-1, at_once, feed.batch_size), steps[None, cut:]]
        blocks.append(order[None, None, whole:])
        rows = [tf.data.Dataset.from_tensor_slices(block) for block in blocks if block.size]
        sizes = [block.shape[1] for block in blocks if block.size for _ in range(len(block))]
        return Served(reduce(lambda a, b: a.concatenate(b), rows), sizes)

    def _shared(self, feed: Feed, order: np.ndarray) -> Any:
        """Each device's rows of each step, gathered beforehand, and how many the step has."""
        bounds = feed.bounds(len(order), self.devices)

        def made(context: tf.distribute.InputContext) -> tf.data.Dataset:
            here = self.devices // context.num_input_pipelines
            mine = here * context.input_pipeline_id
            shares = bounds[:, mine : mine + here].reshape(-1, 4)

            def gather(share: tf.Tensor) -> Any:
                rows = self.take(feed, tf.constant(order)[share[0] : share[1]])
                return rows, tf.cast(share[2], tf.int32), tf.cast(share[3], tf.int32)

            # Without an end: past it, a step without rows would still count in the metrics.
            return tf.data.Dataset.from_tensor_slices(shares).map(gather).repeat().prefetch(2)

        return self.strategy.distribute_datasets_from_function(made)


class Executions(keras.callbacks.Callback):
    """Calls `before` and `after` around each execution.

    Args:
        sizes: How many steps each execution has.
        before: Is given the number of the step, from 0, that comes next.
        after: Is given the number of steps that are done, and the mean loss so far.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        before: Callable[[int], None],
        after: Callable[[int, float], None],
    ) -> None:
        super().__init__()
        self.ends = np.cumsum([0, *sizes]).tolist()
        self.before = before
        self.after = after

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.before(self.ends[batch])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.after(self.ends[batch + 1], float(logs["loss"]))
