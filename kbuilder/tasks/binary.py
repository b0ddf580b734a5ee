"""One of two classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.contracts import Choice, Match
from kbuilder.errors import DataError, listed, nearest
from kbuilder.late import np
from kbuilder.probabilities.calibration import Calibrate, calibration_error
from kbuilder.probabilities.thresholds import USUAL, Threshold, is_yes, limit_of
from kbuilder.refusals import refuse
from kbuilder.spec import Fraction, Positive, Spec
from kbuilder.tables.profile import Profile
from kbuilder.tasks import _labels
from kbuilder.tasks._weighing import Counts, average, mean, plain, ranked, ratio, single

YES = ("true", "1", "yes", "y", "t", "positive", "pos")
LOSSES = ("binary_crossentropy", "binary_focal_crossentropy")


class Binary(Spec):
    """One of two classes: `Dense(1, sigmoid)` and binary_crossentropy.

    The output is the probability of the positive class. Decoded: `label`, `probability` (of that
    label), `probabilities` (of both, the positive last).
    """

    positive: Annotated[
        str | int | None,
        BeforeValidator(lambda value: str(value) if isinstance(value, bool) else value),
    ] = None
    """The class whose probability is the output; left out: True, 1, yes, positive, or the rarer."""
    classes: Annotated[_labels.Classes, Field(min_length=2, max_length=2)] | None = None
    """Both classes, the positive last; left out: the two values of the training rows."""
    threshold: Threshold = USUAL
    """The probability from which on the answer is the positive class, 0 < p < 1; or how it is
    chosen on the validation rows: auto is {metric: f1}."""
    calibrate: Calibrate = "auto"
    """Whether probabilities are divided by a temperature, chosen on the validation rows (Guo et al.
    2017, arXiv:1706.04599). auto: where the calibration error of 100 or more of them falls."""
    loss: str = "binary_crossentropy"
    """binary_crossentropy, or binary_focal_crossentropy (Lin et al. 2017, arXiv:1708.02002)."""
    label_smoothing: Fraction = 0.0
    """Share of the target that is spread over yes and no alike; 0 <= p < 1 (Szegedy et al. 2015,
    arXiv:1512.00567)."""
    gamma: Annotated[float, Field(ge=0)] | None = None
    """Focal loss: how much less a row counts that is right already; >= 0; left out: 2."""
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Focal loss: weight of the positive class, and 1 - alpha of the negative; 0 < alpha < 1; left
    out: both weigh 1."""
    loss_weight: Positive = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    headline: ClassVar[str] = "accuracy"
    rare_headline: ClassVar[str] = "auc"
    """What it is judged by where nearly all rows are of one class, or the threshold is not 0.5."""
    stratified: ClassVar[bool] = True
    teaches: ClassVar[Literal["class"]] = "class"

    @model_validator(mode="after")
    def _parts_agree(self) -> Any:
        _labels.check_loss(self.loss, LOSSES, "one sigmoid")
        _labels.check_arguments(self.loss, LOSSES, self._scoring)
        if self.classes and self.positive is not None and self.positive != self.classes[1]:
            raise refuse(
                ("positive",), "the positive class is the last of `classes`, "
                f"{self.classes[1]!r}. Expected the same here, or one of the two left out",
                self.positive,
            )  # fmt: skip
        return self

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Two different values."""
        if profile.kind not in ("number", "string") or profile.distinct != 2:
            return None
        return Match(0.8, "the target has two different values")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The two classes, and which of them is positive."""
        counts = _labels.count_labels(column, values)
        if len(counts) != 2:
            raise DataError(
                f"the target {column!r} has {len(counts)} values: "
                f"{listed(repr(label) for label in _labels.in_order(counts))}. "
                "Expected two for a binary task; write `task: multiclass` for more.",
                key=("task",) if len(counts) > 2 else ("data", "target"),
            )
        pair = _labels.in_order(counts)
        numbers = {str(label): count for label, count in counts.items()}
        positive, reason = self._positive(column, pair, [numbers[str(label)] for label in pair])
        negative = pair[0] if pair[1] == positive else pair[1]
        return {"classes": Choice((negative, positive), f"positive is {positive!r}: {reason}")}

    def _positive(self, column: str, pair: Any, counts: list[int]) -> tuple[Any, str]:
        if self.positive is not None:
            given = [label for label in pair if str(label) == str(self.positive)]
            if not given:
                raise DataError(
                    f"the positive class {self.positive!r} is none of the values of {column!r}: "
                    f"{listed(repr(label) for label in pair)}.",
                    key=("task", "positive"),
                    suggestion=nearest(self.positive, pair),
                )
            return given[0], "as the recipe says"
        says_yes = [label for label in pair if str(label).lower() in YES]
        if len(says_yes) == 1:
            return says_yes[0], "it says yes"
        rarer = pair[0] if counts[0] < counts[1] else pair[1]
        return rarer, f"the rarer, {min(counts):,} of {sum(counts):,} training rows"

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """1 for the positive class. (rows, 1) float32"""
        return _labels.index(column, values, self.classes or ())[:, None].astype(np.float32)

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        return _labels.last_layer(tensor, 1, "sigmoid", output, name)

    def explain(self) -> dict[str, Choice]:
        return {
            "last layer": Choice("Dense(1, sigmoid)", "of two classes one probability says both"),
            "loss": Choice(self.loss, "it scores the probability of a yes or no"),
        }

    @property
    def _scoring(self) -> dict[str, float | None]:
        """The arguments of the loss."""
        return {
            "label_smoothing": self.label_smoothing or None,
            "gamma": self.gamma,
            "alpha": self.alpha,
        }

    def objective(self) -> tuple[Any, list[Any]]:
        import keras

        metrics = keras.metrics
        loss = _labels.create_loss(self.loss, self._scoring)
        return loss, [
            metrics.BinaryAccuracy(name="accuracy", threshold=limit_of(self.threshold)),
            metrics.AUC(name="auc"),
        ]

    def script(self, columns: tuple[str, ...]) -> str:
        positive = (self.classes or ("", ""))[1]
        values = "integers" if isinstance(positive, int) else "words"
        return f"({values}(table[{columns[0]!r}]) == {positive!r}).astype(np.float32)[:, None]"

    def decode(self, outputs: Any) -> dict[str, Any]:
        """label (batch,), probability (batch,) of that label, probabilities (batch, 2)."""
        import tensorflow as tf

        positive = tf.reshape(outputs, [-1])
        both = tf.stack([1.0 - positive, positive], axis=1)
        place = tf.cast(positive >= limit_of(self.threshold), tf.int32)
        return {
            "label": tf.gather(_labels.constant(self.classes or (0, 1)), place),
            "probability": tf.gather(both, place, batch_dims=1),
            "probabilities": both,
        }

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        return answers["probabilities"][:, 1:]

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """accuracy, auc and pr_auc (left out where one class is absent), f1, precision, recall;
        calibration_error, of the probability of the positive class."""
        found = plain(self.figures(encoded, outputs, single(encoded, weights)))
        sure, right = outputs[:, 0].astype(np.float64), encoded[:, 0] > 0.5
        return {**found, "calibration_error": calibration_error(sure, right, weights)}

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The same for each set of weights, but for calibration_error, which resampling raises."""
        truth, guess = encoded[:, 0] > 0.5, is_yes(outputs[:, 0], limit_of(self.threshold))
        counts = Counts.of(truth, guess, weights)
        found = {"accuracy": mean(truth == guess, weights)}
        if ordered and truth.any() and not truth.all():
            found["auc"], found["pr_auc"] = ranked(truth, outputs[:, 0], weights)
        found["f1"] = counts.f1()
        found["precision"] = ratio(counts.both, counts.guessed)
        found["recall"] = ratio(counts.both, counts.true)
        return found

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The share of the positive class, for every row."""
        return "majority", average(encoded, weights)

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        return encoded[:, 0].astype(np.int64)
