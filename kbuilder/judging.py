"""What a fit is worth: the metrics of a run, and what its report says beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from kbuilder import networks
from kbuilder.columns import Arrays, Columns
from kbuilder.console import Console
from kbuilder.contracts import Decision
from kbuilder.data import residuals
from kbuilder.data.dataset import Dataset
from kbuilder.data.split import FOLDS
from kbuilder.evaluation import evaluating, explaining, intervals, predictions, settling
from kbuilder.evaluation.baselines import comparing
from kbuilder.evaluation.diagnosing import diagnosis
from kbuilder.evaluation.telling_rows import holds
from kbuilder.folds import Held
from kbuilder.networks import Networks
from kbuilder.recipe.training import Training
from kbuilder.reporting import failing
from kbuilder.reporting.answers import answers_of, looked_at
from kbuilder.tables.table import Table


@dataclass(frozen=True)
class Judged:
    """The answers of a fit beside the truth, by split, the one that is judged by last.

    Args:
        columns: The learned columns, with what was settled by the answers.
        chosen: What was settled.
        metrics: As `metrics.json` has them.
        tables: The rows as they were read.
        encoded: Their targets, by output.
        answered: What was answered, by output.
        by_model: What the model of the run answers; in folds others answer for some rows.
        weights: How much each row counts; of no split, if all count alike.
        drawing: How the rows that the model answers are resampled.
        resampled: How those of the last split are.
        folds: The fold of each row of the split of folds; None: there are none.
    """

    columns: Columns
    chosen: Sequence[Decision]
    metrics: dict[str, Any]
    tables: Mapping[str, Table]
    encoded: Mapping[str, Arrays]
    answered: Mapping[str, Arrays]
    by_model: Mapping[str, Arrays]
    weights: Mapping[str, np.ndarray]
    drawing: intervals.Drawing
    resampled: intervals.Drawing
    folds: np.ndarray | None

    @cached_property
    def predictions(self) -> Any:
        """The rows of `predictions.parquet`, as a frame."""
        folds = None if self.folds is None else {FOLDS: self.folds}
        return predictions.judged(self.columns, self.tables, self.encoded, self.answered, folds)


def judge(
    data: Dataset,
    training: Training,
    fitted: Networks,
    held: Held | None,
    baselines: bool,
    console: Console,
) -> Judged:
    """Have the rows answered, settle what goes by the answers, and compute the metrics.

    Args:
        data: The rows.
        training: How the network was fitted.
        fitted: The model of the run.
        held: Rows that are held out in folds; None: there are none.
        baselines: Whether to fit baselines, too.
        console: For what was settled.
    """
    columns, by_model = data.columns, evaluating.answers(fitted.model, data.rows)
    answered, tables, weights = dict(by_model), dict(data.parts), dict(data.weights)
    encoded = {name: targets for name, (_, targets) in data.rows.items()}
    drawing = resampled = intervals.Drawing(data.groups(), training.seed)
    if held is not None:
        answered = held.among(answered, held.answered)
        tables, encoded = held.among(tables, held.table), held.among(encoded, held.encoded)
        weights = weights and held.among(weights, held.weights)
    columns, chosen = settling.decide(columns, encoded, answered, weights, console.say)
    console.settled([*fitted.settled, *chosen])
    last, others = next(reversed(answered), ""), comparing.Others()
    if held is not None and last == FOLDS:
        others, resampled = held.beside, held.drawing(data, training.seed)
    elif last:
        without = training.model_copy(update={"baselines": "none"})
        others = networks.beside(data, training if baselines else without, last)
    metrics = evaluating.evaluate(columns, encoded, answered, others, weights, resampled)
    metrics |= {} if held is None else {"folds": held.said(columns)}
    metrics |= fitted.said(data, columns)
    if last:
        metrics |= residuals.said(
            columns, data.recipe.data, tables[last], encoded[last], answered[last]
        )
    return Judged(
        columns, chosen, metrics, tables, encoded, answered, by_model, weights, drawing,
        resampled, None if held is None else held.folds,
    )  # fmt: skip


def explained(
    data: Dataset, training: Training, fitted: Networks, judged: Judged, average: Arrays
) -> dict[str, Any]:
    """What answers rest on, where they are worse, why some rows get theirs, what the fit suffers
    from: entries of `metrics.json`, none where no row was held back.

    Args:
        data, training, fitted: As `judge` takes them.
        judged: What it gave.
        average: The average training row.
    """
    columns, metrics, weights = judged.columns, judged.metrics, judged.weights
    last, own = (next(reversed([*one]), "") for one in (judged.answered, judged.by_model))
    if not last:
        return {}
    return {
        "importance": explaining.rests_on(
            columns, data.rows.get(own), partial(evaluating.outputs, fitted.model),
            metrics["headline"], weights.get(own), judged.drawing,
        ),
        "slices": explaining.worse_off(
            columns, judged.tables[last], judged.encoded[last], judged.answered[last],
            weights.get(last), judged.resampled,
        ),
        "explanations": explaining.why(
            fitted.model, columns, average, dict(data.parts)[own or "train"], data.rows.get(own),
            judged.by_model.get(own, {}),
        ),
        "diagnosis": explaining.or_reason(partial(
            diagnosis, fitted.members[-1], columns, data.rows, judged.by_model, metrics,
            fitted.done[-1].history, training,
            getattr(data.recipe.data.split, "folds", 0) is not None,
        )),
        "rows_shown": explaining.or_reason(partial(_rows_shown, judged, last)),
    }  # fmt: skip


def _rows_shown(judged: Judged, split: str) -> dict[str, str]:
    """What the rows hold that the report shows as wrong, by their numbers or files."""
    table, (some, _) = judged.tables[split], looked_at(judged.predictions, split)
    names = {
        str(answers.rows[row])
        for answers in answers_of(judged.columns, some)
        for row in failing.shown(answers)
    }
    labels = map(str, table.labels)  # of all rows, which may be many
    places = {name: place for place, name in enumerate(labels) if name in names}
    return {name: holds(judged.columns, table, places[name]) for name in sorted(names)}
