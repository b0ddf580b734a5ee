"""Numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from kbuilder.contracts import Choice, Match
from kbuilder.errors import BuildError, DataError, listed
from kbuilder.late import np
from kbuilder.probabilities import thresholds
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Numbers, Positive, Spec
from kbuilder.tables import targets
from kbuilder.tables.amounts import way_to_read
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import kind_of
from kbuilder.tasks import _labels
from kbuilder.tasks._weighing import average, mean, plain, ratio, single

EXACT = 100.0
"""So many deviations from 0 float32 has room for all values of a target."""
LEAST = 1e-12
"""The share of squares that is more than rounding."""
HIGHEST = 80.0
"""Of a logarithm: float32 has no room for more."""
SKEWED, EVEN = 3.0, 1.0
"""The skewness of a target from which on a line names `log`, and that which its logarithm has."""
LOSSES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


class Regression(Spec):
    """k >= 1 numbers: `Dense(k, linear)` and mean_squared_error.

    Targets are standardised for training; `value` and all metrics of evaluation come in the
    target's own units.
    """

    outputs: Count | None = None
    """Number of targets; left out: as many as the data has, and 1 in Python."""
    transform: Literal["none", "log"] = "none"
    """log: the network learns the logarithm of targets that are above 0, so that a few large values
    do not rule the loss; mean and scale are of the logarithms. The answer is then nearer to the
    middle of such rows (the median) than to their mean: sums of answers are too small."""
    mean: Numbers | None = None
    """Subtracted from each target; left out: the mean of the training rows."""
    scale: Numbers | None = None
    """Each target is divided by it; left out: the standard deviation of the training rows."""
    loss: str = "mean_squared_error"
    """mean_squared_error, mean_absolute_error, huber or log_cosh."""
    loss_weight: Positive = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    headline: ClassVar[str] = "r2"
    stratified: ClassVar[bool] = False
    teaches: ClassVar[Literal["numbers"]] = "numbers"

    @model_validator(mode="before")
    @classmethod
    def _without_probabilities(cls, given: Any) -> Any:
        thresholds.refuse_in(given, "threshold", "a number has no probability")
        thresholds.refuse_in(given, "calibrate", "a number has no probability")
        return given

    @model_validator(mode="after")
    def _parts_agree(self) -> Any:
        _labels.check_loss(self.loss, LOSSES, "linear")
        for field in ("mean", "scale"):
            given = getattr(self, field)
            if given is not None and self.outputs not in (None, len(given)):
                raise refuse(
                    (field,), f"there are {self.outputs} targets. Expected a number for each",
                    list(given),
                )  # fmt: skip
        if self.scale is not None and min(self.scale, default=0) <= 0:
            raise refuse(("scale",), "Expected numbers greater than 0", list(self.scale))
        return self

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Numbers that are not a few classes."""
        if profile.kind == "array" and len(profile.shape) == 1 and not profile.holds_flags:
            return Match(1.0, f"the target has {profile.shape[0]} numbers per row")
        if profile.kind == "number" and profile.distinct > 2 and not profile.counts_classes:
            return Match(0.8, f"the target has {profile.distinct:,} different numbers")
        return None

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Mean and deviation of each target."""
        given = self._numbers(column, values)
        numbers = self._moved(column, given)
        means, deviations = numbers.mean(axis=0), numbers.std(axis=0)
        if not np.all(deviations > 0):
            raise DataError(
                f"the target {column!r} has one value only: {given[0].tolist()}. "
                "Expected at least two, so that there is something to predict.",
                key=("data", "target"),
            )
        rows = f"{len(numbers):,} training rows"
        rows += ", of the logarithms" if self.transform == "log" else _advice(given)
        return {
            "outputs": Choice(numbers.shape[1], "the numbers per row"),
            "mean": Choice(tuple(means.tolist()), f"mean of {rows.partition(';')[0]}"),
            "scale": Choice(tuple(deviations.tolist()), f"standard deviation of {rows}"),
        }

    def _moved(self, column: str, numbers: np.ndarray) -> np.ndarray:
        """The numbers that are standardised: as they are, or their logarithms."""
        if self.transform == "none":
            return numbers
        wrong = np.flatnonzero((numbers <= 0).any(axis=1))
        if len(wrong):
            raise DataError(
                f"the target {column!r} is {numbers[wrong[0]].min():g}, which has no logarithm. "
                "Expected numbers above 0 in every row, or `transform: none`.",
                key=("task", "transform"), row=int(wrong[0]),
            )  # fmt: skip
        return np.log(numbers)

    def _numbers(self, column: str, values: np.ndarray) -> np.ndarray:
        targets.expect_one_axis(column, values)
        if kind_of(values) not in ("number", "array"):
            targets.expect_no_cells(column, values)
            words = [value for value in values[:1000] if isinstance(value, str)]
            some = f", such as {listed(repr(word) for word in words[:3])}" if words else ""
            raise DataError(
                f"the target {column!r} holds values that are no numbers{some}. "
                f"Expected numbers for regression{way_to_read(values)}.",
                key=("data", "target"),
            )
        numbers = values.astype(np.float64)  # None becomes NaN
        numbers = numbers[:, None] if numbers.ndim == 1 else numbers
        broken = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
        if len(broken):
            raise DataError(
                f"the target {column!r} has no finite value. Expected a number in every row.",
                key=("data", "target"),
                row=int(broken[0]),
            )
        return numbers

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """Standardised targets. (rows, k) float32"""
        numbers = self._numbers(column, values)
        if numbers.shape[1] != self.outputs:
            raise DataError(
                f"the target {column!r} has {numbers.shape[1]} numbers per row. "
                f"Expected {self.outputs}.",
                key=("data", "target"),
            )
        moved = self._moved(column, numbers)
        return ((moved - np.array(self.mean)) / np.array(self.scale)).astype(np.float32)

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        if output is not None:
            raise BuildError(
                "the network has a last layer of its own, which codes classes, and regression "
                "predicts numbers. Expected a task with classes, or the network's plain output.",
                key=("model",),
            )
        return _labels.last_layer(tensor, self.outputs or 1, None, None, name)

    def explain(self) -> dict[str, Choice]:
        return {
            "last layer": Choice(f"Dense({self.outputs or 1}, linear)", "a number has no bounds"),
            "loss": Choice(self.loss, "it measures the distance to the true number"),
        }

    def objective(self) -> tuple[Any, list[Any]]:
        import keras

        return _labels.create_loss(self.loss), [
            keras.metrics.MeanAbsoluteError(name="mae"),
            keras.metrics.RootMeanSquaredError(name="rmse"),
        ]

    def script(self, columns: tuple[str, ...]) -> str:
        if len(columns) > 1:
            stacked = ", ".join(f"numbers(table[{name!r}])" for name in columns)
            values = f"np.stack([{stacked}], axis=1)"
        else:
            values = f"numbers(table[{columns[0]!r}]).reshape(-1, {self.outputs})"
        values = f"np.log({values})" if self.transform == "log" else values
        scaled = f"({values} - {list(self.mean or ())}) / {list(self.scale or ())}"
        return f"({scaled}).astype(np.float32)"

    @property
    def _dtype(self) -> str:
        """What predicted values are: float64 where float32 would round away what tells them apart.

        Half a unit in the last place of float32 is 6e-8 of a value; of the deviation it is to be
        less than 1e-5.
        """
        means, scales = np.abs(self.mean or (0.0,)), np.array(self.scale or (1.0,))
        return "float64" if np.any(means > EXACT * scales) else "float32"

    def decode(self, outputs: Any) -> dict[str, Any]:
        """value (batch,), or (batch, k) for several targets, in their own units."""
        import tensorflow as tf

        dtype = tf.as_dtype(self._dtype)
        value = tf.cast(outputs, dtype) * tf.constant(self.scale, dtype)
        value += tf.constant(self.mean, dtype)
        if self.transform == "log":
            value = tf.exp(tf.minimum(value, HIGHEST))
        return {"value": tf.squeeze(value, axis=1) if self.outputs == 1 else value}

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        return self.encode("value", answers["value"])

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """r2, mae, rmse over all targets; mae and rmse in the targets' own units."""
        found = plain(self.figures(encoded, outputs, single(encoded, weights)))
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The same for each set of weights."""
        scale, centre = np.array(self.scale), np.array(self.mean)
        predicted = (outputs.astype(self._dtype) * scale + centre).astype(self._dtype)
        if self.transform == "log":
            truth = np.exp(encoded.astype(np.float64) * scale + centre)
            errors = np.exp(np.minimum(predicted, HIGHEST)) - truth
            away = truth - truth.mean(axis=0)
        else:
            errors = (predicted - centre) - encoded.astype(np.float64) * scale
            away = (encoded - encoded.mean(axis=0, dtype=np.float64)) * scale
        whole = mean(away**2, weights)
        spread = whole - mean(away, weights) ** 2
        squares = mean(errors**2, weights)  # (sets, targets)
        unexplained = ratio(squares, np.where(spread > LEAST * whole, spread, 0), np.nan)
        return {
            "mae": mean(np.abs(errors), weights).mean(axis=1),
            "rmse": np.sqrt(squares.mean(axis=1)),
            "r2": np.mean(1.0 - unexplained, axis=1),
        }

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The mean of each target, for every row."""
        if self.transform == "none":
            return "mean", average(encoded, weights)
        scale, centre = np.array(self.scale), np.array(self.mean)
        own = average(np.exp(encoded.astype(np.float64) * scale + centre), weights)
        return "mean", ((np.log(own) - centre) / scale).astype(np.float32)

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        return None


def _advice(numbers: np.ndarray) -> str:
    """What is said of a target that a few large values rule, and whose logarithm is even."""
    if numbers.shape[1] > 1 or numbers.min() <= 0:
        return ""
    skew, even = _skewness(numbers[:, 0]), _skewness(np.log(numbers[:, 0]))
    if skew < SKEWED or abs(even) > EVEN:
        return ""
    return (
        f"; a few large values rule the loss (skewness {skew:.1f}, {even:.1f} of the logarithms): "
        "where the middle of such rows is wanted rather than their mean, `transform: log`"
    )


def _skewness(numbers: np.ndarray) -> float:
    """The third moment, in units of the deviation."""
    away = numbers - numbers.mean()
    spread = away.std()
    return float(((away / spread) ** 3).mean()) if spread > 0 else 0.0
