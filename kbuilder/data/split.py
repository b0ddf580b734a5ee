"""Rows are divided into training, validation and test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Target
from kbuilder.contracts import Folding, Owning, Splitting, Strata, Task
from kbuilder.errors import DataError, cut, listed
from kbuilder.evaluation.predictions import categorical
from kbuilder.splits._owners import owners
from kbuilder.tables.dictionary import each, narrow, ranks
from kbuilder.tables.keeping import FILE, ROW
from kbuilder.tables.table import Table
from kbuilder.tables.values import as_label, one_of

if TYPE_CHECKING:
    import pandas as pd

# Rows of each part that `--smoke` keeps: enough for every stage to have something to do.
SMOKE = {"train": 256, "validation": 64, "test": 64}
EXAMPLES = 16
FOLDS = "folds"
"""What the rows that are held out in turn are called among the parts."""
FAR_OFF = 0.05
"""A share that is off by more is told."""


@dataclass(frozen=True)
class Parts:
    """The three parts; validation and test are None where no rows are held back.

    Args:
        train, validation, test: Their rows.
        notes: What the user should know of the division.
    """

    train: Table
    validation: Table | None
    test: Table | None
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[tuple[str, Table]]:
        """The parts that there are, by name."""
        for name in ("train", "validation", "test"):
            table = getattr(self, name)
            if table is not None:
                yield name, table

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

    def numbers(self) -> pd.DataFrame:
        """The content of `splits.parquet`: each row's split, and its number from 1, or its file."""
        import pandas as pd

        parts = dict(self)
        counts = [len(table.labels) for table in parts.values()]
        codes = np.repeat(np.arange(len(parts), dtype=np.int8), counts)
        named = categorical(codes, list(parts))
        if any(isinstance(table.labels[0], str) for table in parts.values() if len(table.labels)):
            files = [label for table in parts.values() for label in sorted(table.labels)]
            return pd.DataFrame({"split": named, FILE: files})
        rows, start = np.empty(len(codes), np.int64), 0  # which may be many
        for table, count in zip(parts.values(), counts, strict=True):
            rows[start : start + count] = table.labels
            rows[start : start + count].sort()
            start += count
        return pd.DataFrame({"split": named, ROW: rows}, copy=False)

    def smoke(self) -> Parts:
        """A few rows of each part."""
        few = {name: table.take(np.arange(min(len(table), SMOKE[name]))) for name, table in self}
        return Parts(few["train"], few.get("validation"), few.get("test"), self.notes)


def divide(
    table: Table,
    test: Table | None,
    splitting: Splitting,
    targets: Sequence[Target],
    validation: Table | None = None,
) -> Parts:
    """Divide the rows, seeded, as the recipe says.

    Of several targets the first that has classes is meant, else the first.

    Raises:
        DataError: if a part that the recipe asks for would be empty.
    """
    if test is not None and splitting.test:
        raise DataError(
            f"the source has test rows of its own, and {splitting.test:.0%} of the others are to "
            "be held back for the test too. Expected one of the two.",
            key=("data", "split", "test"),
        )
    target, task = divided_by(targets)
    random = np.random.default_rng(splitting.seed)
    if is_averaged(splitting):  # then the folds have all rows
        splitting = splitting.model_copy(update={"validation": 0.0})  # type: ignore[attr-defined]
    with catalog.blamed(splitting, "divide the rows"):
        found = splitting.divide(table, _strata(table.target(target), task), random)
    parts = {
        part: table.take(random.permutation(found.rows[part]))
        for part in ("train", "validation", "test")
        if part in found.rows
    }
    train, notes = parts["train"], (*found.notes, *_off(parts, splitting, len(table)))
    for part, own in (("validation", validation), ("test", test)):
        if own is None:
            continue
        if part in parts:
            raise DataError(
                f"the source has rows for {part} of its own, and the split holds back others. "
                "Expected one of the two.",
                key=("data", "split"),
            )
        mixed = splitting.mixes(train, own, part)
        notes += (mixed,) if mixed else ()
    return Parts(train, parts.get("validation", validation), parts.get("test", test), notes)


def folds(
    table: Table, splitting: Splitting, targets: Sequence[Target]
) -> tuple[list[dict[str, np.ndarray]], tuple[str, ...]]:
    """The row numbers of the parts of each fold, seeded, and what the user should know of them.

    Args:
        table: The rows that `divide` divides.
        splitting: How.
        targets: As `divide` takes them.

    Returns:
        No folds, where the recipe has none.

    Raises:
        DataError: if the rows are too few for so many.
    """
    if not isinstance(splitting, Folding) or splitting.folds is None:
        return [], ()
    target, task = divided_by(targets)
    random = np.random.default_rng(splitting.seed)
    strata = _strata(table.target(target), task)
    with catalog.blamed(splitting, "divide the rows into folds"):
        found = splitting.fold(table, strata, random)
    parts = [
        {part: random.permutation(numbers) for part, numbers in fold.rows.items()}
        for fold in found
    ]  # fmt: skip
    notes = tuple(note for fold in found for note in fold.notes)
    for names, one in targets:
        values = table.target(names)
        notes += tuple(_unlearned(values, _strata(values, one), parts))
    return parts, notes


def _unlearned(
    values: np.ndarray, strata: Strata, parts: Sequence[Mapping[str, np.ndarray]]
) -> Iterator[str]:
    """Classes that are in a fold, and in no training row of it."""
    if not strata.classes or strata.groups is None:
        return
    for number, fold in enumerate(parts, 1):
        lacking = np.setdiff1d(strata.groups[fold["test"]], strata.groups[fold["train"]])
        if len(lacking):
            rows = [int(np.argmax(strata.groups == one)) for one in lacking[:3]]
            some = listed(repr(cut(str(as_label(one_of(values)[row])))) for row in rows)
            more = f" and {len(lacking) - 3:,} more" if len(lacking) > 3 else ""
            yield (
                f"the network of fold {number} of {len(parts)} learns nothing of {some}{more}: no "
                "row of the others that it is fitted on has it"
            )


def as_judged(parts: Parts, table: Table, fold: Mapping[str, np.ndarray]) -> Parts:
    """The parts as a fold has them, for a look at what could leak.

    Args:
        parts: Those of the model.
        table: All rows.
        fold: The row numbers of the parts of a fold.
    """
    own = {part: table.take(numbers) for part, numbers in fold.items()}
    return Parts(own["train"], own.get("validation", parts.validation), own["test"])


def is_averaged(splitting: Splitting) -> bool:
    """Whether the networks of folds are the model, so that all rows are in folds."""
    known = splitting.folds if isinstance(splitting, Folding) else None
    return known is not None and known.model == "average"


def groups(table: Table, splitting: Splitting) -> np.ndarray | None:
    """The number of the group of each row; None: groups were not held together. (rows,)

    Args:
        table: The rows.
        splitting: How they were divided.
    """
    column = splitting.owner if isinstance(splitting, Owning) else None
    if column is None or column not in table.columns:
        return None
    numbers: np.ndarray = np.unique(owners(table, column, "column"), return_inverse=True)[1]
    return numbers


def _off(parts: Mapping[str, Table], splitting: Splitting, rest: int) -> Iterator[str]:
    """Parts whose share of the rows is far from the one that was asked for."""
    for part in ("test", "validation"):
        asked = getattr(splitting, part, None)  # not every way of dividing goes by shares
        if part not in parts or not asked:
            continue
        rows = len(parts[part])
        if abs(rows / rest - asked) > max(FAR_OFF, asked / 2) and abs(rows - asked * rest) > 1:
            together = "rows that stay together are too many"
            why = together if splitting.reads else "each class has one there, or more"
            yield (
                f"{part} has {rows:,} of {rest:,} rows ({rows / rest:.0%}), where {asked:.0%} were "
                f"asked for: {why}"
            )
        rest -= rows


def divided_by(targets: Sequence[Target]) -> Target:
    """The target whose classes or numbers the parts keep the shares of."""
    return next((target for target in targets if target.task.stratified), targets[0])


def grouping(values: np.ndarray, task: Task) -> Literal["class", "tenth"] | None:
    """What the parts keep the shares of: the class of a row, or the tenth of its number."""
    if task.stratified:
        return "class"
    return None if values.ndim > 1 or values.dtype == object else "tenth"


def _in_order(values: Sequence[Any]) -> np.ndarray:
    """The place of each label among all, sorted as words."""
    names = [str(as_label(value)) for value in values]
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([places[name] for name in names], dtype=narrow(len(places)))


def _strata(values: np.ndarray, task: Task) -> Strata:
    """A group per row, whose shares the parts keep."""
    kind = grouping(values, task)
    if kind is None:
        return Strata(None, classes=False)
    if kind == "class":
        places = each(one_of(values), _in_order)
        return Strata(ranks(places)[1], classes=True)
    count = min(10, max(1, len(values) // 30))  # each has rows enough to give some
    bounds = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1]))
    return Strata(np.searchsorted(bounds, values), classes=False)
