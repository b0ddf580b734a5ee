"""A linear model of all inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kbuilder.columns import Arrays
from kbuilder.evaluation.baselines.blocks import Block
from kbuilder.evaluation.baselines.ngrams import NGrams

ITERATIONS = 100
"""Of the solver, at most."""
WORK = 50_000_000
"""Numbers of all rows, times outputs, at most: two seconds of one core."""
NARROW = 512
"""Columns up to which the normal equations are solved; of more, least squares are iterated."""
SORTED = 8
"""What a word takes, as so many numbers: words and pairs are sorted."""
SPARSE = 0.1
"""The share of a row that is not 0, on average, below which zeros are not held."""
Part = Callable[[Arrays, Any], Any]
"""The columns that a block becomes, of some rows."""


class Linear:
    """Logistic regression, or ridge regression of numbers, with an L2 penalty of 1.

    Numbers are standardised, categories one-hot, texts the TF-IDF of their words and pairs of
    neighbours, pictures their pixels, sequences all their steps.

    Args:
        blocks: What each column brings.
        arrays: Prepared training rows.
        rows: Those of them that it learns from.
        seed: It has no use for one.
    """

    least = 2
    """Rows that it takes to learn something."""

    def __init__(
        self, blocks: Sequence[Block], arrays: Arrays, rows: np.ndarray, seed: int
    ) -> None:
        self.parts = [_part(block, arrays, rows) for block in blocks]
        self.given = self.columns(arrays, rows)

    @staticmethod
    def blocks(blocks: Sequence[Block]) -> list[Block]:
        """Those that it takes."""
        return list(blocks)

    @staticmethod
    def most(blocks: Sequence[Block], arrays: Arrays, outputs: int) -> int:
        """How many rows it takes at most."""
        numbers = sum(
            block.width if block.kind == "label"
            else block.width * SORTED if block.kind == "words"
            else block.flat(arrays, slice(1)).size
            for block in blocks
        )  # fmt: skip
        return WORK // (max(numbers, 1) * outputs)

    def columns(self, arrays: Arrays, rows: Any) -> Any:
        """The columns of some rows: an array, or a sparse matrix where there are words."""
        parts = [part(arrays, rows) for part in self.parts]
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.concatenate(parts, axis=1)
        from scipy import sparse

        return sparse.hstack(parts, format="csr", dtype=np.float32)

    def classifier(self, groups: np.ndarray, weights: np.ndarray | None) -> Any:
        """A classifier of class numbers (rows,), fitted."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=ITERATIONS)
        return model.fit(self.given, groups, sample_weight=weights)

    def regressor(
        self, numbers: np.ndarray, weights: np.ndarray | None
    ) -> Callable[[Any], np.ndarray]:
        """What gives numbers (rows, k) of columns, fitted."""
        from sklearn.linear_model import Ridge

        narrow = isinstance(self.given, np.ndarray) and self.given.shape[1] <= NARROW
        model = Ridge(solver="cholesky" if narrow else "lsqr", max_iter=ITERATIONS)
        return model.fit(self.given, numbers, sample_weight=weights).predict


def _part(block: Block, arrays: Arrays, rows: np.ndarray) -> Part:
    """What makes columns of a block, learned from training rows."""
    if block.kind == "words":
        grams = NGrams(block.of(arrays, rows))
        return lambda given, some: grams(block.of(given, some))
    if block.kind == "label" and block.width == 1:
        size = int(block.of(arrays, rows).max()) + 1
        return lambda given, some: _flags(block.of(given, some)[:, 0], size)
    if block.kind in ("label", "counts"):
        return lambda given, some: _few(block.flat(given, some), unit=block.kind == "counts")
    values = block.flat(arrays, rows)
    mean, deviation = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    deviation[deviation < 1e-7 * np.abs(mean)] = 0
    scale = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
    return lambda given, some: ((block.flat(given, some) - mean) * scale).astype(np.float32)


def _flags(places: np.ndarray, size: int) -> Any:
    """One 1 in each row; none for a place that no training row has. Sparse (rows, size)"""
    from scipy import sparse

    rows = np.flatnonzero(places < size)
    ones = np.ones(len(rows), np.float32)
    return sparse.csr_matrix((ones, (rows, places[rows])), (len(places), size))


def _few(values: np.ndarray, unit: bool) -> Any:
    """The same columns, sparse where most are 0; with `unit` the length of each row is 1, or 0."""
    if unit:
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        values = values / np.where(lengths > 0, lengths, 1)
    if np.count_nonzero(values) > SPARSE * values.size or values.shape[1] <= NARROW:
        return values
    from scipy import sparse

    return sparse.csr_matrix(values)
