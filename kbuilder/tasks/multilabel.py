"""A set of names per row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Match
from kbuilder.errors import DataError, listed, nearest
from kbuilder.late import np
from kbuilder.probabilities.calibration import Calibrate, calibration_error
from kbuilder.probabilities.thresholds import USUAL, Threshold, is_yes, limit_of
from kbuilder.spec import Fraction, Positive, Spec
from kbuilder.tables import sets
from kbuilder.tables.profile import Profile, separator_of
from kbuilder.tables.values import kind_of
from kbuilder.tasks import _labels
from kbuilder.tasks._weighing import Counts, average, mean, mean_ranked, plain, single

LOSSES = ("binary_crossentropy", "binary_focal_crossentropy")


class Multilabel(Spec):
    """Any number of n labels per row: `Dense(n, sigmoid)` and binary_crossentropy.

    The target is a list of names, a text of names between separators, several columns of 0 and 1,
    or an array of 0 and 1. Decoded: `labels` (batch, n), the names of probability `threshold` or
    more with "" in the other places, and `probabilities` (batch, n).
    """

    classes: _labels.Classes | None = None
    """The labels in order; left out: those of the training rows."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between two names where the target is a text, or "[]" for lists as JSON or Python
    writes them; left out: as the texts have it, else "|"."""
    threshold: Threshold = USUAL
    """The probability from which on a row has a label, 0 < p < 1, one for all labels; or how it is
    chosen on the validation rows, all labels counted together: auto is {metric: f1}."""
    calibrate: Calibrate = "auto"
    """Whether probabilities are divided by a temperature, chosen on the validation rows (Guo et al.
    2017, arXiv:1706.04599). auto: where the calibration error of 100 or more of them falls."""
    loss: str = "binary_crossentropy"
    """binary_crossentropy, or binary_focal_crossentropy (Lin et al. 2017, arXiv:1708.02002)."""
    label_smoothing: Fraction = 0.0
    """Share of each target that is spread over yes and no alike; 0 <= p < 1 (Szegedy et al. 2015,
    arXiv:1512.00567)."""
    gamma: Annotated[float, Field(ge=0)] | None = None
    """Focal loss: how much less a row counts that is right already; >= 0; left out: 2."""
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Focal loss: weight of a yes, and 1 - alpha of a no; 0 < alpha < 1; left out: both weigh 1."""
    loss_weight: Positive = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    empty: ClassVar[bool] = True
    """Whether a row without a target has one all the same: the empty set."""
    headline: ClassVar[str] = "micro_f1"
    rare_headline: ClassVar[str] = "auc"
    """What it is judged by where the threshold is not 0.5."""
    stratified: ClassVar[bool] = False
    teaches: ClassVar[Literal["flags"]] = "flags"

    @model_validator(mode="after")
    def _loss_fits(self) -> Any:
        _labels.check_loss(self.loss, LOSSES, "a sigmoid per label")
        _labels.check_arguments(self.loss, LOSSES, self._scoring)
        return self

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Lists of names, or arrays of 0 and 1."""
        if profile.kind == "list":
            return Match(1.0, "the target holds lists of names")
        if profile.measures:
            return None
        if profile.separator == sets.LISTS:
            return Match(1.0, "the target holds lists of names")
        if profile.separator:
            reason = f"the target holds names with {profile.separator!r} between them"
            return Match(0.9 if profile.separator == "|" else 0.85, reason)
        if profile.holds_flags:
            return Match(0.8, f"the target has {profile.shape[0]} values of 0 or 1 per row")
        return None

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The labels, sorted; for columns of 0 and 1 the names of the columns."""
        if kind_of(values) == "array":
            self._check_array(column, values)
            names = column.split(", ")
            width = values.shape[1]
            found = tuple(names) if len(names) == width else tuple(str(n) for n in range(width))
            return {"classes": Choice(found, f"{width} columns of 0 and 1")}
        mark = self.separator or separator_of(values)
        counts: Counter[str] = Counter()
        for row in self._sets(column, values, mark):
            counts.update(row)
        if not counts:
            raise DataError(
                f"the target {column!r} has no label in any row. Expected names between {mark!r}.",
                key=("data", "target"),
            )
        reason = f"the names in {len(values):,} training rows"
        classes = {"classes": Choice(tuple(sorted(counts)), reason)}
        if kind_of(values) == "list":
            return classes
        return {"separator": Choice(mark, "as the texts have it"), **classes}

    def _check_array(self, column: str, values: np.ndarray) -> None:
        if values.ndim != 2 or not np.isin(values, (0, 1)).all():
            raise DataError(
                f"the target {column!r} holds values other than 0 and 1. "
                "Expected one column of 0 and 1 per label.",
                key=("data", "target"),
            )

    def _sets(self, column: str, values: np.ndarray, mark: str) -> list[list[str]]:
        if kind_of(values) not in ("string", "list"):
            raise DataError(
                f"the target {column!r} holds no sets of names. Expected lists of names, or a "
                f"text with {mark!r} between them.",
                key=("data", "target"),
            )
        sets.expect_labels(column, values, ("data", "target"))
        return sets.rows_of(values, mark)

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """1 for each label of the row. (rows, labels) float32"""
        classes = [str(label) for label in self.classes or ()]
        if kind_of(values) == "array":
            self._check_array(column, values)
            if values.shape[1] != len(classes):
                raise DataError(
                    f"the target {column!r} has {values.shape[1]} columns. "
                    f"Expected one for each of {len(classes)} labels.",
                    key=("data", "target"),
                )
            return values.astype(np.float32)
        places = {label: place for place, label in enumerate(classes)}
        encoded = np.zeros((len(values), len(classes)), dtype=np.float32)
        for row, names in enumerate(self._sets(column, values, self.separator or "|")):
            for name in names:
                if name not in places:
                    raise DataError(
                        f"the target {column!r} has the label {name!r}. Expected labels known "
                        f"from training: {listed(repr(label) for label in classes)}.",
                        key=("data", "target"),
                        row=row,
                        suggestion=nearest(name, classes),
                    )
                encoded[row, places[name]] = 1.0
        return encoded

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        return _labels.last_layer(tensor, _labels.count(self.classes), "sigmoid", output, name)

    def explain(self) -> dict[str, Choice]:
        layer = f"Dense({_labels.count(self.classes)}, sigmoid)"
        return {
            "last layer": Choice(layer, "a row may have any set of labels, so each has its own"),
            "loss": Choice(self.loss, "it scores each label as a yes or no of its own"),
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

        loss, limit = _labels.create_loss(self.loss, self._scoring), limit_of(self.threshold)
        return loss, [
            keras.metrics.BinaryAccuracy(name="binary_accuracy", threshold=limit),
            keras.metrics.F1Score(average="micro", threshold=limit, name="micro_f1"),
            keras.metrics.AUC(multi_label=True, num_labels=len(self.classes or ()), name="auc"),
        ]

    def script(self, columns: tuple[str, ...]) -> str:
        if len(columns) > 1:
            return _labels.side_by_side(columns)
        given = f"{list(self.classes or ())!r}, {self.separator or '|'!r}"
        return f"flags(table[{columns[0]!r}], {given})"

    def decode(self, outputs: Any) -> dict[str, Any]:
        """labels (batch, n), "" where not predicted, and probabilities (batch, n)."""
        import tensorflow as tf

        names = tf.constant([str(label) for label in self.classes or ()])
        names = tf.broadcast_to(names, tf.shape(outputs))
        return {
            "labels": tf.where(outputs >= limit_of(self.threshold), names, ""),
            "probabilities": tf.identity(outputs),
        }

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        return answers["probabilities"]

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """micro_f1, macro_f1, exact (whole sets right); auc and pr_auc, the mean over labels that
        some rows have, and others not; calibration_error, of all labels together."""
        found = plain(self.figures(encoded, outputs, single(encoded, weights)))
        sure, right = outputs.astype(np.float64).ravel(), encoded.ravel() > 0.5
        return {**found, "calibration_error": calibration_error(sure, right, weights)}

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The same for each set of weights, but for calibration_error, which resampling raises."""
        truth, guess = encoded > 0.5, is_yes(outputs, limit_of(self.threshold))
        counts = Counts.of(truth, guess, weights)
        together = Counts(*(labels.sum(axis=1) for labels in counts))
        found = {
            "micro_f1": together.f1(),
            "macro_f1": counts.f1().mean(axis=1),
            "exact": mean((truth == guess).all(axis=1), weights),
        }
        both = truth.any(axis=0) & ~truth.all(axis=0)
        if ordered and both.any():
            area, precisions = mean_ranked(truth[:, both], outputs[:, both], weights)
            found |= {"pr_auc": precisions, "auc": area}
        return found

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The share of each label, for every row."""
        return "majority", average(encoded, weights)

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        return None
