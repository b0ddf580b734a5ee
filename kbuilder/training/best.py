"""The best weights, and when there will be no better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kbuilder.recipe.training import EarlyStopping


class Best:
    """Keeps the weights of the lowest validation loss, and stops a fit that no longer lowers it.

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
        self.weights: list[Any] | None = None
        self.begin()

    def begin(self, logs: Any = None) -> None:
        """Wait anew: a stretch of the fit begins."""
        self.reference = math.inf
        self.waited = 0

    def end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Judge the weights of an epoch."""
        loss = logs["val_loss"]
        if loss < self.loss:
            self.loss, self.weights = loss, self.model.get_weights()
        if self.stopping is None:
            return
        if loss < self.reference - self.stopping.min_delta:
            self.reference, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= self.stopping.patience:
            self.model.stop_training = True

    def restore(self, logs: Any = None) -> None:
        """Give the model its best weights; where no loss was a number it keeps the last."""
        if self.weights is not None:
            self.model.set_weights(self.weights)
