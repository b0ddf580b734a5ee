"""Rows are divided at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kbuilder.contracts import Division, Strata
from kbuilder.late import np
from kbuilder.splits._folds import check, deal
from kbuilder.splits._holding import hold_back
from kbuilder.splits._shares import Shares
from kbuilder.tables.table import Table


class Random(Shares):
    """Shares of the rows, drawn at random, are held back for validation and test.

    The training part alone feeds vocabularies, means and weights; validation decides when to stop;
    test is looked at once, at the end. Classes keep their shares in every part, numbers their
    spread; a class of three rows or more is in each part.
    """

    def divide(self, table: Table, strata: Strata, random: np.random.Generator) -> Division:
        """Draw from each class, or tenth of the numbers."""
        narrow = np.int32 if len(table) < 2**31 else np.int64
        parts = {"train": np.arange(len(table), dtype=narrow)}
        for part, share in self.shares().items():
            rows = parts["train"]
            parts["train"], parts[part] = hold_back(
                rows, share, strata.groups, random, self._least(part, strata.classes)
            )
            self.check(part, share, *(parts["train"], parts[part]), f"{len(rows)} rows")
        return Division(parts)

    def fold(self, table: Table, strata: Strata, random: np.random.Generator) -> list[Division]:
        """Each fold has the classes, or tenths of the numbers, in their shares."""
        rows = np.arange(len(table))
        if self.test:
            least = self._least("test", strata.classes)
            rows, _ = hold_back(rows, self.test, strata.groups, random, least)
        check(self.count, len(rows), "rows")
        found = []
        for test in deal(rows, self.count, strata.groups, random):
            train = np.setdiff1d(rows, test)
            parts = {"train": train, "test": test}
            if self.validation:
                parts["train"], parts["validation"] = hold_back(
                    train, self.validation, strata.groups, random,
                    self._least("validation", strata.classes),
                )  # fmt: skip
                pair = parts["train"], parts["validation"]
                self.check("validation", self.validation, *pair, f"{len(train)} rows of a fold")
            found.append(Division(parts))
        return found

    def script(self, table: Table, classes: bool, written: Callable[[Any], str]) -> tuple[str, ...]:
        """A line for each part."""
        lines = []
        for part, share in self.shares().items():
            least = f", {self._least(part, classes)}" if classes else ""
            lines.append(f"train, {part} = hold_back(train, {share!r}, groups, random{least})")
        return tuple(lines)

    def _least(self, part: str, classes: bool) -> int:
        """The rows of a class of which a part has one; 0: none."""
        return (3 if part == "test" or not self.test else 2) if classes else 0
