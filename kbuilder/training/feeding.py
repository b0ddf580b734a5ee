"""The rows of a fit, step by step, in an order that is a function of the seed and the epoch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Rows


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
        self.batch_size = batch_size
        self.seed = seed
        self.rows = len(next(iter(rows[1].values())))
        self.steps = math.ceil(self.rows / batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of the rows in the order of an epoch. (rows,) int32"""
        order = np.arange(self.rows, dtype=np.int32)
        if self.seed is not None:
            np.random.default_rng((self.seed, epoch)).shuffle(order)
        return order

    def batch(self, epoch: int, step: int) -> np.ndarray:
        """The numbers of the rows of a step, both from 0."""
        return self.order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]

    def example(self) -> Any:
        """The arrays of one row, for shapes and dtypes."""
        import keras

        return keras.tree.map_structure(lambda values: values[:1], self.arrays)
