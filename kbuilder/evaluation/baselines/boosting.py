"""Boosted trees of the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kbuilder.columns import Arrays
from kbuilder.evaluation.baselines.blocks import Block

TREES = 300
"""In all, at most; with several outputs there is one for each in an iteration."""
ITERATIONS = 100
"""At most: what scikit-learn has by default."""
WORK = 2_000_000_000
"""Numbers of all rows, times trees, at most: some seconds of one core."""
WIDEST = 1000
"""Columns at most: of more, trees take long to look at each."""
BINS = 255
"""Categories that a tree tells apart; those behind them, which are rarer, are one."""


class Boosting:
    """Histogram-based gradient boosting, with the defaults of scikit-learn.

    It takes numbers and categories as such, and no texts, sets, pictures or sequences.

    Args:
        blocks: What each column brings.
        arrays: Prepared training rows.
        rows: Those of them that it learns from.
        seed: Of the bins, which are of a sample.

    Source: Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision tree".
    """

    least = 100
    """Rows that it takes to learn something: a leaf has 20."""

    def __init__(
        self, blocks: Sequence[Block], arrays: Arrays, rows: np.ndarray, seed: int
    ) -> None:
        self.own = blocks
        self.seed = seed
        self.given = self.columns(arrays, rows)

    @staticmethod
    def blocks(blocks: Sequence[Block]) -> list[Block]:
        """Those that it takes."""
        return [block for block in blocks if block.kind in ("numbers", "label")]

    @staticmethod
    def most(blocks: Sequence[Block], arrays: Arrays, outputs: int) -> int:
        """How many rows it takes at most; 0: the columns or outputs are too many."""
        columns = sum(1 if block.kind == "label" else block.width for block in blocks)
        if columns > WIDEST or outputs > TREES // 10:
            return 0
        return WORK // (max(columns, 1) * min(TREES, outputs * ITERATIONS))

    def columns(self, arrays: Arrays, rows: Any) -> np.ndarray:
        """The columns of some rows, a category as one. (rows, columns) float32"""
        return np.concatenate([_column(block, arrays, rows) for block in self.own], axis=1)

    def classifier(self, groups: np.ndarray, weights: np.ndarray | None) -> Any:
        """A classifier of class numbers (rows,), fitted."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        classes = len(np.unique(groups))
        model = HistGradientBoostingClassifier(**self._options(classes if classes > 2 else 1))
        return model.fit(self.given, groups, sample_weight=weights)

    def regressor(
        self, numbers: np.ndarray, weights: np.ndarray | None
    ) -> Callable[[Any], np.ndarray]:
        """What gives numbers (rows, k) of columns, fitted."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        options = self._options(numbers.shape[1])
        models = [
            HistGradientBoostingRegressor(**options).fit(self.given, own, sample_weight=weights)
            for own in numbers.T
        ]
        return lambda given: np.stack([model.predict(given) for model in models], axis=1)

    def _options(self, outputs: int) -> dict[str, Any]:
        """Fewer iterations, of larger steps, where each is of several trees."""
        kinds = [block.kind == "label" for block in self.own for _ in range(_width(block))]
        iterations = min(ITERATIONS, max(10, TREES // outputs))
        return {
            "max_iter": iterations,
            "learning_rate": min(0.3, 0.1 * ITERATIONS / iterations),
            "categorical_features": kinds if any(kinds) else None,
            "random_state": self.seed,
        }


def _width(block: Block) -> int:
    return 1 if block.kind == "label" else block.width


def _column(block: Block, arrays: Arrays, rows: Any) -> np.ndarray:
    values = block.flat(arrays, rows)
    if block.kind != "label":
        return values
    places = values.argmax(axis=1) if block.width > 1 else values[:, 0]
    return np.minimum(places, BINS - 1)[:, None].astype(np.float32)
