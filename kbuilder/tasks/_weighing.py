"""Figures over rows that do not all count alike."""

from __future__ import annotations

from typing import Any

from kbuilder.late import np


def average(values: np.ndarray, weights: np.ndarray | None) -> Any:
    """The mean over the rows, along the first axis.

    Args:
        values: (rows, …).
        weights: How much each row counts, (rows,); None: all alike.
    """
    return values.mean(axis=0) if weights is None else np.average(values, axis=0, weights=weights)


def precision_recall(truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None) -> float:
    """The area under the curve of precision over recall, the mean over several labels.

    Args:
        truth: Which rows have a label, bool (rows, labels); some have it, and some not.
        outputs: How likely they have it. (rows, labels)
        weights: As `average` takes them.
    """
    from sklearn.metrics import average_precision_score

    labels = zip(truth.T, outputs.T, strict=True)
    areas = [average_precision_score(own, out, sample_weight=weights) for own, out in labels]
    return float(np.mean(areas))
