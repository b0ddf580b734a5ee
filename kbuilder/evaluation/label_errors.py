"""Labels that are probably wrong, by what a network that was not fitted on them says."""

from __future__ import annotations

import numpy as np

FEWEST = 5
"""Rows of a class whose usual probability is known."""
TIMES = 5.0
"""How many times as probable as its label another class is; of rows that are hard it is less."""


def label_errors(likely: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The rows whose labels are probably wrong, the surest first, by confident learning.

    A class is confidently that of a row where its probability is at least its mean over the rows
    that have its label. A label is suspected where another class confidently is that of the row,
    and several times as probable.

    Args:
        likely: The probability of each class, for rows that the network was not fitted on. (rows,
            classes)
        given: The number of the class that each row is labelled with. (rows,)

    Source: Northcutt et al. 2019, arXiv:1911.00068.
    """
    rows, classes = likely.shape
    usual = np.full(classes, np.inf)
    for number in range(classes):
        own = likely[given == number, number]
        if len(own) >= FEWEST:
            usual[number] = own.mean()
    confident = np.where(likely >= usual, likely, -1.0)
    other = confident.argmax(axis=1)
    places = np.arange(rows)
    label, best = likely[places, given], likely[places, other]
    suspected = (other != given) & (confident[places, other] > 0) & (best >= TIMES * label)
    found = np.flatnonzero(suspected)
    return found[np.argsort(label[found] - best[found], kind="stable")]
