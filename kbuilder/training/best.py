"""The best weights, and when there will be no better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kbuilder.recipe.training import EarlyStopping


class Best:
    """Keeps the weights of the lowest validation loss, and says when it no longer falls.

    Keras's EarlyStopping keeps those of the last fall of at least `min_delta`; here they are of the
    lowest loss, whatever counts as a fall.

    Args:
        model: The network.
        stopping: When to stop; None: never.
    """

    def __init__(self, model: Any, stopping: EarlyStopping | None) -> None:
        self.model = model
        self.stopping = stopping
        self.loss = math.inf
        self.weights: Sequence[Any] | None = None
        self.begin()

    def begin(self) -> None:
        """Wait anew: a stretch of the fit begins."""
        self.reference = math.inf
        self.waited = 0

    def end(self, figures: Mapping[str, float]) -> None:
        """Judge the weights of an epoch."""
        loss = figures["val_loss"]
        if loss < self.loss:
            self.loss, self.weights = loss, self.model.get_weights()
        min_delta = self.stopping.min_delta if self.stopping is not None else 0.0
        if loss < self.reference - min_delta:
            self.reference, self.waited = loss, 0
        else:
            self.waited += 1

    @property
    def waited_enough(self) -> bool:
        """Whether the stretch is to stop."""
        return self.stopping is not None and self.waited >= self.stopping.patience

    def restore(self) -> None:
        """Give the model its best weights; where no loss was a number it keeps the last."""
        if self.weights is not None:
            self.model.set_weights(self.weights)

    def get_state(self) -> dict[str, float]:
        """What it goes by, but for the weights."""
        return {"loss": self.loss, "reference": self.reference, "waited": self.waited}

    def set_state(self, known: Mapping[str, Any], weights: Sequence[Any] | None) -> None:
        """Go by what `get_state` gave."""
        self.loss, self.reference = known["loss"], known["reference"]
        self.waited, self.weights = known["waited"], weights
