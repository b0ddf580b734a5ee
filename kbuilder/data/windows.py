"""Rows that are windows of one series, and overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of

RUN = 3
"""Steps that tell where in a series a window is, at least."""
DIFFERENT = 0.9
"""The share of first steps that differ, where they tell it."""
FEWEST = 0.01
"""The share of rows that may share steps by chance."""
MOST = 20_000_000
"""Runs of steps that are looked at."""


class Shared(NamedTuple):
    """What windows have in common.

    Args:
        rows: How many share steps with another at another place.
        gap: The rows that lie between two windows that share nothing; 0: rows are in no order.
    """

    rows: int
    gap: int


def may_be(values: np.ndarray) -> bool:
    """Whether a column may hold windows: a few numbers at each of some steps."""
    numbers = kind_of(values) == "array" and values.dtype.kind in "iuf"
    return numbers and values.ndim <= 3 and values.shape[1] > RUN


def shared(train: Table, held: Table, column: str) -> Shared | None:
    """What rows that are held back share with those of training; None: nothing.

    Two rows share steps if one goes on as the other begins. Steps that many rows begin with, such
    as zeros, tell nothing.

    Args:
        train, held: The rows; their labels tell their order.
        column: A column of arrays, whose first axis are steps. (rows, steps, …)
    """
    rows = max(1, MOST // train[column][0].size)
    train, held = train.take(slice(rows)), held.take(slice(rows))
    before, after, steps = _following(held[column], train[column])
    before2, after2, steps2 = _following(train[column], held[column])
    ours = np.concatenate([before, after2])
    sharing = np.unique(ours)
    if len(sharing) <= FEWEST * len(held):
        return None
    numbers = [
        np.array([table.labels[int(row)] for row in found])
        for table, found in ((held, before), (train, after), (train, before2), (held, after2))
    ]
    if any(labels.dtype.kind not in "iu" for labels in numbers if len(labels)):
        return Shared(len(sharing), 0)
    later = np.concatenate([numbers[1], numbers[3]]).astype(np.int64)
    apart = later - np.concatenate([numbers[0], numbers[2]]).astype(np.int64)
    return Shared(
        len(sharing), _gap(apart, np.concatenate([steps, steps2]), train[column].shape[1])
    )


def _following(
    windows: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of `windows` that go on as rows of `others` begin, these, and after how many steps."""
    steps = windows.shape[1]
    run = min(max(RUN, steps // 8), 8)
    first = _hashes(others, run, range(1))[:, 0]
    known, where, counts = np.unique(first, return_index=True, return_counts=True)
    known, where = known[counts == 1], where[counts == 1]
    nothing = np.empty(0, np.int64)
    if len(known) < DIFFERENT * len(others):
        return nothing, nothing, nothing
    hashes = _hashes(windows, run, range(1, steps - run + 1))
    rows, places = np.nonzero(np.isin(hashes, known))
    return rows, where[np.searchsorted(known, hashes[rows, places])], places + 1


def _gap(apart: np.ndarray, by: np.ndarray, steps: int) -> int:
    """The rows between windows that share nothing; 0, if their distance is not that of the steps.

    Args:
        apart: How many rows after the one of two rows that share steps the other is.
        by: By how many steps it is later.
        steps: The steps of a window.
    """
    stride = by / np.where(apart == 0, -1, apart)
    usual = float(np.median(stride))
    if usual <= 0 or np.mean(np.isclose(stride, usual)) < DIFFERENT:
        return 0
    return int(np.ceil(steps / usual)) - 1


def _hashes(values: np.ndarray, run: int, places: range) -> np.ndarray:
    """A hash of so many steps from each place on. (rows, places) uint64"""
    flat = values.reshape(*values.shape[:2], -1).astype(np.float64) + 0.0
    bits = np.ascontiguousarray(flat).view(np.uint64)
    odd = np.random.default_rng(0).integers(0, 2**63, (run, flat.shape[2]), np.uint64) * 2 + 1
    mixed = (bits ^ (bits >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    hashes = [
        sum((mixed[:, place + step] * odd[step]).sum(axis=1) for step in range(run))
        for place in places
    ]
    return np.stack(hashes, axis=1)
