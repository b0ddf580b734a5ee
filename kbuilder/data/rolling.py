"""A rolling origin: which windows are forecast in turn, and which were known before them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Strata
from kbuilder.data import examples
from kbuilder.data import panel as panels
from kbuilder.data.examples import Windows
from kbuilder.data.infer import Resolved
from kbuilder.errors import DataError

BACKTEST = ("task", "backtest")


def folds(windows: Windows, resolved: Resolved) -> list[dict[str, np.ndarray]]:
    """The row numbers of the parts of each origin, the earliest first.

    The test of each are the windows that end there. All that training and validation forecast came
    before.

    Args:
        windows: With stride, and how often the origin rolls.
        resolved: The windows as rows, before they are divided.

    Raises:
        DataError: if too few rows are before the first of them.
    """
    task, split = windows.task, resolved.recipe.data.split
    assert task.backtest is not None, "it was asked for"
    known = examples.places(resolved.table, windows.axes, task)
    distance = step(windows)
    last, found = known.max(), []
    for back in range(task.backtest.windows - 1, -1, -1):
        origin = last - back * distance
        before = np.flatnonzero(known + windows.reach <= origin)
        test = np.flatnonzero(known == origin)
        if not len(before) or not len(test):
            raise DataError(
                f"{resolved.table.origin} has no window whose {windows.reach} following steps came "
                f"before the first of {task.backtest.windows} origins, {distance} steps apart. "
                "Expected fewer, or a shorter window or horizon.", key=BACKTEST,
            )  # fmt: skip
        parts = {"train": before, "test": test}
        share = getattr(split, "validation", None)
        if share:
            own: Any = split.model_copy(update={"folds": None, "test": 0.0})  # type: ignore[attr-defined]
            nothing = Strata(None, classes=False)
            with catalog.blamed(split, "divide the rows before an origin"):
                table = resolved.table.take(before)
                rows = own.divide(table, nothing, np.random.default_rng(split.seed)).rows
            parts = {name: before[numbers] for name, numbers in rows.items()} | {"test": test}
        found.append(parts)
    return found


def step(windows: Windows) -> int:
    """Steps from one origin to the next.

    Raises:
        DataError: if no window begins there.
    """
    task = windows.task
    assert task.backtest is not None, "it was asked for"
    stride = task.stride or 1
    if task.backtest.step is None:
        return -(-task.horizon // stride) * stride
    if task.backtest.step % stride:
        count = task.backtest.windows
        whole = {"windows": count, "step": -(-task.backtest.step // stride) * stride}
        raise DataError(
            f"windows begin every {stride} steps, and the origins are {task.backtest.step} apart. "
            f"Expected a multiple, such as `{panels.line_of(task, backtest=whole)}`.",
            key=(*BACKTEST, "step"),
        )
    return task.backtest.step


def origins(windows: Windows, resolved: Resolved) -> list[str]:
    """The stamps of the origins, as ISO 8601 has them, or as numbers."""
    table = resolved.table
    known = examples.places(table, windows.axes, windows.task)
    backtest = windows.task.backtest
    assert backtest is not None, "it was asked for"
    back = step(windows) * np.arange(backtest.windows - 1, -1, -1)
    stamps = table[windows.axes.time]
    return [str(stamps[int(np.argmax(known == known.max() - one))]) for one in back.tolist()]
