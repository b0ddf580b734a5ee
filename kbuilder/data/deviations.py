"""Which windows of series answers are of, and how far what came is from what was forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.columns import Columns
from kbuilder.contracts import Following
from kbuilder.data.examples import axes_of
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

NAME = "deviation"


def beside(
    frame: pd.DataFrame,
    columns: Columns,
    data: Any,
    table: Table,
    by_step: Mapping[str, Mapping[str, Sequence[float]]],
) -> pd.DataFrame:
    """Answers for windows: before them the series and the last stamp that was known, behind them
    how far the truth is from each step, where it is known.

    A deviation is the truth less the forecast, in units of the mean absolute error of that step
    in the rows that the run was judged by, scaled by the size of the series. A series that was not
    in training has none: how far its steps are apart is not known.

    Args:
        frame: The answers, `value`, or `value 1` and so on; of other tasks they stay as they are.
        columns: The target, and its task.
        data: The source of the recipe.
        table: The windows.
        by_step: As `metrics.json` has it; empty: there are no deviations.
    """
    axes, (names, task) = axes_of(data), next(iter(columns.outputs().values()))
    if axes is None or not isinstance(task, Following):
        return frame
    units, found = by_step.get("", {}), frame
    if units and names[0] in table.columns:  # a window that comes as such has no truth
        found = frame.assign(**_deviations(frame, table[names[0]], task, units))
    for place, name in enumerate(name for name in (axes.series, axes.time) if name is not None):
        if name in table.columns and name not in found:
            found.insert(place, name, table[name])
    return found


def _deviations(
    frame: pd.DataFrame, target: np.ndarray, task: Following, units: Mapping[str, Sequence[float]]
) -> dict[str, np.ndarray]:
    values = [name for name in map(str, frame) if name.partition(" ")[0] == "value"]
    off = target[:, : task.horizon] - frame[values].to_numpy(np.float64)
    if "mase" in units:
        unit = np.array(units["mase"]) * target[:, -2:-1]  # 0: it was not in training
    else:
        unit = np.broadcast_to(np.array(units["mae"]), off.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(unit > 0, off / unit, np.nan)
    apart = apart.astype(np.float32)
    return {name.replace("value", NAME): apart[:, step] for step, name in enumerate(values)}
