"""Outputs as names: for a data frame, and for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Task

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
        elif values.ndim == 2:
            for place in range(values.shape[1]):
                cells[f"{name} {place + 1}"] = values[:, place]
        else:
            cells[name] = values
    return cells


def to_rows(columns: Columns, outputs: Arrays) -> list[dict[str, Any]]:
    """A dictionary of JSON values per prediction."""
    decoded = {
        columns.titled(output, name): values.tolist()
        for output, (_, task) in columns.outputs().items()
        for name, values in decode(task, outputs[output]).items()
    }
    return [dict(zip(decoded, row, strict=True)) for row in zip(*decoded.values(), strict=True)]
