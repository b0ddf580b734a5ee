"""A column says which rows are held back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Choice, Division, Feature, Match, Strata
from kbuilder.errors import DataError, cut, listed, nearest
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Fraction, Words
from kbuilder.splits import _owners
from kbuilder.splits._holding import hold_back
from kbuilder.splits._owners import owners
from kbuilder.splits._shares import Shares
from kbuilder.tables.profile import Profile
from kbuilder.tables.table import Table

Part = Literal["train", "validation", "test"]
NAMES: dict[Part, tuple[str, ...]] = {
    "train": ("train", "training"), "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}  # fmt: skip
"""What people call the parts, in any case of letters."""


class Column(Shares):
    """A column says of each row whether it is for training, for validation or for the test.

    Where it names no rows for validation, a share of the training rows is held back at random.
    """

    column: str
    """The column. It is no input, unless `features` names it."""
    names: dict[Part, Words] = Field(default={})
    """Its values, by part: `{test: [2023, 2024]}`; those that no part has are for training. Left
    out: train, validation and test, as people write them."""
    validation: Fraction | None = None  # type: ignore[assignment]
    """Share of the training rows held back for validation; 0 <= validation < 1; left out: 0.1, or 0
    if the column names rows for it."""
    test: Fraction | None = None
    """Share of the training rows held back for the test; left out: 0."""

    @field_validator("names")
    @classmethod
    def _each_once(cls, names: dict[Part, tuple[str, ...]]) -> dict[Part, tuple[str, ...]]:
        given = [name for known in names.values() for name in known]
        twice = [name for name in given if given.count(name) > 1]
        if twice:
            raise PydanticCustomError(
                "twice", "Expected each value in one part; twice is '{name}'", {"name": twice[0]}
            )
        return names

    @model_validator(mode="after")
    def _has_no_folds(self) -> Any:
        if self.folds is not None:
            line = {"by": "group", "column": self.column, "folds": self.count}
            raise refuse(
                ("folds",), "the column says which rows are held back. Expected no folds; or, if "
                f"its values are folds, `{to_line(('data', 'split'), line)}`", self.count,
            )  # fmt: skip
        return self

    @property
    def validates(self) -> bool:
        return self.validation != 0

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.column,)

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """A few words, all of which are names of parts."""
        words = {str(word).strip().lower() for word in profile.examples}
        parts = {part for part, names in NAMES.items() if words & {*names}}
        if not words <= {name for names in NAMES.values() for name in names} or len(parts) < 2:
            return None
        return Match(0.9, f"its values are {listed(sorted(words))}")

    def learn(
        self, table: Table, test: Table | None, features: Mapping[str, Feature]
    ) -> dict[str, Choice]:
        """The shares of what the column does not name."""
        named = {part for part, rows in self._rows(table).items() if len(rows)}
        given: tuple[tuple[Part, float | None], ...] = (
            ("test", self.test), ("validation", self.validation)
        )  # fmt: skip
        for part, share in given:
            if share and part in named:
                raise DataError(
                    f"column {self.column!r} names rows for {part}, and {share:.0%} of the others "
                    "are to be held back for it too. Expected one of the two.",
                    key=("data", "split", part),
                )
        if test is not None and "test" in named:
            raise DataError(
                f"the source has test rows of its own, and column {self.column!r} names others. "
                "Expected one of the two.",
                key=("data", "split", "column"),
            )
        found: dict[str, Choice] = {}
        if self.validation is None:
            lacks = f"column {self.column!r} names no rows for it"
            names = f"column {self.column!r} names rows for it"
            found["validation"] = (
                Choice(0.0, names) if "validation" in named else Choice(0.1, lacks)
            )
        if self.test is None:
            found["test"] = Choice(0.0, f"column {self.column!r} says which rows are the test")
        return found

    def divide(self, table: Table, strata: Strata, random: np.random.Generator) -> Division:
        """As the column says; at random where it says nothing."""
        parts: dict[str, np.ndarray] = {
            part: rows for part, rows in self._rows(table).items() if len(rows)
        }
        if "train" not in parts:
            raise DataError(
                f"column {self.column!r} names no rows for training. Expected some.",
                key=("data", "split", "column"),
            )
        for part, share in self.shares().items():
            rows = parts["train"]
            parts["train"], parts[part] = hold_back(rows, share, strata.groups, random)
            self.check(part, share, parts["train"], parts[part], f"{len(rows)} training rows")
        return Division(parts)

    def script(self, table: Table, classes: bool, written: Callable[[Any], str]) -> tuple[str, ...]:
        """A line for each part."""
        lines = [f"names = {_owners.written(table, self.column)}"]
        if not self.names:
            lines[0] = f"names = np.char.lower(words(rows[{self.column!r}]).astype(str))"
        known = self._known()
        for part in ("test", "validation"):
            if known.get(part) and not dict(self.shares()).get(part):
                lines.append(f"{part} = np.flatnonzero(np.isin(names, {[*known[part]]!r}))")
        others = [name for part in ("test", "validation") for name in known.get(part, ())]
        lines.append(f"train = np.flatnonzero(~np.isin(names, {others!r}))")
        lines += [
            f"train, {part} = hold_back(train, {share!r}, groups, random)"
            for part, share in self.shares().items()
        ]
        return tuple(lines)

    def _known(self) -> Mapping[Part, tuple[str, ...]]:
        return self.names or NAMES

    def _rows(self, table: Table) -> dict[Part, np.ndarray]:
        """The row numbers of each part.

        Raises:
            DataError: if a value names no part.
        """
        words = owners(table, self.column, "column")
        if not self.names:
            words = np.array([word.lower() for word in words], dtype=object)
        known = self._known()
        there = set(words.tolist())
        for part, names in self.names.items():
            lacking = [name for name in names if name not in there]
            if lacking:
                raise DataError(
                    f"column {self.column!r} is {lacking[0]!r} in no row of {table.origin}. "
                    f"Expected values that it has: {listed(map(repr, sorted(there - {''})), 8)}.",
                    key=("data", "split", "names", part),
                    suggestion=nearest(lacking[0], sorted(there)),
                )
        parts: dict[Part, np.ndarray] = {
            part: np.flatnonzero(np.isin(words, list(names))) for part, names in known.items()
        }
        if self.names and "train" not in self.names:
            others = [name for names in known.values() for name in names]
            parts["train"] = np.flatnonzero(~np.isin(words, others) & (words != ""))
        unknown = np.ones(len(words), dtype=bool)
        for rows in parts.values():
            unknown[rows] = False
        if unknown.any():
            row = int(unknown.argmax())
            value = owners(table.take(slice(row, row + 1)), self.column, "column")[0]
            wanted = listed(name for names in known.values() for name in names)
            line = {"by": "column", "column": self.column, "names": {"test": [value]}}
            what, otherwise = "is empty", ""
            if words[row]:
                what = f"is {cut(value)!r}"
                otherwise = "; or say which values mean what, such as "
                otherwise += f"`{to_line(('data', 'split'), line)}`"
            raise DataError(
                f"column {self.column!r} {what} in {table.row(row)}, which names no part. "
                f"Expected one of: {wanted}{otherwise}.",
                key=("data", "split", "column"),
                row=row,
            )
        return parts
