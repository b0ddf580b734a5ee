"""Rows of the fit for an export of fewer bits: some to quantize by, others to measure on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kbuilder import preprocessing
from kbuilder.columns import Arrays
from kbuilder.data import dataset, weights
from kbuilder.data.split import FOLDS
from kbuilder.errors import DataError, ExportError
from kbuilder.evaluation import evaluating
from kbuilder.export.contract import Quantizing
from kbuilder.runs import resuming, run_folder
from kbuilder.tables.table import Table

REPRESENTATIVE = 256
"""Rows of training by which the range of each activation is estimated."""


def rows_to_quantize(
    path: Path, record: run_folder.Record, to: str, answer: Callable[[Table], Arrays]
) -> Quantizing:
    """The rows of the fit, read again.

    Args:
        path: The folder of the run.
        record: What it holds.
        to: As `Run.export` takes `quantize`.
        answer: Gives the outputs of the network for rows.

    Raises:
        ExportError: if they cannot be read, or none were held back.
        RunError: if they are not those of the fit.
    """
    recipe, columns = record.recipe, record.columns
    try:
        _, parts = dataset.divided(recipe, record.splits["smoke"])
    except DataError as error:
        raise ExportError(
            f"--quantize needs the rows that {path} was fitted on, and they cannot be read: {error}"
        ) from None
    now = parts.describe(recipe.data.split.seed, record.splits["smoke"])
    before = {name: one for name, one in record.splits["fingerprint"].items() if name != FOLDS}
    resuming.same_rows(path, {**record.splits, "fingerprint": before}, now)
    held = {name: table for name, table in parts if name != "train"}
    if not held:
        raise ExportError(
            f"{path} held no rows back, so that nobody would know what --quantize loses. "
            "Expected a run with data.split.validation, or no --quantize."
        )
    part, table = next(iter(held.items()))
    metric = str(record.metrics["headline"])
    encoded = preprocessing.encode_targets(columns, table)
    counted = None if columns.weight is None else weights.read(table, columns.weight, part)

    def score(outputs: Arrays) -> float:
        return evaluating.score(columns, encoded, outputs, counted)[metric]

    return Quantizing(
        to=to,
        train=preprocessing.raw(columns, parts.train.take(slice(REPRESENTATIVE))),
        part=part,
        held=preprocessing.raw(columns, table),
        metric=metric,
        before=score(answer(table)),
        score=score,
    )
