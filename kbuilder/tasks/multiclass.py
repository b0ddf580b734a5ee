"""One of several classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Match
from kbuilder.errors import DataError, listed
from kbuilder.late import np
from kbuilder.probabilities import thresholds
from kbuilder.probabilities.calibration import Calibrate, calibration_error, sure_and_right
from kbuilder.spec import Fraction, Positive, Spec
from kbuilder.tables.profile import Profile
from kbuilder.tasks import _labels
from kbuilder.tasks._weighing import Counts, mean, mean_ranked, plain, present_mean, single

LOSSES = (
    "categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy",
)  # fmt: skip


class Multiclass(Spec):
    """One of n classes: `Dense(n, softmax)` and categorical_crossentropy, targets one-hot.

    The target is a column of names or whole numbers, or one-hot: several columns, or an array, of
    zeros with exactly one 1 in each row.
    Decoded: `label`, `probability` (of that label), `probabilities` (of all, in their order).
    """

    classes: Annotated[_labels.Classes, Field(min_length=2)] | None = None
    """The classes in order, or n for the integers 0 … n-1; left out: those of the training rows."""
    calibrate: Calibrate = "auto"
    """Whether probabilities are divided by a temperature, chosen on the validation rows (Guo et al.
    2017, arXiv:1706.04599). auto: where the calibration error of 100 or more of them falls."""
    loss: str = "categorical_crossentropy"
    """categorical_crossentropy (one-hot targets), sparse_categorical_crossentropy (class numbers),
    or categorical_focal_crossentropy (Lin et al. 2017, arXiv:1708.02002)."""
    label_smoothing: Fraction = 0.0
    """Share of the target that is spread over all classes; 0 <= p < 1 (Szegedy et al. 2015,
    arXiv:1512.00567)."""
    gamma: Annotated[float, Field(ge=0)] | None = None
    """Focal loss: how much less a row counts that is right already; >= 0; left out: 2."""
    loss_weight: Positive = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    headline: ClassVar[str] = "accuracy"
    rare_headline: ClassVar[str] = "macro_f1"
    """What it is judged by where nearly all rows are of one class."""
    stratified: ClassVar[bool] = True
    teaches: ClassVar[Literal["class"]] = "class"

    @model_validator(mode="before")
    @classmethod
    def _without_threshold(cls, given: Any) -> Any:
        thresholds.refuse_in(given, "threshold", "of several classes the likeliest is answered")
        return given

    @model_validator(mode="after")
    def _loss_fits(self) -> Any:
        _labels.check_loss(self.loss, LOSSES, "a softmax over all classes")
        _labels.check_arguments(self.loss, LOSSES, self._scoring)
        return self

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """More than two strings that repeat, or a few whole numbers that do."""
        repeats = profile.distinct > 2 and profile.present >= 2 * profile.distinct
        if profile.kind == "string" and repeats:
            return Match(0.8, f"the target has {profile.distinct:,} different words")
        if profile.counts_classes:
            numbers = f"{profile.distinct} different whole numbers, each many times"
            return Match(0.8, f"the target has {numbers}")
        if profile.one_hot:
            return Match(0.88, f"each row has exactly one 1 in {profile.shape[0]} values")
        return None

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The classes, sorted; of one-hot columns their names, of an array the numbers from 0."""
        if values.ndim > 1:
            return {"classes": self._of_columns(column, values)}
        counts = _labels.count_labels(column, values)
        if not self.classes and len(counts) > max(100, len(values) // 2):
            raise DataError(
                f"the target {column!r} has {len(counts):,} different values in {len(values):,} "
                f"rows: {listed(list(counts)[:3])} … Expected classes that repeat; "
                "for a number write `task: regression`.",
                key=("data", "target"),
            )
        reason = f"the values of {sum(counts.values()):,} training rows"
        return {"classes": Choice(_labels.in_order(counts), reason)}

    @staticmethod
    def _of_columns(column: str, values: np.ndarray) -> Choice:
        """The classes of a target that is one-hot."""
        if len(np.unique(_labels.place_of_one(column, values))) < 2:
            raise DataError(
                f"the target {column!r} has its 1 at the same index in all rows. "
                "Expected at least two classes, so that there is something to tell apart.",
                key=("data", "target"),
            )
        width = values.shape[1]
        names = column.split(", ")
        classes = tuple(names) if len(names) == width else tuple(range(width))
        return Choice(classes, f"{width} columns, of which one is 1 in each row")

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        """One-hot (rows, classes) float32; class numbers (rows, 1) for the sparse loss."""
        if values.ndim > 1:
            numbers = _labels.place_of_one(column, values, len(self.classes or ()))
        else:
            numbers = _labels.index(column, values, self.classes or ())
        if self.loss == "sparse_categorical_crossentropy":
            return numbers[:, None].astype(np.float32)
        return np.eye(len(self.classes or ()), dtype=np.float32)[numbers]

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        return _labels.last_layer(tensor, _labels.count(self.classes), "softmax", output, name)

    @property
    def _k(self) -> int:
        return 5 if len(self.classes or ()) > 5 else 2

    def explain(self) -> dict[str, Choice]:
        layer = f"Dense({_labels.count(self.classes)}, softmax)"
        return {
            "last layer": Choice(layer, "a row has one class, so the probabilities sum to 1"),
            "loss": Choice(self.loss, "it scores the probability of the true class"),
        }

    @property
    def _scoring(self) -> dict[str, float | None]:
        """The arguments of the loss."""
        return {"label_smoothing": self.label_smoothing or None, "gamma": self.gamma}

    def objective(self) -> tuple[Any, list[Any]]:
        import keras

        kinds, top = keras.metrics, f"top_{self._k}_accuracy"
        if self.loss == "sparse_categorical_crossentropy":
            metrics = [
                kinds.SparseCategoricalAccuracy(name="accuracy"),
                kinds.SparseTopKCategoricalAccuracy(self._k, name=top),
            ]
        else:
            metrics = [
                kinds.CategoricalAccuracy(name="accuracy"),
                kinds.TopKCategoricalAccuracy(self._k, name=top),
            ]
        loss = _labels.create_loss(self.loss, self._scoring)
        return loss, metrics

    def script(self, columns: tuple[str, ...]) -> str:
        classes = list(self.classes or ())
        values = "integers" if isinstance(classes[0], int) else "words"
        encoded = f"one_hot({values}(table[{columns[0]!r}]), {classes!r})"
        if len(columns) > 1:
            encoded = _labels.side_by_side(columns)
        if self.loss == "sparse_categorical_crossentropy":
            return f"{encoded}.argmax(axis=1)[:, None].astype(np.float32)"
        return encoded

    def decode(self, outputs: Any) -> dict[str, Any]:
        """label (batch,), probability (batch,) of that label, probabilities (batch, classes)."""
        import tensorflow as tf

        return {
            "label": tf.gather(_labels.constant(self.classes or ()), tf.argmax(outputs, axis=1)),
            "probability": tf.reduce_max(outputs, axis=1),
            "probabilities": tf.identity(outputs),
        }

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        return answers["probabilities"]

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """accuracy, top-k accuracy (k = 5, or 2 up to five classes), macro_f1, pr_auc.

        The last is the mean over the classes of these rows, each against all others. And
        calibration_error, of the probability of the answer; of two classes of that of the second.
        """
        found = plain(self.figures(encoded, outputs, single(encoded, weights)))
        sure, right = sure_and_right(outputs[:, None], self.groups(encoded)[:, None])
        return {**found, "calibration_error": calibration_error(sure, right, weights)}

    def figures(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray, ordered: bool = True
    ) -> dict[str, np.ndarray]:
        """The same for each set of weights, but for calibration_error, which resampling raises."""
        truth, guess = self.groups(encoded), outputs.argmax(axis=1)
        best = np.argsort(-outputs, axis=1, kind="stable")[:, : self._k]
        counts = Counts.by_class(truth, guess, weights)
        found = {
            "accuracy": mean(truth == guess, weights),
            f"top_{self._k}_accuracy": mean((best == truth[:, None]).any(axis=1), weights),
            "macro_f1": present_mean(counts.f1(np.nan).T),
        }
        present = np.unique(truth)
        if ordered and len(present) > 1:
            flags = truth[:, None] == present
            found["pr_auc"] = mean_ranked(flags, outputs[:, present], weights)[1]
        return found

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        """The share of each class, for every row."""
        groups = self.groups(encoded)
        counts = np.bincount(groups, weights, minlength=len(self.classes or ()))
        return "majority", (counts / counts.sum()).astype(np.float32)

    def groups(self, encoded: np.ndarray) -> np.ndarray:
        if encoded.shape[1] == 1:
            return encoded[:, 0].astype(np.int64)
        return encoded.argmax(axis=1)
