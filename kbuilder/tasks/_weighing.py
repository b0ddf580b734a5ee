"""Figures over rows that do not all count alike, for one set of weights or for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kbuilder.late import np


def average(values: np.ndarray, weights: np.ndarray | None) -> Any:
    """The mean over the rows, along the first axis.

    Args:
        values: (rows, …).
        weights: How much each row counts, (rows,); None: all alike.
    """
    return values.mean(axis=0) if weights is None else np.average(values, axis=0, weights=weights)


def single(encoded: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """One set of weights, (1, rows) float64; None: all are 1."""
    given = np.ones(len(encoded)) if weights is None else np.asarray(weights, np.float64)
    return given[None]


def plain(figures: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The figures of one set of weights as numbers."""
    return {name: float(values[0]) for name, values in figures.items()}


def mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over the rows for each set of weights.

    Args:
        values: (rows,) or (rows, k).
        weights: (sets, rows).

    Returns:
        (sets,) or (sets, k).
    """
    total = weights.sum(axis=1)
    means: np.ndarray = (weights @ values.astype(np.float64)).T / total
    return means.T


class Counts(NamedTuple):
    """The weights of rows that have a label, of those that get it, and of both. (sets,) or more"""

    true: np.ndarray
    guessed: np.ndarray
    both: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, guess: np.ndarray, weights: np.ndarray) -> Counts:
        """Count; truth and guess are bool, (rows,) or (rows, labels)."""
        return cls(*(weights @ flags.astype(np.float64) for flags in (truth, guess, truth & guess)))

    @classmethod
    def by_class(cls, truth: np.ndarray, guess: np.ndarray, weights: np.ndarray) -> Counts:
        """The same of class numbers, truth and guess, (rows,). Each (sets, classes)"""
        sets, size = len(weights), int(max(truth.max(), guess.max())) + 1
        starts = size * np.arange(sets)[:, None]

        def counted(classes: np.ndarray, own: np.ndarray) -> np.ndarray:
            places = (classes + starts).ravel()
            found: np.ndarray = np.bincount(places, own.ravel(), minlength=sets * size)
            return found.reshape(sets, size)

        right = weights * (truth == guess)
        return cls(counted(truth, weights), counted(guess, weights), counted(truth, right))

    def f1(self, nobody: float = 0.0) -> np.ndarray:
        """F1; `nobody` where no row has the label, nor gets it."""
        return ratio(2 * self.both, self.true + self.guessed, nobody)


def ratio(above: np.ndarray, below: np.ndarray, nothing: float = 0.0) -> np.ndarray:
    """A quotient; `nothing` where the divisor is 0."""
    return np.divide(above, below, out=np.full(np.shape(below), nothing), where=below > 0)


def ranked(
    truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The areas under the ROC curve and under that of precision over recall, as scikit-learn's.

    Args:
        truth: Which rows have a label, bool (rows,).
        outputs: How likely they have it, (rows,).
        weights: (sets, rows).

    Returns:
        Twice (sets,); NaN where no row has the label, or, for the first, all have it.
    """
    order = np.argsort(-outputs, kind="stable")
    values, flags = outputs[order], truth[order]
    given = weights[:, order]
    yes, no = given * flags, given * ~flags
    del order, given  # of millions of rows each takes its room
    first = np.append(True, values[1:] != values[:-1])
    if not first.all():  # rows of one output are one step of the curves
        yes, no = (np.add.reduceat(own, np.flatnonzero(first), axis=1) for own in (yes, no))
    above = np.cumsum(yes, axis=1)
    there = above[:, -1]
    area = ratio(np.vecdot(no, above - yes / 2), there * no.sum(axis=1), np.nan)
    rises = np.flatnonzero(yes.any(axis=0))  # where the recall does
    both = np.cumsum(yes + no, axis=1)[:, rises]
    precision = ratio(above[:, rises], both)
    return area, ratio(np.vecdot(yes[:, rises], precision), there, np.nan)


def mean_ranked(
    truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same of several labels, (rows, labels): the means over those that are there."""
    both = [ranked(own, out, weights) for own, out in zip(truth.T, outputs.T, strict=True)]
    area, average = (np.stack(found) for found in zip(*both, strict=True))
    return present_mean(area), present_mean(average)


def present_mean(values: np.ndarray) -> np.ndarray:
    """The mean along the first axis over numbers; NaN where there are none."""
    there = ~np.isnan(values)
    return ratio(np.where(there, values, 0).sum(axis=0), there.sum(axis=0), np.nan)
