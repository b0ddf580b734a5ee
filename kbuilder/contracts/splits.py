"""What a division of the rows promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kbuilder.contracts.features import Feature
from kbuilder.contracts.values import Choice, Division, Match, Strata

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.tables.profile import Profile
    from kbuilder.tables.table import Table


class Splitting(Protocol):
    """How rows are divided into training, validation and test."""

    @property
    def seed(self) -> int: ...
    @property
    def test(self) -> float | None: ...
    @property
    def validates(self) -> bool:
        """Whether rows may be held back for validation."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it divides by."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of them that say where a row belongs, and are no inputs by themselves."""

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """How surely a column says how the rows are divided, for a warning; None: it does not."""

    def learn(
        self, table: Table, test: Table | None, features: Mapping[str, Feature]
    ) -> dict[str, Choice]:
        """The fields that were left open.

        Args:
            table: The rows to divide.
            test: Test rows of the source's own.
            features: The features that the recipe writes.

        Raises:
            DataError: if a column is not there, or says something else.
        """

    def divide(self, table: Table, strata: Strata, random: np.random.Generator) -> Division:
        """The rows of each part; the fields are learned.

        Raises:
            DataError: if a part that the recipe asks for would be empty.
        """

    def mixes(self, train: Table, held: Table, part: str) -> str | None:
        """What rows of the source's own have in common with training, that they should not.

        Args:
            train: The training rows.
            held: Those that are held back.
            part: For what: validation or test.
        """

    def script(self, table: Table, classes: bool, written: Callable[[Any], str]) -> tuple[str, ...]:
        """Statements after which `train`, and `validation` and `test` where there are some, are row
        numbers.

        They may use `rows`, NumPy arrays by column, `train`, the numbers of all rows, `groups`, as
        `divide` has them, `random`, a NumPy generator, and the functions `numbers`, `integers`,
        `words`, `labels` (numbers as words), `hold_back`, `hold_whole`, `hold_latest` and
        `hold_latest_whole`.

        Args:
            table: Rows of the fit, whose columns have the types that it read them by.
            classes: As `Strata` has it.
            written: Gives the expression of a Keras layer.
        """


@runtime_checkable
class Owning(Protocol):
    """A division that holds rows together that belong to one owner."""

    @property
    def owner(self) -> str | None:
        """The column that says whose a row is; None: rows stand alone."""


@runtime_checkable
class Folding(Protocol):
    """A division that can hold out all rows in turn."""

    @property
    def folds(self) -> Any:
        """How many folds, and what becomes of them: `count` and `model`; None: there are none."""

    def fold(self, table: Table, strata: Strata, random: np.random.Generator) -> list[Division]:
        """The rows of each fold as `test`, and of the others `train`, and `validation` if wanted.

        Test rows that `divide` holds back, with the same `random`, are in none of them.

        Raises:
            DataError: if there are too few rows for so many folds.
        """
