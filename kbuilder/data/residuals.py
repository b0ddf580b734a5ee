"""What the errors of a forecast still have in common from one step to the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Following
from kbuilder.data import examples
from kbuilder.tables.table import Table

LAGS = 10
"""Steps apart, at most, and a season."""
FEWEST = 20
"""Pairs of errors that a figure is made from."""


def said(
    columns: Columns, data: Any, table: Table, encoded: Arrays, answered: Arrays
) -> dict[str, Any]:
    """The entry `autocorrelation` of `metrics.json`, where the rows are windows of series.

    Args:
        columns: The target, and its task.
        data: The source of the recipe.
        table: The windows that are judged.
        encoded, answered: Their targets, and the outputs of the network.

    Returns:
        `lags`, the `values` of each, and `bound`, which errors without anything in common exceed
        for one of twenty lags. Nothing where too few errors follow one another.
    """
    axes, (output, (_, task)) = examples.axes_of(data), next(iter(columns.outputs().items()))
    if axes is None or not isinstance(task, Following):
        return {}
    off = np.asarray(task.residuals(encoded[output], np.asarray(answered[output])))[:, 0]
    places = examples.places(table, axes, task)
    names = np.zeros(len(table), np.int64)
    if axes.series is not None:
        words = np.array([str(one) for one in table[axes.series].tolist()])
        names = np.unique(words, return_inverse=True)[1]
    lags = [*range(1, LAGS + 1), *([task.period] if (task.period or 1) > LAGS else [])]
    found = {int(lag): _of(off, places, names, int(lag)) for lag in lags if lag}
    known = {lag: value for lag, (value, pairs) in found.items() if pairs >= FEWEST}
    if not known:
        return {}
    bound = 2 / np.sqrt(len(off))
    values = {"lags": list(known), "values": list(known.values()), "bound": float(bound)}
    return {"autocorrelation": values}


def _of(off: np.ndarray, places: np.ndarray, names: np.ndarray, lag: int) -> tuple[float, int]:
    """The correlation of the errors of one series so many steps apart, and how many pairs.

    Each series is less its mean, and divided by its deviation.
    """
    order = np.lexsort((places, names))
    off, places, names = off[order], places[order], names[order]
    starts = np.flatnonzero(np.diff(names, prepend=-1))
    sizes = np.diff(np.append(starts, len(off)))
    centred = off - np.repeat(np.add.reduceat(off, starts) / sizes, sizes)
    spread = np.sqrt(np.add.reduceat(centred**2, starts) / sizes)
    centred = centred / np.repeat(np.where(spread > 0, spread, 1.0), sizes)
    keys = names * (np.ptp(places) + lag + 1) + places - places.min()
    later = np.searchsorted(keys, keys + lag)
    there = later < len(keys)
    there[there] = keys[later[there]] == keys[there] + lag
    pairs = int(there.sum())
    if not pairs:
        return 0.0, 0
    square = float(np.mean(centred**2))
    return float(np.mean(centred[there] * centred[later[there]]) / (square or 1.0)), pairs
