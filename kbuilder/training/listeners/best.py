"""The best weights, and when there will be no better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kbuilder.contracts import Fit
from kbuilder.recipe.training import EarlyStopping
from kbuilder.spec import learned


class Best:
    """Keeps the weights of the lowest validation loss, and says when it no longer falls.

    Keras's EarlyStopping keeps those of the last fall of at least `min_delta`; here they are of the
    lowest loss, whatever counts as a fall.

    Args:
        stopping: When to stop; None: never.
    """

    def __init__(self, stopping: EarlyStopping | None) -> None:
        self.stopping = stopping
        self.loss = math.inf
        self.weights: Sequence[Any] | None = None
        self.model: Any = None
        self.reference = math.inf
        self.waited = 0

    def begin(self, fit: Fit) -> None:
        """Wait anew."""
        self.model = fit.model
        self.reference, self.waited = math.inf, 0

    def epoch(self, figures: Mapping[str, float]) -> None:
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
    def over(self) -> bool:
        """Whether the phase is to stop."""
        return self.stopping is not None and self.waited >= learned(self.stopping.patience)

    def end(self) -> None:
        """Give the model its best weights; where no loss was a number it keeps the last."""
        if self.weights is not None:
            self.model.set_weights(self.weights)

    def get_state(self) -> dict[str, float]:
        """What it judges by, but for the weights."""
        return {"loss": self.loss, "reference": self.reference, "waited": self.waited}

    def set_state(self, known: Mapping[str, Any]) -> None:
        """Judge by what `get_state` gave."""
        self.loss, self.reference = known["loss"], known["reference"]
        self.waited = known["waited"]

    def get_arrays(self) -> dict[str, np.ndarray]:
        """The best weights."""
        return {f"{n:05d}": weight for n, weight in enumerate(self.weights or ())}

    def set_arrays(self, known: Mapping[str, np.ndarray]) -> None:
        """Keep the weights that `get_arrays` gave."""
        self.weights = [known[name] for name in sorted(known)] or None
