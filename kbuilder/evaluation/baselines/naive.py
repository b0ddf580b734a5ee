"""Forecasts that need no model: a season before, the last value, its drift, the mean.

Source: Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Following
from kbuilder.tables.table import Table

PAST = "past"
"""The column of the windows, of whose steps the first number is the target's."""


def follows(columns: Columns) -> bool:
    """Whether what is predicted are the next steps of a series."""
    return any(isinstance(task, Following) for _, task in columns.targets)


def forecasts(columns: Columns, table: Table, encoded: Arrays) -> Mapping[str, Arrays]:
    """What each of these forecasts says, by its name and the output of the network.

    Args:
        columns: The target, and its task.
        table: Windows.
        encoded: Their encoded targets.
    """
    found: dict[str, Arrays] = {}
    for output, (_, task) in columns.outputs().items():
        if not isinstance(task, Following):
            continue
        window = table[PAST][:, :, 0].astype(np.float64)
        ahead = task.gap + 1 + np.arange(task.horizon)
        last, first = window[:, -1:], window[:, :1]
        slope = (last - first) / max(window.shape[1] - 1, 1)
        values = {
            "last value": np.repeat(last, task.horizon, axis=1),
            "drift": last + slope * ahead,
            "mean of the window": np.repeat(
                np.nanmean(window, axis=1, keepdims=True), task.horizon, axis=1
            ),
        }
        if (task.period or 1) > 1:
            found[f"seasonal naive ({task.period})"] = {output: task.naive(encoded[output])}
        for name, steps in values.items():
            found[name] = {output: task.outputs_of({"value": steps})}
    return found
