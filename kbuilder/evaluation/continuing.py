"""What the last value of a sequence answers, where the target goes on from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Task
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of


def last_values(
    columns: Columns, tables: Mapping[str, Table], encoded: Mapping[str, Arrays]
) -> tuple[str, dict[str, Arrays]]:
    """What the last value of a sequence answers, for targets that it is nearer to than their mean.

    Args:
        columns: Their features and targets.
        tables: The rows, by split, `train` among them.
        encoded: Their encoded targets.

    Returns:
        The name of this baseline, and by split the outputs by output of the network; both empty
        where no target goes on from a sequence.
    """
    found: dict[str, Arrays] = {name: {} for name in tables}
    names = []
    for output, (_, task) in columns.outputs().items():
        if getattr(task, "classes", None) or task.groups(encoded["train"][output]) is not None:
            continue
        best = _nearest(columns, tables["train"], task, encoded["train"][output])
        if best is not None:
            column, place = best
            names.append(column)
            for split, table in tables.items():
                count = encoded[split][output].shape[1]
                found[split][output] = _answers(task, table[column], place, count)
    if not names:
        return "", {}
    return f"last value of {', '.join(dict.fromkeys(names))}", found


def _nearest(
    columns: Columns, train: Table, task: Task, encoded: np.ndarray
) -> tuple[str, int] | None:
    """The column, and the place at its last step, that is nearest to the target."""
    best, least = None, float(np.mean((encoded - encoded.mean(axis=0)) ** 2))
    for column, feature in columns.features.items():
        values = train[column]
        numbers = kind_of(values) == "array" and values.dtype.kind in "iuf"
        if feature.holds != "numbers" or not numbers or values.ndim > 3:
            continue
        for place in range(values[0, -1].size):
            answers = _answers(task, values, place, encoded.shape[1])
            error = float(np.mean((answers - encoded) ** 2))
            if error < least:
                best, least = (column, place), error
    return best


def _answers(task: Task, values: np.ndarray, place: int, count: int) -> np.ndarray:
    """The outputs that repeat the last value of each row. (rows, count)

    Args:
        values: The sequences. (rows, steps), or (rows, steps, places)
        place: Which of the numbers at a step is meant.
        count: The outputs of the network.
    """
    last = values[:, -1].reshape(len(values), -1)[:, place].astype(np.float64)
    known = last[np.isfinite(last)]
    last = np.where(np.isfinite(last), last, known.mean() if len(known) else 0.0)
    return task.outputs_of({"value": np.repeat(last[:, None], count, axis=1)})
