"""What other models than networks learn of an encoded target, and their answers as outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kbuilder.contracts import Task, Teaching


class UnfitError(Exception):
    """A baseline cannot be fitted; the message says why."""


def count(task: Task, encoded: np.ndarray) -> int:
    """How many outputs the network has for a target."""
    return len(task.baseline(encoded[:1])[1])


def learn(
    task: Task,
    encoded: np.ndarray,
    classifier: Callable[[np.ndarray], Any],
    regressor: Callable[[np.ndarray], Any],
) -> Callable[[Any], np.ndarray]:
    """Fit what a target needs: one classifier, one for each flag, or regressors.

    Args:
        task: Its `teaches` says which.
        encoded: The targets of the rows.
        classifier: Fits a classifier of scikit-learn to class numbers (rows,).
        regressor: Fits a regressor to numbers (rows, k).

    Returns:
        What answers as the network does, from other rows: (rows, outputs) float32.

    Raises:
        UnfitError: if the task does not say what others may learn of it.
    """
    kind = task.teaches if isinstance(task, Teaching) else None
    width = count(task, encoded)
    if kind == "numbers":
        numbers = regressor(encoded.astype(np.float64))
        return lambda given: np.reshape(numbers(given), (-1, width)).astype(np.float32)
    if kind == "class":
        groups = task.groups(encoded)
        assert groups is not None, "each row has a class"
        known = max(width, 2)
        own = _chances(groups, classifier, known)
        return lambda given: own(given)[:, known - width :].astype(np.float32)
    if kind == "flags":
        each = [_chances(flags.astype(np.int64), classifier, 2) for flags in encoded.T > 0.5]
        return lambda given: np.stack([one(given)[:, 1] for one in each], 1).astype(np.float32)
    raise UnfitError(f"{type(task).__name__} does not say what others may learn of it")


def _chances(
    groups: np.ndarray, classifier: Callable[[np.ndarray], Any], width: int
) -> Callable[[Any], np.ndarray]:
    """What gives the probability of each class, (rows, width); of those that are not there 0."""
    there = np.unique(groups)
    model = classifier(groups) if len(there) > 1 else None

    def answer(given: Any) -> np.ndarray:
        found = np.zeros((given.shape[0], width))
        found[:, there] = 1.0 if model is None else model.predict_proba(given)
        return found

    return answer
