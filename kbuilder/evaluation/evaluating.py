"""The task's metrics on each part, beside a trivial baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Arrays, Rows
from kbuilder.contracts import Task

BATCH = 1024

Scores = dict[str, float]


def outputs(model: Any, arrays: Arrays) -> np.ndarray:
    """The network's outputs for all rows. (rows, units)"""
    return model.predict(arrays, batch_size=BATCH, verbose=0)


def score(task: Task, encoded: np.ndarray, predicted: np.ndarray) -> Scores:
    """The task's loss and metrics."""
    loss, _ = task.objective()
    return {"loss": float(loss(encoded, predicted)), **task.score(encoded, predicted)}


def evaluate(model: Any, task: Task, rows: Mapping[str, Rows]) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        model: The fitted network.
        task: Gives the metrics and the baseline.
        rows: Preprocessed rows and encoded targets of `train`, and of `validation` and `test`,
            as there are.

    Returns:
        Task, headline metric, scores of the parts held back; the baseline's scores on the last of
        them, and whether the model beats it.
    """
    held = {name: part for name, part in rows.items() if name != "train"}
    splits = {name: score(task, y, outputs(model, x)) for name, (x, y) in held.items()}
    result: dict[str, Any] = {
        "task": catalog.name_of(task), "headline": task.headline, "splits": splits,
    }  # fmt: skip
    if not held:
        return {**result, "baselines": {}, "better_than_baseline": None}
    judged = list(held)[-1]
    return {**result, **compare(task, rows["train"][1], held[judged][1], splits[judged])}


def compare(task: Task, train: np.ndarray, encoded: np.ndarray, scores: Scores) -> dict[str, Any]:
    """The baseline's scores on the same rows, and whether `scores` are better."""
    name, constant = task.baseline(train)
    trivial = score(task, encoded, np.broadcast_to(constant, (len(encoded), len(constant))))
    mine, theirs = scores.get(task.headline), trivial.get(task.headline)
    better = None if mine is None or theirs is None else bool(mine > theirs)
    return {"baselines": {name: trivial}, "better_than_baseline": better}
