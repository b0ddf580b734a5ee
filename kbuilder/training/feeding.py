"""The rows of a fit, step by step, in an order that is a function of the seed and the epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Rows
from kbuilder.contracts import Task


class Feed:
    """Rows that a network is trained or evaluated on.

    Args:
        rows: Inputs and encoded targets, each (rows, …).
        batch_size: Rows of a step, over all devices; the last of an epoch may be smaller.
        weights: By output the weight of each row, (rows,); None: all weigh the same.
        seed: Seed of the order; None: the order of the rows, in every epoch.
    """

    def __init__(
        self,
        rows: Rows,
        batch_size: int,
        weights: Arrays | None = None,
        seed: int | None = None,
    ) -> None:
        self.arrays = rows if weights is None else (*rows, weights)
        self.seed = seed
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
        order = np.arange(self.rows, dtype=np.int32)
        if self.seed is not None:
            np.random.default_rng((self.seed, epoch)).shuffle(order)
        return order

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
        """The arrays of one row, for shapes and dtypes."""
        import keras

        return keras.tree.map_structure(lambda values: values[:1], self.arrays)


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
