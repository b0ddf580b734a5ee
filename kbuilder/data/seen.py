"""The rows that the checks look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kbuilder.columns import Target
from kbuilder.data.hashing import hashed
from kbuilder.data.split import Parts
from kbuilder.recipe.recipe import Recipe
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of

ENOUGH = 50
"""Rows that a check needs, to tell a rule from chance."""
SAMPLE = 100_000
"""Rows that a check looks at, at most."""


@dataclass(frozen=True)
class Seen:
    """What the checks look at.

    Args:
        recipe: With features and tasks.
        parts: The rows of training, validation and test.
        targets: What is predicted.
        own_test: Whether the test rows are from a file of their own.
        inferred: The columns whose kind nobody wrote.
        judged: The same rows as one of several folds has them; None: there are none.
    """

    recipe: Recipe
    parts: Parts
    targets: Sequence[Target]
    own_test: bool
    inferred: frozenset[str] = frozenset()
    judged: Parts | None = None

    @property
    def apart(self) -> Parts:
        """The parts that must have nothing in common."""
        return self.parts if self.judged is None else self.judged

    def called(self, part: str) -> str:
        """What one of these parts is called."""
        return "a fold" if self.judged is not None and part == "test" else part

    @cached_property
    def _some(self) -> Table:
        return self.parts.train.take(slice(SAMPLE))

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """The scalar columns of the training rows that are features."""
        train = self._some
        kinds = {name: kind_of(train[name]) for name in self.recipe.features}
        return {n: train[n] for n, kind in kinds.items() if kind in ("number", "string")}

    @cached_property
    def pictures(self) -> dict[str, np.ndarray]:
        """A hash of each picture of the training rows, by column. (rows,) uint64 each"""
        features = self.recipe.features.items()
        return {
            name: hashed(self.apart.train[name])
            for name, feature in features
            if feature.holds == "pictures"
        }

    def target(self, names: Sequence[str]) -> np.ndarray:
        """A target of the same rows."""
        return self._some.target(names)
