"""What a feature promises, and what some do beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from kbuilder.contracts.values import Arranged, Choice, Form, Holds, Match, Numeric, Signal

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.tables.profile import Profile


class Feature(Protocol):
    """One raw column becomes one tensor of one form."""

    holds: ClassVar[Holds]

    @property
    def form(self) -> Form: ...
    @property
    def packed(self) -> bool:
        """Whether the preprocessed tensor is a finished (batch, d) vector, to be joined."""

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """How surely a column is of this kind; None: it is not."""

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The fields that were left open, learned from the training rows alone.

        Raises:
            DataError: if the column cannot be of this kind.
        """

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """`values` in the dtype and shape that the exported model takes.

        Raises:
            DataError: naming the first value that cannot be converted.
        """

    def layer(self) -> Any:
        """The Keras layer that preprocesses a batch of raw values."""

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        """Shape (batch first, as None) and dtype of the raw input of the exported model."""

    def embed(self, tensor: Any) -> Signal:
        """The first step inside the network: from the preprocessed tensor to its form."""

    @property
    def choices(self) -> tuple[str | int, ...] | None:
        """The values that it has learned by name, to choose from; None: any value."""

    def describe(self) -> str:
        """How raw values are prepared, for people who prepare them without kbuilder."""

    def numeric(self, integers: str) -> Numeric | None:
        """How it goes into an export that takes numbers alone; None: it does not.

        Args:
            integers: The dtype that the runtime computes whole numbers in.
        """

    def script(self, values: str) -> str:
        """An expression for the raw column, as `layer` takes it.

        Args:
            values: The expression of the column as it was read. It may go through the functions
                `numbers`, `integers` and `words` (see `Task.script`).
        """

    def unlearned(self, written: Any) -> Any | None:
        """The layer before it learns from training rows, by `adapt`; None: it does not.

        Args:
            written: The feature as the recipe has it, with what it leaves open.
        """


@runtime_checkable
class Discerning(Protocol):
    """A feature that can tell values that are unlike those of the training rows."""

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which rows have a value, and which of them one that is unknown, or far off.

        Args:
            raw: What `Feature.raw` gives.

        Returns:
            Twice (rows,) bool; or (rows, steps), where each step has a value.
        """


@runtime_checkable
class Watched(Discerning, Protocol):
    """A feature whose strange values are known by what `kbuilder.json` says of it, to servers."""

    def watched(self) -> dict[str, Any]:
        """What it says, JSON values by key; of others nothing is counted.

        Keys:
            range: The least and the greatest number that are like those of training.
            date: How a date is written (`kbuilder.tables.dates.FORMATS`).
            tokens: The whole numbers that are known, with `length` and `padding` of a row.
            steps: How many steps of a sequence are read, with its `padding`.
        """


@runtime_checkable
class Worded(Discerning, Protocol):
    """A feature of which only the layer knows what it reads: an export has a function that says."""

    def reads(self, prepared: Any) -> Any:
        """Of which rows something is known.

        Args:
            prepared: What the layer gives. (rows, …)

        Returns:
            (rows,) bool, a tensor.
        """


@runtime_checkable
class Pathed(Protocol):
    """A feature whose values may be the paths of files, in place of what the files hold."""

    @property
    def takes_paths(self) -> bool:
        """Whether its values are the content of files."""

    @property
    def root(self) -> str | None:
        """The folder that the paths begin in, relative to the file of the rows."""

    @property
    def ending(self) -> str | None:
        """What the paths lack at their ends."""


@runtime_checkable
class Joining(Protocol):
    """A feature whose arrays may be made of several columns of numbers."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names and patterns of them, as the recipe has them; none: it is a column itself."""

    @property
    def members(self) -> tuple[str, ...]:
        """The columns that they are, in their order; learned."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape that the numbers of a row get; None: a vector."""

    def expect_shape(self, column: str, count: int) -> None:
        """Check that so many numbers are one row.

        Raises:
            DataError: with both numbers, or the line to write.
        """


@runtime_checkable
class Cutting(Discerning, Protocol):
    """A feature that reads a part of values that are too long, which are the strange ones."""

    @property
    def cut(self) -> str:
        """What becomes of such a value, after "is": for a warning."""


@runtime_checkable
class Explaining(Discerning, Protocol):
    """A feature that says in which way its strange values are strange."""

    @property
    def unlike(self) -> str:
        """What such a value is, after "is": for a warning."""


@runtime_checkable
class Spelling(Protocol):
    """A feature whose prepared numbers stand for words each, or for labels."""

    def spell(self, prepared: np.ndarray) -> list[str]:
        """The word of each number of a row; empty, where there is none.

        Args:
            prepared: What `layer` gives for the row. (numbers,)
        """


@runtime_checkable
class Knotted(Protocol):
    """A feature whose vector begins with a number, between whose quantiles a network may look."""

    @property
    def knots(self) -> tuple[float, ...] | None:
        """Quantiles of the training values, rising, as `layer` gives them; none: it has too few."""


@runtime_checkable
class Timed(Protocol):
    """A feature that knows when something was."""

    def order(self, column: str, values: np.ndarray) -> str:
        """How most values are written.

        Raises:
            DataError: if they are no dates, or could be written in two ways.
        """

    def seconds(self, column: str, values: np.ndarray) -> np.ndarray:
        """Seconds since 1970, NaN where there is no date. (rows,) float64"""


@runtime_checkable
class Arranging(Protocol):
    """A feature whose rows are arrays of numbers, or may be."""

    def arranged(self, column: str, values: np.ndarray) -> Arranged | None:
        """The rows of training as the network gets them, not scaled; None: they are no arrays.

        Raises:
            DataError: as `learn`.
        """


@runtime_checkable
class Reforming(Protocol):
    """A feature that can be given in another form."""

    def reform(self, forms: Collection[Form]) -> Mapping[str, Any] | None:
        """The fields by which it is of one of these forms, beside its kind; None: none are."""


@runtime_checkable
class Wide(Protocol):
    """A feature whose vectors may be long."""

    @property
    def width(self) -> int:
        """How many numbers a value becomes, once learned."""


@runtime_checkable
class Encoded(Protocol):
    """A feature whose raw values may be encoded files."""

    @property
    def encodings(self) -> Mapping[str, Any]:
        """What its entry in `kbuilder.json` says of them; empty where it takes none."""


def unlike(feature: Feature) -> str:
    """What a strange value of a feature is, after "is"."""
    if isinstance(feature, Cutting):
        return feature.cut
    if isinstance(feature, Explaining):
        return feature.unlike
    return "far from those of training" if feature.choices is None else "unknown to the model"
