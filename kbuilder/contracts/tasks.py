"""What a task promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from kbuilder.contracts.values import Choice, Form, Match, Signal

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.tables.profile import Profile


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


@runtime_checkable
class Teaching(Protocol):
    """A task that other models than networks can learn, which are the baselines of a run."""

    teaches: ClassVar[Literal["class", "flags", "numbers"]]
    """What its outputs are:

    class: the probability of each class that `groups` counts, or of the second of two · flags: the
    probability that each encoded number is 1 · numbers: the encoded numbers themselves
    """


@runtime_checkable
class Resampling(Protocol):
    """A task that gives its metrics for many sets of weights at once, as intervals need them."""

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The metrics that `score` gives, for each set of weights. Each (sets,)

        Args:
            encoded, outputs: As `score` takes them.
            weights: How much each row counts, >= 0, float64 (sets, rows).
            ordered: Whether metrics are among them that need the rows in order, which takes longer.
        """


@runtime_checkable
class Relative(Protocol):
    """A task whose network sees its input relative to something of each row, and answers so."""

    def relate(
        self, signals: Mapping[Form, Sequence[Signal]]
    ) -> tuple[Mapping[Form, Sequence[Signal]], Any]:
        """The signals as the network is to see them, and the tensor of what they are relative to.

        Args:
            signals: What the inputs carry, by form.
        """

    def restore(self, tensor: Any, ends: Any) -> Any:
        """The output of the network.

        Args:
            tensor: What `head` gave.
            ends: What `relate` gave beside the signals.
        """

    def alike(self, outputs: np.ndarray, answered: np.ndarray) -> np.ndarray:
        """Outputs of others, relative to what those of the network are: so their losses compare.

        Args:
            outputs: Of rows, as the network might have given them. (rows, n)
            answered: What the network gave for these rows. (rows, n)
        """


class Rolling(Protocol):
    """Origins from which is forecast, one after the other."""

    @property
    def windows(self) -> int:
        """How many."""

    @property
    def step(self) -> int | None:
        """Steps from one to the next; None: the horizon."""


@runtime_checkable
class Following(Relative, Protocol):
    """A task whose rows are windows of series, which are made of the rows of a table.

    A target has for each window the `horizon` steps that are to be forecast, the seasonal naive
    forecast of them, and two numbers that errors are scaled by; 0: they are not known.
    """

    @property
    def horizon(self) -> int:
        """Steps that are forecast."""

    @property
    def window(self) -> int | None:
        """Steps that a forecast is made from; None: as the series have it, like what is below."""

    @property
    def gap(self) -> int:
        """Steps between the last that is known and the first that is forecast."""

    @property
    def stride(self) -> int | None:
        """Steps between two windows of a series."""

    @property
    def known(self) -> tuple[str, ...]:
        """Columns that are known ahead."""

    @property
    def period(self) -> int | None:
        """Steps of a season."""

    @property
    def backtest(self) -> Rolling | None:
        """How often a network is fitted anew, on what was known at an earlier step."""

    @property
    def frequency(self) -> str | None:
        """The distance of two steps, as `Frequency` has it."""

    @property
    def gaps(self) -> Literal["error", "previous"]:
        """What becomes of steps that are missing."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """What is forecast beside the mean."""

    @property
    def naive_errors(self) -> Mapping[str, Sequence[float]] | None:
        """What errors are scaled by, by series; None: it was not learned."""

    def naive(self, encoded: np.ndarray) -> np.ndarray:
        """The outputs of the seasonal naive forecast of these rows."""

    def residuals(self, encoded: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """The truth less the forecast at each step, in the target's own units. (rows, h)"""

    def by_step(self, encoded: np.ndarray, outputs: np.ndarray) -> Mapping[str, list[float]]:
        """The errors of each step of the horizon, by metric."""


@runtime_checkable
class Deciding(Protocol):
    """A task whose answers are yes from a probability on, for each of its outputs."""

    @property
    def threshold(self) -> Any:
        """The probability, or how it is chosen: `Threshold` in `kbuilder.probabilities`."""


@runtime_checkable
class Calibrating(Protocol):
    """A task of probabilities, which may be calibrated once the network is fitted."""

    @property
    def calibrate(self) -> Literal["auto"] | bool:
        """Whether they are; auto: where rows that were held back say that it helps."""
