"""Rows that belong together stay together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kbuilder.contracts import Choice, Division, Feature, Strata
from kbuilder.late import np
from kbuilder.splits import _owners
from kbuilder.splits._folds import check, deal_whole
from kbuilder.splits._holding import hold_whole
from kbuilder.splits._owners import in_both, owners, without
from kbuilder.splits._shares import Shares
from kbuilder.tables.table import Table


class Group(Shares):
    """The rows of a customer, a patient, a house … are all in one part, drawn at random.

    Classes keep their shares, and numbers their spread, as nearly as whole groups allow. Rows
    without a group are one group.
    """

    column: str
    """The column that says to whom a row belongs. It is no input, unless `features` names it."""

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def owner(self) -> str:
        return self.column

    def learn(
        self, table: Table, test: Table | None, features: Mapping[str, Feature]
    ) -> dict[str, Choice]:
        """The share of the test."""
        owners(table, self.column, "column")
        return super().learn(table, test, features)

    def divide(self, table: Table, strata: Strata, random: np.random.Generator) -> Division:
        """Draw whole groups."""
        known = owners(table, self.column, "column")
        parts = {"train": np.arange(len(table))}
        for part, share in self.shares().items():
            rows = parts["train"]
            parts["train"], parts[part] = hold_whole(rows, share, known, strata.groups, random)
            count = len(np.unique(known[rows]))
            self.check(part, share, parts["train"], parts[part], f"{count} groups")
        return Division(parts, without(known, self.column))

    def fold(self, table: Table, strata: Strata, random: np.random.Generator) -> list[Division]:
        """Each fold has whole groups."""
        known, rows = owners(table, self.column, "column"), np.arange(len(table))
        if self.test:
            rows, _ = hold_whole(rows, self.test, known, strata.groups, random)
        check(self.count, len(np.unique(known[rows])), f"groups of {self.column!r}")
        found = []
        for test in deal_whole(rows, self.count, known, strata.groups, random):
            train = np.setdiff1d(rows, test)
            parts = {"train": train, "test": test}
            if self.validation:
                parts["train"], parts["validation"] = hold_whole(
                    train, self.validation, known, strata.groups, random
                )
                pair = parts["train"], parts["validation"]
                count = len(np.unique(known[train]))
                self.check("validation", self.validation, *pair, f"{count} groups of a fold")
            found.append(Division(parts))
        return found

    def mixes(self, train: Table, held: Table, part: str) -> str | None:
        return in_both(train, held, self.column, part)

    def script(self, table: Table, classes: bool, written: Callable[[Any], str]) -> tuple[str, ...]:
        """A line for each part."""
        given = f"{_owners.written(table, self.column)}, groups, random"
        return tuple(
            f"train, {part} = hold_whole(train, {share!r}, {given})"
            for part, share in self.shares().items()
        )
