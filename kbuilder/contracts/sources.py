"""What a source promises, and what some do beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kbuilder.contracts.splits import Splitting
from kbuilder.contracts.values import Choice, Script

if TYPE_CHECKING:
    from pathlib import Path

    from kbuilder.tables.cells import Words
    from kbuilder.tables.keeping import Keep
    from kbuilder.tables.table import Part, Table


class Source(Protocol):
    """Rows with named columns."""

    @property
    def target(self) -> tuple[str, ...]: ...
    @property
    def ignore(self) -> tuple[str, ...]: ...
    @property
    def split(self) -> Splitting: ...

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """The rows to learn from, and the source's own test rows if it has some.

        Args:
            words: Columns that the recipe says are texts, even if each value is a number, and
                those of their words that it names: they are never missing values.

        Raises:
            DataError: if there are no rows, or they cannot be read.
        """

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of another file of the same kind, to predict or evaluate; target or not.

        Args:
            path: The file.
            words: Columns that training knows as texts, as `load` takes them.
            keep: Columns to carry over beside the predictions, in `Table.kept`; `all`: every one.

        Raises:
            DataError: if they cannot be read, or have no such column to keep.
        """

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """What `read` gives, part by part; without the whole in memory, where the kind of file
        allows it.

        Args:
            path, words, keep: As `read` takes them.
            wanted: The columns that are needed.
            size: The rows of a part.
            start: The row to begin with, counted from 0.

        Raises:
            DataError: as `read`, when the reading comes to what is wrong.
        """

    def script(self, words: Words | None = None) -> Script:
        """Statements after which `rows`, and `test` if the source has test rows of its own, are
        NumPy arrays by column.

        Args:
            words: Columns that are texts to the model, as `load` takes them.

        Raises:
            CallError: if no script could read the rows.
        """


@runtime_checkable
class Validating(Protocol):
    """A source that may have rows for validation of its own."""

    def validation(self, train: Table, words: Words | None = None) -> Table | None:
        """The rows for validation; None: there are none of its own.

        Args:
            train: The rows to learn from, as `load` gave them.
            words: As `load` takes them.

        Raises:
            DataError: if they cannot be read.
        """


@runtime_checkable
class Settling(Protocol):
    """A source that can say by itself how its files are written."""

    def settle(self) -> dict[str, Choice]:
        """The fields that were left open, each with the reason; those that go without saying not.

        Raises:
            DataError: if a file cannot be read.
        """


@runtime_checkable
class Filed(Protocol):
    """A source all of whose rows come of files that it can name."""

    def files(self) -> Sequence[Path]:
        """The files that `load` and `validation` read, each once.

        Raises:
            DataError: if there are none.
        """


@runtime_checkable
class Gathering(Protocol):
    """A source whose rows are files, of which it takes any number."""

    def gather(self, paths: Sequence[Path], words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of files, folders and patterns, in their order.

        Args:
            paths: What is read.
            words, keep: As `read` takes them.

        Raises:
            DataError: if some cannot be read.
        """


@runtime_checkable
class Foldered(Protocol):
    """A source that reads the files of a folder."""

    @classmethod
    def holds(cls, path: Path) -> int:
        """How many of its files a folder holds, as far as is looked."""
