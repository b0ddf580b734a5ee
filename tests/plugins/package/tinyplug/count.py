"""A task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from kbuilder.contracts import Choice, Match
from kbuilder.errors import DataError
from kbuilder.spec import Spec
from kbuilder.tables.profile import Profile


class Count(Spec):
    """How often something happens: `Dense(1, exponential)` and the Poisson loss."""

    headline: ClassVar[str] = "negative_deviance"
    stratified: ClassVar[bool] = False

    loss_weight: float = 1.0
    """How much its loss counts beside those of other targets; > 0."""

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Whole numbers of 0 and more."""
        if profile.kind != "number" or not profile.whole or profile.low != 0 or profile.high < 5:
            return None
        return Match(0.9, "the target counts something: 0, 1, 2 …")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        return {}

    def encode(self, column: str, values: np.ndarray) -> np.ndarray:
        numbers = np.asarray(values, np.float32)
        if np.any(~(numbers >= 0)):
            row = int(np.flatnonzero(~(numbers >= 0))[0])
            raise DataError(f"the target {column!r} is no count here.", row=row)
        return numbers[:, None]

    def head(
        self, tensor: Any, output: Callable[[int], Any] | None = None, name: str = "head"
    ) -> Any:
        import keras

        return keras.layers.Dense(1, activation="exponential", name=name)(tensor)

    def explain(self) -> dict[str, Choice]:
        return {
            "last layer": Choice("Dense(1, exponential)", "a count is not below 0"),
            "loss": Choice("poisson", "it is the likelihood of a count"),
        }

    def objective(self) -> tuple[Any, list[Any]]:
        import keras

        return keras.losses.Poisson(), [keras.metrics.MeanAbsoluteError(name="mae")]

    def script(self, columns: tuple[str, ...]) -> str:
        return f"numbers(table[{columns[0]!r}]).astype(np.float32)[:, None]"

    def decode(self, outputs: Any) -> dict[str, Any]:
        import tensorflow as tf

        return {"value": tf.squeeze(outputs, axis=1)}

    def outputs_of(self, answers: Mapping[str, np.ndarray]) -> np.ndarray:
        return answers["value"][:, None]

    def score(
        self, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        from sklearn.metrics import mean_absolute_error, mean_poisson_deviance

        guess, given = np.maximum(outputs[:, 0], 1e-6), {"sample_weight": weights}
        return {
            "negative_deviance": -float(mean_poisson_deviance(encoded[:, 0], guess, **given)),
            "mae": float(mean_absolute_error(encoded[:, 0], guess, **given)),
        }

    def baseline(
        self, encoded: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[str, np.ndarray]:
        return "mean", np.average(encoded, axis=0, weights=weights)

    def groups(self, encoded: np.ndarray) -> np.ndarray | None:
        return None
