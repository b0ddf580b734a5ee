"""The rows of a fit, step by step, in an order that is a function of the seed and the epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Rows, shares
from kbuilder.contracts import Task
from kbuilder.recipe.balance import Balance, factors
from kbuilder.recipe.training import Training
from kbuilder.training.ordering import by_blocks, by_rows


class Feed:
    """Rows that a network is trained or evaluated on.

    Args:
        rows: Inputs and encoded targets, each (rows, …).
        batch_size: Rows of a step, over all devices; the last of an epoch may be smaller.
        weights: By output the weight of each row in the loss, (rows,); None: all weigh the same.
        seed: Seed of the order; None: the order of the rows, in every epoch.
        counted: The same in the metrics, where it is another than in the loss.
        blocks: Whether the order is of blocks of rows.
    """

    def __init__(
        self,
        rows: Rows,
        batch_size: int,
        weights: Arrays | None = None,
        seed: int | None = None,
        counted: Arrays | None = None,
        blocks: bool = False,
    ) -> None:
        self.arrays: tuple[Arrays, ...] = rows
        if weights is not None:
            self.arrays = (*rows, weights) if counted is None else (*rows, weights, counted)
        self.seed = seed
        self.shuffled = by_blocks if blocks else by_rows
        self.rows = len(next(iter(rows[1].values())))
        self.resize(batch_size)

    def resize(self, batch_size: int) -> None:
        """Have steps of so many rows."""
        self.batch_size = batch_size
        self.steps = math.ceil(self.rows / batch_size)

    @property
    def whole(self) -> int:
        """Steps that have all their rows; 1, where none has."""
        return max(1, self.rows // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of the rows in the order of an epoch. (rows,) int32"""
        if self.seed is None:
            return np.arange(self.rows, dtype=np.int32)
        return self.shuffled(self.rows, np.random.default_rng((self.seed, epoch)))

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """The numbers of the rows of a step, both from 0."""
        return self.order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]

    def bounds(self, rows: int, devices: int) -> np.ndarray:
        """Which rows of each step a device takes.

        A step is dealt as evenly as can be. One of fewer rows than devices is taken whole by each,
        and counts on the first: some operations fail on a device without rows.

        Returns:
            int64 (steps, devices, 4): where the rows begin and end in the order, how many of them
            count here, and how many rows the step has.
        """
        starts = np.arange(0, rows, self.batch_size)[:, None]
        sizes = np.minimum(self.batch_size, rows - starts)
        counts = sizes // devices + (np.arange(devices) < sizes % devices)  # (steps, devices)
        ends = starts + np.cumsum(counts, axis=1)
        begins = ends - counts
        few = sizes < devices
        counts = np.where(few, sizes * (np.arange(devices) == 0), counts)
        begins, ends = np.where(few, starts, begins), np.where(few, starts + sizes, ends)
        return np.stack([begins, ends, counts, np.broadcast_to(sizes, counts.shape)], axis=-1)

    def example(self) -> Any:
        """Inputs, targets and weights of one row, for shapes and dtypes."""
        import keras

        return keras.tree.map_structure(lambda values: values[:1], self.arrays[:3])


def training_feed(
    rows: Rows, tasks: Mapping[str, Task], training: Training, weights: np.ndarray | None = None
) -> Feed:
    """The training rows of a fit, each with what it counts in the loss, and in the metrics.

    Args:
        rows: Inputs and encoded targets.
        tasks: The task by output; gives the classes that are balanced.
        training: How the network is fitted.
        weights: How much each row counts, (rows,); None: all alike.
    """
    size, seed, blocks = training.rows_per_step, training.seed, training.order == "blocks"
    own, counted = of_outputs(rows[1], weights), in_loss(rows[1], tasks, training, weights)
    if training.balance == "none":
        return Feed(rows, size, counted, seed, blocks=blocks)
    ones = {output: np.ones(len(values), np.float32) for output, values in rows[1].items()}
    return Feed(rows, size, counted, seed, own or ones, blocks)


def in_loss(
    encoded: Arrays,
    tasks: Mapping[str, Task],
    training: Training,
    weights: np.ndarray | None = None,
) -> Arrays | None:
    """By output how much each training row counts in the loss, (rows,); None: all alike.

    Args:
        encoded: The targets by output.
        tasks, training, weights: As `training_feed` takes them.
    """
    if training.balance == "none":
        return of_outputs(encoded, weights)
    return class_weights(tasks, encoded, weights, training.balance)


def of_outputs(encoded: Arrays, weights: np.ndarray | None) -> Arrays | None:
    """By output a weight per row whose mean is 1; None: all rows count alike. (rows,)"""
    share = None if weights is None else shares(weights)
    return None if share is None else dict.fromkeys(encoded, share)


def class_weights(
    tasks: Mapping[str, Task],
    encoded: Arrays,
    weights: np.ndarray | None = None,
    balance: Balance = "auto",
) -> Arrays:
    """By output a weight per row, by its class; their mean is 1. (rows,)

    Args:
        tasks: The task by output.
        encoded: The targets by output.
        weights: How much each row counts in its class, (rows,); None: all alike.
        balance: auto: the weights of each class have the same sum; or the weight of each.
    """
    share = None if weights is None else shares(weights)
    found: Arrays = {}
    for output, values in encoded.items():
        groups = tasks[output].groups(values)
        own = np.ones(len(values), np.float32) if share is None else share
        if groups is not None and not isinstance(balance, str):
            classes = tasks[output].classes  # type: ignore[attr-defined]  # a class has a name
            own = np.array(factors(balance, classes), np.float64)[groups] * own
            own = (own / own.mean()).astype(np.float32)
        elif groups is not None:
            counts = np.bincount(groups, None if share is None else share)
            total = len(groups) / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
            own = (total[groups] * own).astype(np.float32)
        found[output] = own
    return found
