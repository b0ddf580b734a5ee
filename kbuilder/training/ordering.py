"""The order of the rows in an epoch: a function of the seed and the epoch, wherever they lie."""

from __future__ import annotations

import math

import numpy as np

from kbuilder.columns import Rows
from kbuilder.contracts import Decision
from kbuilder.lines import to_line
from kbuilder.recipe.training import Training

BLOCK = 1024
"""Rows that follow one another where they lie, and are read together."""
TOGETHER = 64
"""Blocks whose rows are mixed."""
MANY = 4 * 2**30
"""Bytes of prepared rows that a disk reads slowly one by one."""


def choose(training: Training, rows: Rows) -> tuple[Training, Decision | None]:
    """The training with its `order`, where it is left open and rows are many.

    Args:
        training: How the network is fitted.
        rows: Training rows.
    """
    size = sum(values.nbytes for arrays in rows for values in arrays.values())
    if training.order != "auto" or size < MANY:
        return training, None
    key, value = ("training", "order"), "blocks"
    why = f"the training rows take {size / 2**30:.1f} GiB, and are read in blocks of {BLOCK:,}"
    return training.model_copy(update={"order": value}), Decision(
        key, value, why, to_line(key, value)
    )


def by_rows(count: int, random: np.random.Generator) -> np.ndarray:
    """The numbers of all rows, any after any. (count,) int32"""
    order = np.arange(count, dtype=np.int32)
    random.shuffle(order)
    return order


def by_blocks(count: int, random: np.random.Generator) -> np.ndarray:
    """The numbers of all rows: blocks in any order, and the rows of so many together mixed.

    Returns:
        (count,) int32
    """
    blocks = random.permutation(math.ceil(count / BLOCK)).astype(np.int32)
    order = (blocks[:, None] * BLOCK + np.arange(BLOCK, dtype=np.int32)).ravel()
    order = order[order < count]
    for start in range(0, count, BLOCK * TOGETHER):
        random.shuffle(order[start : start + BLOCK * TOGETHER])
    return order
