"""Rows are divided into training, validation and test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from kbuilder.columns import Target
from kbuilder.contracts import Task
from kbuilder.errors import DataError
from kbuilder.recipe.split import Split
from kbuilder.tables.table import Table
from kbuilder.tables.values import as_label

# Rows of each part that `--smoke` keeps: enough for every stage to have something to do.
SMOKE = {"train": 256, "validation": 64, "test": 64}
EXAMPLES = 16


@dataclass(frozen=True)
class Parts:
    """The three parts; validation and test are None where no rows are held back."""

    train: Table
    validation: Table | None
    test: Table | None

    def __iter__(self) -> Iterator[tuple[str, Table]]:
        """The parts that there are, by name."""
        for field in fields(self):
            table = getattr(self, field.name)
            if table is not None:
                yield field.name, table

    def examples(self) -> Table:
        """A few rows of the part that is furthest from training, to compare exports on."""
        return list(self)[-1][1].take(slice(EXAMPLES))

    def describe(self, seed: int, smoke: bool) -> dict[str, Any]:
        """The content of `splits.json`."""
        return {
            "rows": {name: len(table) for name, table in self},
            "seed": seed,
            "fingerprint": {name: table.fingerprint() for name, table in self},
            "smoke": smoke,
        }

    def smoke(self) -> Parts:
        """A few rows of each part."""
        few = {name: table.take(np.arange(min(len(table), SMOKE[name]))) for name, table in self}
        return Parts(few["train"], few.get("validation"), few.get("test"))


def divide(table: Table, test: Table | None, split: Split, targets: Sequence[Target]) -> Parts:
    """Divide the rows, seeded; classes keep their shares in every part, numbers their spread.

    Of several targets the first that has classes is meant, else the first. A class with three rows
    or more is in each part; one with fewer stays in training.

    Raises:
        DataError: if a part that the recipe asks for would be empty.
    """
    if test is not None and split.test:
        raise DataError(
            f"the source has test rows of its own, and {split.test:.0%} of the others are to be "
            "held back for the test too. Expected one of the two.",
            key=("data", "split", "test"),
        )
    target, task = divided_by(targets)
    strata = _strata(table.target(target), task)
    random = np.random.default_rng(split.seed)
    rows = np.arange(len(table))
    classes = grouping(table.target(target), task) == "class"
    least = 2 if split.test else 3
    rows, tested = _hold_back(rows, split.test or 0.0, strata, random, "test", classes and 3)
    rows, validated = _hold_back(
        rows, split.validation, strata, random, "validation", classes and least
    )
    return Parts(
        table.take(random.permutation(rows)),
        table.take(random.permutation(validated)) if len(validated) else None,
        test
        if test is not None
        else table.take(random.permutation(tested))
        if len(tested)
        else None,
    )


def divided_by(targets: Sequence[Target]) -> Target:
    """The target whose classes or numbers the parts keep the shares of."""
    return next((target for target in targets if target.task.stratified), targets[0])


def grouping(values: np.ndarray, task: Task) -> Literal["class", "tenth"] | None:
    """What the parts keep the shares of: the class of a row, or the tenth of its number."""
    if task.stratified:
        return "class"
    return None if values.ndim > 1 or values.dtype == object else "tenth"


def _strata(values: np.ndarray, task: Task) -> np.ndarray | None:
    """A group per row, whose shares the parts keep."""
    kind = grouping(values, task)
    if kind is None:
        return None
    if kind == "class":
        return np.unique([str(as_label(value)) for value in values], return_inverse=True)[1]
    bounds = np.unique(np.quantile(values, np.linspace(0, 1, 11)[1:-1]))
    return np.searchsorted(bounds, values)


def _hold_back(
    rows: np.ndarray,
    share: float,
    strata: np.ndarray | None,
    random: np.random.Generator,
    part: str,
    least: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that stay, and the share of them that is held back.

    Args:
        least: Of a class with so many rows one at least is held back; 0: of none.
    """
    if not share:
        return rows, rows[:0]
    order = random.permutation(rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    # Every (1/share)-th row in the order of the classes: each class gives its share, to a row.
    steps = np.floor(np.arange(1, len(order) + 1) * share + 0.5 * (strata is None))
    held = np.diff(steps, prepend=0) > 0
    if strata is not None:
        first = np.append(True, np.diff(strata[order]) > 0)
        held &= ~first  # the first row of each class trains
        if least:
            number = np.cumsum(first) - 1
            lacking = (np.bincount(number, held) == 0) & (np.bincount(number) >= least)
            last = np.append(first[1:], True)
            held |= last & lacking[number]
    if not held.any() or held.all():
        raise DataError(
            f"{len(rows)} rows are too few to hold back {share:.0%} of them for {part}. "
            f"Expected more rows, or `data: {{split: {{{part}: 0}}}}`.",
            key=("data", "split", part),
        )
    return order[~held], order[held]
