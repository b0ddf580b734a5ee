"""What the ways of dividing share: the fields, and what is said of a part without rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Feature, Match
from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.refusals import refuse
from kbuilder.spec import Fraction, Spec
from kbuilder.splits._folds import OfFolds
from kbuilder.tables.profile import Profile
from kbuilder.tables.table import Table


class Shares(Spec):
    """Abstract: shares of the rows are held back for validation and test."""

    validation: Fraction = 0.1
    """Share of the rows (without the test rows) held back for validation; 0 <= validation < 1."""
    test: Fraction | None = None
    """Share of the rows held back for the test; left out: 0.1, or 0 if the source has test rows or
    there are folds."""
    folds: OfFolds | None = None
    """How many folds the rows are in, each of which is held out once, or what `Folds` has; left
    out: none. Test rows, where `test` or the source has some, stay apart from all folds."""
    seed: int = Field(default=0, ge=0)
    """Seed of the division."""

    @model_validator(mode="after")
    def _leaves_rows_to_train(self) -> Any:
        held_back = (self.validation or 0.0) + (self.test or 0.0)
        if held_back >= 1:
            raise refuse(
                ("validation",),
                f"validation and test together hold back {held_back:g} of the rows. "
                "Expected less than 1, so that rows are left to train on",
                self.validation,
            )
        return self

    @property
    def validates(self) -> bool:
        return bool(self.validation)

    @property
    def reads(self) -> tuple[str, ...]:
        return ()

    @property
    def keys(self) -> tuple[str, ...]:
        return ()

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        return None

    def learn(
        self, table: Table, test: Table | None, features: Mapping[str, Feature]
    ) -> dict[str, Choice]:
        """The share of the test."""
        if self.test is not None:
            return {}
        if test is not None:
            return {"test": Choice(0.0, "the source has test rows of its own")}
        if self.folds is not None:
            return {"test": Choice(0.0, "each row is held out once, in one of the folds")}
        return {"test": Choice(0.1, "the source has no test rows of its own")}

    def mixes(self, train: Table, held: Table, part: str) -> str | None:
        return None

    def shares(self) -> dict[str, float]:
        """The parts that are held back, in this order, with their shares."""
        known = {"test": self.test or 0.0, "validation": self.validation or 0.0}
        return {part: share for part, share in known.items() if share}

    @property
    def count(self) -> int:
        """How many folds there are."""
        assert self.folds is not None, "the rows are in folds"
        return self.folds.count

    @staticmethod
    def check(part: str, share: float, rest: np.ndarray, held: np.ndarray, what: str) -> None:
        """Check that rows are held back, and that some are left.

        Raises:
            DataError: if not.
        """
        if not len(rest) or not len(held):
            raise DataError(
                f"{what} are too few to hold back {share:.0%} of them for {part}. "
                f"Expected more rows, or `data: {{split: {{{part}: 0}}}}`.",
                key=("data", "split", part),
            )
