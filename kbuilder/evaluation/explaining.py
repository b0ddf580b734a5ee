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
from kbuilder.evaluation.telling_rows import telling_rows
from kbuilder.tables.table import Table

ALL_ROWS = (
    "the network was fitted on all rows. `test: 0.2` within `data: {split: …}` holds some back, "
    "also beside folds"
)


def rests_on(
    columns: Columns,
    rows: Rows | None,
    predict: Predict,
    headline: str,
    weights: np.ndarray | None,
    drawing: intervals.Drawing,
) -> dict[str, Any]:
    """The entry `importance` of `metrics.json`, or the reason why there is none.

    Args:
        columns: The learned features.
        rows: Prepared rows that the model was not fitted on, and their targets; None: there are
            none.
        predict: Answers such rows.
        headline: The metric that is judged by.
        weights: How much each row counts, (rows,); None: all alike.
        drawing: How rows are resampled.
    """
    if rows is None:
        return {"reason": ALL_ROWS}
    return or_reason(
        lambda: importance(columns, *rows, predict, headline, weights, drawing)
    )  # fmt: skip


def worse_off(
    columns: Columns,
    table: Table,
    encoded: Arrays,
    answered: Arrays,
    weights: np.ndarray | None,
    drawing: intervals.Drawing,
) -> dict[str, Any]:
    """The entry `slices` of `metrics.json`, or the reason why there is none.

    Args:
        columns, weights, drawing: As `rests_on` takes them.
        table: Rows as they were read.
        encoded: Their targets, by output.
        answered: What was answered, by output.
    """
    if drawing.groups is not None:
        return {"reason": "rows of a group are alike, and the test takes each for itself"}
    return or_reason(lambda: slices(columns, table, encoded, answered, weights))


def why(
    model: Any,
    columns: Columns,
    average: Arrays,
    table: Table,
    rows: Rows | None,
    answered: Arrays,
) -> dict[str, Any]:
    """The entry `explanations` of `metrics.json`, or the reason why there is none.

    Args:
        model, columns, average, table, answered: As `telling_rows` takes them.
        rows: Prepared rows and their targets; None: there are none.
    """
    if rows is None:
        return {"reason": ALL_ROWS}
    return or_reason(lambda: telling_rows(model, columns, average, table, rows, answered))


def or_reason(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What it gives: an entry of `metrics.json`; or the reason why there is none."""
    try:
        return work()
    except Exception as error:  # whatever it is, the fit of the network is done and sound
        return {"reason": f"{type(error).__name__}: {cut(on_one_line(str(error)))}"}
