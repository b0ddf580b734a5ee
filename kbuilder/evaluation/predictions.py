"""Outputs as names: for a data frame, and for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Following, Task
from kbuilder.tables.keeping import FILE, ROW
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


def decode(task: Task, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """The task's decoded outputs as arrays; strings as objects."""
    import tensorflow as tf

    decoded = {}
    for name, tensor in task.decode(tf.constant(outputs)).items():
        values = tensor.numpy()
        if values.dtype == object:
            values = np.vectorize(bytes.decode, otypes=[object])(values)
        decoded[name] = values
    return decoded


def to_frame(columns: Columns, outputs: Arrays) -> pd.DataFrame:
    """A row per prediction; sets of names are joined with "|", a probability has its class."""
    import pandas as pd

    return pd.DataFrame(
        {
            columns.titled(output, name): values
            for output, (_, task) in columns.outputs().items()
            for name, values in _cells(task, outputs[output]).items()
        }
    )


def _cells(task: Task, outputs: np.ndarray) -> dict[str, Any]:
    """One value a row by name."""
    classes = list(getattr(task, "classes", None) or ())
    cells: dict[str, Any] = {}
    for name, values in decode(task, outputs).items():
        if name == "labels":
            cells[name] = ["|".join(word for word in row if word) for row in values]
        elif name == "probabilities":
            for place, label in enumerate(classes):
                cells[f"probability of {label}"] = values[:, place]
        else:
            cells.update(_spread(name, values))
    return cells


def judged(
    columns: Columns,
    tables: Mapping[str, Table],
    encoded: Mapping[str, Arrays],
    outputs: Mapping[str, Arrays],
    folds: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """What was true and what was answered in each row that was held back, in the rows' order.

    Args:
        columns: Of the fit.
        tables: The rows, by split.
        encoded: Their encoded targets.
        outputs: What the network gave.
        folds: The number of the fold of each row, (rows,), of those splits that have some.

    Returns:
        `split`, the number of the row or its file, its `fold` if some have one, its `weight` where
        rows have one, the truth, and the answers as `to_frame` has them; with several targets each
        truth has its target in front.
    """
    import pandas as pd

    frames = []
    for split, found in outputs.items():
        table = tables[split]
        frame = numbered(split, table)
        if folds:
            known = folds.get(split)
            frame["fold"] = pd.array([pd.NA] * len(frame) if known is None else known, "Int64")
        if columns.weight is not None:
            frame["weight"] = table[columns.weight].astype(np.float64)
        for output, (names, task) in columns.outputs().items():
            true = _truth(task, table.target(names), encoded[split][output])
            cells = _spread(columns.titled(output, "truth"), true)
            frame = frame.assign(**cells)
        frame = pd.concat([frame, to_frame(columns, found)], axis=1)
        frames.append(frame.sort_values(frame.columns[1], ignore_index=True))
    if not frames:
        return numbered("", next(iter(tables.values()))).head(0)
    return pd.concat(frames, ignore_index=True)


def numbered(split: str, table: Table) -> pd.DataFrame:
    """The rows of a split, each with its number from 1, or its file."""
    import pandas as pd

    labels = table.labels
    if len(labels) and isinstance(labels[0], str):
        return pd.DataFrame({"split": [split] * len(labels), FILE: list(labels)})
    numbers = np.asarray(labels, dtype=np.int64)  # rows may be many
    return pd.DataFrame({"split": [split] * len(labels), ROW: numbers})


def _truth(task: Task, values: np.ndarray, encoded: np.ndarray) -> np.ndarray:
    """The true values, spelled as the answers are."""
    if isinstance(task, Following):  # what follows is no truth
        return values[:, : task.horizon]
    classes, groups = list(getattr(task, "classes", None) or ()), task.groups(encoded)
    if classes and groups is not None:
        return np.array([classes[place] for place in groups], dtype=object)
    if classes:
        names = [str(label) for label in classes]
        sets = ["|".join(compress(names, row > 0.5)) for row in encoded]
        return np.array(sets, dtype=object)
    return values if values.dtype != object else values.astype(np.float64)


def _spread(name: str, values: np.ndarray) -> dict[str, Any]:
    """A value a row by name."""
    if values.ndim == 1:
        return {name: values}
    return {f"{name} {place + 1}": values[:, place] for place in range(values.shape[1])}


def to_rows(columns: Columns, outputs: Arrays) -> list[dict[str, Any]]:
    """A dictionary of JSON values per prediction."""
    decoded = {
        columns.titled(output, name): values.tolist()
        for output, (_, task) in columns.outputs().items()
        for name, values in decode(task, outputs[output]).items()
    }
    return [dict(zip(decoded, row, strict=True)) for row in zip(*decoded.values(), strict=True)]
