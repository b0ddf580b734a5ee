"""The tasks' metrics on each part, beside a trivial baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Arrays, Columns, Rows
from kbuilder.errors import listed

BATCH = 1024
USUAL = 0.8
"""The share of the rows that the most frequent class may have, for accuracy to tell something."""

Scores = dict[str, float]


def outputs(model: Any, arrays: Arrays) -> Arrays:
    """The network's outputs for all rows, by name. Each (rows, units)"""
    return model.predict(arrays, batch_size=BATCH, verbose=0)


def score(columns: Columns, encoded: Arrays, predicted: Arrays) -> Scores:
    """The loss and the metrics of every target; with several `loss` is their weighted sum."""
    total, scores = 0.0, {}
    for output, (_, task) in columns.outputs().items():
        criterion, _ = task.objective()
        loss = float(criterion(encoded[output], predicted[output]))
        total += task.loss_weight * loss
        own = {"loss": loss, **task.score(encoded[output], predicted[output])}
        scores.update({columns.titled(output, name): value for name, value in own.items()})
    return {"loss": total, **scores} if len(columns.targets) > 1 else scores


def answers(model: Any, rows: Mapping[str, Rows]) -> dict[str, Arrays]:
    """What the network gives for the rows that were held back, by split."""
    return {name: outputs(model, x) for name, (x, _) in rows.items() if name != "train"}


def evaluate(
    columns: Columns, rows: Mapping[str, Rows], answered: Mapping[str, Arrays]
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        columns: Its tasks give the metrics and the baselines.
        rows: Preprocessed rows and encoded targets of `train`, and of `validation` and `test`,
            as there are.
        answered: What `answers` gave.

    Returns:
        Task, headline metric, scores of the parts held back; the baseline's scores on the last of
        them, and whether the model beats it. With several targets, the task of each, and the
        headline of the first; the model is better if it is so for each.
    """
    splits = {name: score(columns, rows[name][1], given) for name, given in answered.items()}
    tasks = {output: catalog.name_of(task) for output, (_, task) in columns.outputs().items()}
    result: dict[str, Any] = {
        "task": tasks if len(tasks) > 1 else next(iter(tasks.values())),
        "headline": headlines(columns, rows["train"][1])[0],
        "splits": splits,
    }
    if not splits:
        return {**result, "baselines": {}, "better_than_baseline": None}
    judged = list(splits)[-1]
    return {**result, **compare(columns, rows["train"][1], rows[judged][1], splits[judged])}


def headlines(columns: Columns, train: Arrays) -> list[str]:
    """The metric that each target is judged by.

    Args:
        train: The encoded targets of the training rows: where one class has nearly all, whoever
            names it always is right nearly always, and another metric tells more.
    """
    found = []
    for output, (_, task) in columns.outputs().items():
        metric, groups = task.headline, task.groups(train[output])
        if groups is not None and np.bincount(groups).max() > USUAL * len(groups):
            metric = getattr(task, "rare_headline", metric)  # not every task has one
        found.append(columns.titled(output, metric))
    return found


def compare(columns: Columns, train: Arrays, encoded: Arrays, scores: Scores) -> dict[str, Any]:
    """The baselines' scores on the same rows, and whether `scores` are better."""
    names, constants = [], {}
    for output, (_, task) in columns.outputs().items():
        name, constant = task.baseline(train[output])
        names.append(name)
        constants[output] = np.broadcast_to(constant, (len(encoded[output]), len(constant)))
    trivial = score(columns, encoded, constants)
    known = [name for name in headlines(columns, train) if name in scores and name in trivial]
    better = all(scores[name] > trivial[name] for name in known) if known else None
    return {
        "baselines": {listed(dict.fromkeys(names)): trivial},
        "better_than_baseline": better,
    }
