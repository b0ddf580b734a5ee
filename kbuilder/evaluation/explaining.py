"""What the report says beside figures: what answers rest on, and where they are worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns, Rows
from kbuilder.errors import cut, on_one_line
from kbuilder.evaluation import intervals
from kbuilder.evaluation.importance import Predict, importance
from kbuilder.evaluation.slices import slices
from kbuilder.tables.table import Table


def explained(
    columns: Columns,
    rows: Rows,
    table: Table,
    answered: Arrays,
    predict: Predict,
    headline: str,
    weights: np.ndarray | None,
    drawing: intervals.Drawing,
) -> dict[str, Any]:
    """The entries `importance` and `slices` of `metrics.json`, or the reason why there is none.

    Args:
        columns: The learned features.
        rows: Prepared rows that the model was not fitted on, and their targets.
        table: The same as they were read.
        answered: What was answered, by output.
        predict: Answers such rows.
        headline: The metric that is judged by.
        weights: How much each row counts, (rows,); None: all alike.
        drawing: How rows are resampled.
    """
    arrays, encoded = rows
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "importance": lambda: importance(
            columns, arrays, encoded, predict, headline, weights, drawing
        ),
        "slices": lambda: (
            slices(columns, table, encoded, answered, weights)
            if drawing.groups is None
            else {"reason": "rows of a group are alike, and the test takes each for itself"}
        ),
    }
    found = {}
    for name, one in work.items():
        try:
            found[name] = one()
        except Exception as error:  # whatever it is, the fit of the network is done and sound
            found[name] = {"reason": f"{type(error).__name__}: {cut(on_one_line(str(error)))}"}
    return found
