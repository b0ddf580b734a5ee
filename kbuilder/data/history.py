"""What is learned of the history of training, which ends where the first part held back begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder.columns import Target
from kbuilder.data import examples
from kbuilder.data.examples import PAST, Windows
from kbuilder.data.infer import Resolved
from kbuilder.data.split import Parts
from kbuilder.tables import frequency
from kbuilder.tables.table import Table


def measured(resolved: Resolved, parts: Parts, windows: Windows | None) -> tuple[Resolved, Parts]:
    """What is learned of the history of training: what errors are scaled by, and of each column.

    Args:
        resolved: The recipe, its rows windows.
        parts: The same rows, divided.
        windows: What they are made of; None: they are no windows.
    """
    if windows is None:
        return resolved, parts
    [(names, _)] = resolved.targets
    task: Any = windows.task
    stamps = parts.train[windows.axes.time]
    numbers = stamps.dtype.kind in "iu"
    distance = windows.panel.frequency
    last = distance.places(stamps if numbers else frequency.read(windows.axes.time, stamps)).max()
    history = windows.panel.places <= last + windows.reach
    errors = _errors(windows, history)
    task = task.model_copy(update={"naive_errors": errors})
    scaled = {name: examples.scaled(table, windows.axes, task, names[0]) for name, table in parts}
    task = task.model_copy(update={"naive_quantiles": _quantiles(windows, scaled["train"])})
    learned = task.learn(names[0], scaled["train"][names[0]])
    own = {name: getattr(task, name) or learned[name].value for name in ("mean", "scale")}
    known = windows.numbers[history, 1:]
    means = [own["mean"][0], *(_known(column).mean() for column in known.T)]
    scales = [own["scale"][0], *(_known(column).std() or 1.0 for column in known.T)]
    features = dict(resolved.recipe.features)
    past: Any = features[PAST]
    update = {"mean": tuple(map(float, means)), "scale": tuple(map(float, scales))}
    update = {name: value for name, value in update.items() if getattr(past, name) is None}
    features[PAST] = past.model_copy(update=update)
    recipe = resolved.recipe.model_copy(update={"features": features})
    resolved = replace(resolved, recipe=recipe, targets=(Target(names, task),))
    return resolved, replace(
        parts, train=scaled["train"], validation=scaled.get("validation"), test=scaled.get("test")
    )


def _known(values: np.ndarray) -> np.ndarray:
    there = values[~np.isnan(values)]
    return there if len(there) else np.zeros(1)


def _errors(windows: Windows, history: np.ndarray) -> dict[str, tuple[float, float]]:
    """The errors of the seasonal naive forecast of the history, by series."""
    panel, found = windows.panel, {}
    for series, name in enumerate(panel.names):
        own = slice(panel.starts[series], panel.starts[series + 1])
        values = windows.truth[own][history[own]]
        for period in dict.fromkeys((windows.task.period or 1, 1)):
            apart = values[period:] - values[:-period]
            apart = apart[~np.isnan(apart)]
            if len(apart) and np.abs(apart).max() > 0:
                found[name] = (float(np.abs(apart).mean()), float(np.sqrt((apart**2).mean())))
                break
    return found


def _quantiles(windows: Windows, train: Table) -> tuple[float, ...]:
    """What the values a season before are off by at each quantile, by the spread of the window."""
    task: Any = windows.task
    h, past = task.horizon, train[PAST][:, :, 0]
    values = train[windows.target]
    inside = (task.period or 1) <= past.shape[1]
    before = values[:, h : 2 * h] if inside else past[:, -1:]
    spread = past.std(axis=1, keepdims=True)
    there = spread[:, 0] > 0
    off = ((values[:, :h] - before)[there] / spread[there]).ravel()
    return tuple(np.quantile(off, task.quantiles).tolist()) if len(off) else ()
