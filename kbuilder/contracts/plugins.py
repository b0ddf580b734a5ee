"""What each kind of plug-in promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Protocol,
    runtime_checkable,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from kbuilder.tables.cells import Words
    from kbuilder.tables.keeping import Keep
    from kbuilder.tables.profile import Profile
    from kbuilder.tables.table import Part, Table

from kbuilder.contracts.values import (
    Arranged,
    Choice,
    Division,
    Form,
    Holds,
    Match,
    Numeric,
    Script,
    Signal,
    Strata,
)


class Follower(Protocol):
    """Sets the learning rate during the fit."""

    @property
    def each_step(self) -> bool:
        """Whether it has to be asked before every step now, so that each is a call of its own."""

    def step(self, batch: int) -> None:
        """Before a step of the epoch, from 0, and before each epoch; it may skip some."""

    def end(self, figures: Mapping[str, float]) -> None:
        """After an epoch with such losses and metrics."""

    def get_state(self) -> dict[str, Any]:
        """What it goes by, as JSON values."""

    def set_state(self, known: Mapping[str, Any]) -> None:
        """Go by what `get_state` gave."""


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


class Piece(Protocol):
    """A block: a piece of a network, from one tensor to one. See `layer_lists.Block`."""

    @property
    def lists(self) -> Mapping[Any, Any]: ...
    @property
    def closing(self) -> bool: ...
    @property
    def ranks(self) -> tuple[int, ...]: ...
    def apply(self, x: Any, place: Any) -> Any: ...
    def passed(self, x: Any, mask: Any, place: Any) -> tuple[Any, Any]:
        """The output, and which of its steps are real."""


class Augmentation(Protocol):
    """A random change of training images that leaves what they show.

    Each image of a batch has its own draw. Nothing is changed but in training.
    """

    def unfit(self, height: int, width: int) -> str | None:
        """Why images of so many pixels cannot be changed so, or None."""

    def apply(self, images: Any) -> Any:
        """The changed images (batch, height, width, channels), of about 0 to 1."""


class Architecture(Protocol):
    """From a tensor of one form to a vector; never knows the task."""

    forms: ClassVar[tuple[Form, ...]]

    def apply(self, signal: Signal) -> Any:
        """The network without its last layer. Returns a KerasTensor (batch, d), or a `Body`.

        Raises:
            BuildError: if the network cannot be built on such an input.
        """


@runtime_checkable
class Adaptive(Protocol):
    """An architecture that fits itself to the shape of its input, and says so."""

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """The fields that were left open (None or `auto`), from the shape of the input.

        Raises:
            BuildError: as `apply`.
        """


class Task(Protocol):
    """What is predicted: the last layer, the loss, the metrics, the names of the outputs."""

    headline: ClassVar[str]
    """The metric, higher being better, that a run is judged by."""
    stratified: ClassVar[bool]
    """Whether rows have one class each, whose shares the parts keep."""

    @property
    def loss_weight(self) -> float:
        """How much its loss counts beside those of other targets; > 0."""

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """How surely a target is of this task; None: it is not."""

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The fields that were left open (classes, scale), from the training rows alone.

        Raises:
            DataError: if the target does not fit the task.
        """

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """Target values as the loss takes them: (rows, units) float32.

        Raises:
            DataError: if a value is missing, or is none of the classes.
        """

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        """The last layer, called on (batch, d).

        Args:
            tensor: What the architecture gives.
            output: Makes the layer of so many units that stands in for Dense (see `Body`).
            name: The name of the last layer.
        """

    def explain(self) -> dict[str, Choice]:
        """The last layer and the loss in words, each with the reason for it."""

    def objective(self) -> tuple[Any, list[Any]]:
        """The Keras loss and metrics, as objects: Keras guesses wrongly from names."""

    def script(self, columns: tuple[str, ...]) -> str:
        """An expression that is what `encode` returns.

        It may use `table`, NumPy arrays by column, and the functions `numbers`, `integers` and
        `words`, which read a column as float64, int64 and text, and `one_hot(values, classes)`.
        """

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Tensors by name from the network's outputs (batch, units), in TensorFlow."""

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        """The network's outputs (rows, units) that `decode` makes into such answers."""

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Metrics of `outputs` against encoded targets, in the target's own units.

        Args:
            encoded: What `encode` gives.
            outputs: The network's outputs.
            weights: How much each row counts, > 0, float64 (rows,); None: all alike.
        """

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The name, and the outputs (units,), of the best answer that ignores the input.

        Args:
            encoded: The targets of the training rows.
            weights: As `score` takes them; 0 too.
        """

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        """Class number of each row, for class weights; None where rows have no single class."""


class Schedule(Protocol):
    """How the learning rate goes over the fit."""

    needs_validation: ClassVar[bool]
    """Whether it looks at the validation loss."""

    @property
    def warm_up(self) -> float | None:
        """Epochs in which the rate rises to its height."""

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        """What a Keras optimizer takes as its learning rate: a schedule object, or a number.

        Args:
            learning_rate: The height that the rate starts from, or rises to.
            steps: Steps per epoch, >= 1.
            epochs: Epochs of the fit, >= 1.
        """

    def follow(self, model: Any, steps: int) -> Follower | None:
        """What sets the rate during the fit; None where the schedule object says all.

        Args:
            model: The network, compiled.
            steps: Steps per epoch.
        """

    def script(self) -> Mapping[str, str]:
        """Expressions of Keras callbacks, by name, that do what `follow` does.

        They may use `model`, `steps` (per epoch) and `rising(model, steps)`, which lets the rate
        rise in a line.
        """


CONTRACTS: dict[str, type] = {
    "sources": Source, "splits": Splitting, "features": Feature, "augmentations": Augmentation,
    "tasks": Task, "architectures": Architecture, "blocks": Piece, "schedules": Schedule,
}  # fmt: skip
"""What a plug-in promises, by its folder."""
