"""What is learned of the history of training, which ends where the first part held back begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from kbuilder.columns import Target
from kbuilder.contracts import Choice, Decision
from kbuilder.data import examples
from kbuilder.data import panel as panels
from kbuilder.data.examples import PAST, Windows
from kbuilder.data.infer import Resolved
from kbuilder.data.split import Parts
from kbuilder.tables import seasons
from kbuilder.tables.table import Table

TASK = ("task",)
USUAL = {True: (0.5, 0.2), False: (0.5, 0.0)}
"""The shares where nothing is known of a series, with a season and without: chosen on 25 series
that no test of kbuilder is judged by."""
LEAST = 1e-5
"""The spread of a window that says something, as a share of that of all."""
CHUNK = 10_000
"""Windows that are looked at together."""
PENALTY = 2000
"""Training windows for which the sum of the squares of the last weights counts as their errors."""
WINDOWS = 100
"""Training windows that it takes to move the shares halfway from the usual ones."""


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
    last = examples.places(parts.train, windows.axes, task).max()
    history = windows.panel.places <= last + windows.reach
    errors = _errors(windows, history)
    task = task.model_copy(update={"naive_errors": errors})
    scaled = {name: examples.scaled(table, windows.axes, task, names[0]) for name, table in parts}
    found = replace(windows, task=task)
    chosen = _season(found, scaled["train"]) if task.rescale == "season" else {}
    chosen = {name: choice for name, choice in chosen.items() if getattr(task, name) is None}
    said = [
        Decision((*TASK, name), *choice, panels.line_of(windows.task, **{name: choice.value}))
        for name, choice in chosen.items()
    ]
    task = task.model_copy(update={name: choice.value for name, choice in chosen.items()})
    found = replace(windows, task=task)
    task = task.model_copy(update={"naive_quantiles": _quantiles(found, scaled["train"])})
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
    decisions = (*resolved.decisions, *said)
    resolved = replace(resolved, recipe=recipe, targets=(Target(names, task),), decisions=decisions)
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


def _related(windows: Windows, train: Table) -> tuple[np.ndarray, np.ndarray]:
    """Windows and the truths after them, less the mean of the window and divided by its spread.

    Returns:
        (rows, window) and (rows, h), without the windows that are all alike, or nearly.
    """
    past, truth = train[PAST][:, :, 0], train[windows.target][:, : windows.task.horizon]
    spread = past.std(axis=1, keepdims=True)
    there = spread[:, 0] > LEAST * past.std()
    past, truth, spread = past[there], truth[there], spread[there]
    mean = past.mean(axis=1, keepdims=True)
    return (past - mean) / spread, (truth - mean) / spread


def _before(windows: Windows) -> np.ndarray:
    """What gives the value a season before, and the changes since then. (3, window, h)"""
    task = windows.task
    window = cast(int, task.window)
    return seasons.before(window, task.horizon, task.period or 1, task.gap)


def _season(windows: Windows, train: Table) -> dict[str, Choice]:
    """What a forecast adds to the value a season before, and how near to that it stays."""
    shares = _shares(windows, train)
    penalty = PENALTY / (len(train) * windows.task.horizon)
    why = f"the forecast of {len(train):,} training windows stays near the value a season before"
    if len(windows.past) > 1 or windows.task.known:
        penalty, why = 0.0, "the value a season before says nothing of the other columns"
    return {"season_shares": shares, "penalty": Choice(float(f"{penalty:.4g}"), why)}


def _shares(windows: Windows, train: Table) -> Choice:
    """How much of each change since the season before goes on, by ridge regression.

    It begins with `USUAL`, as if `WINDOWS` windows had said so: a short series has few that do not
    overlap.
    """
    seasonal = seasons.has_season(cast(int, windows.task.window), windows.task.period or 1)
    usual = np.array(USUAL[seasonal])
    base, *changes = _before(windows)
    square, product = WINDOWS * np.eye(2), np.zeros(2)
    for chunk, _ in train.parts(CHUNK):
        past, truth = _related(windows, chunk)
        known = np.stack([(past @ change) for change in changes], axis=-1)  # (rows, h, 2)
        off = truth - past @ base - known @ usual
        square += np.einsum("nhi,nhj->ij", known, known) / windows.task.horizon
        product += np.einsum("nhi,nh->i", known, off) / windows.task.horizon
    shares = usual + np.linalg.solve(square, product)
    share, other = (round(float(one), 4) for one in shares)
    what = "what the level has risen by, and the value a season earlier still"
    if not seasonal:
        what = "the way back to the mean of the window, and its drift"
    return Choice((share, other), f"of {len(train):,} training windows: how much of {what} is "
                                  "added to the value before")  # fmt: skip


def _quantiles(windows: Windows, train: Table) -> tuple[float, ...]:
    """What these forecasts are off by at each quantile, by the spread of the window."""
    task: Any = windows.task
    past, truth = _related(windows, train)
    base, *changes = _before(windows)
    shares = task.season_shares or (0.0, 0.0)
    off = truth - past @ (base + sum(s * c for s, c in zip(shares, changes, strict=True)))
    return tuple(np.quantile(off, task.quantiles).tolist()) if off.size else ()
