"""The tasks' metrics on each part, beside a trivial baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kbuilder import catalog, progress
from kbuilder.columns import Arrays, Columns, Rows, shares
from kbuilder.contracts import Deciding, Following, Relative
from kbuilder.errors import listed
from kbuilder.evaluation import intervals
from kbuilder.evaluation.baselines import naive
from kbuilder.evaluation.baselines.comparing import Others
from kbuilder.evaluation.continuing import last_values
from kbuilder.tables.table import Table

BATCH, COPIED = 1024, 2**26
"""How many rows are answered at once; and how many values are copied for it in all at most, since
`model.predict` copies all rows that it is given."""
USUAL = 0.8
"""The share of the rows that the most frequent class may have, for accuracy to tell something."""

Scores = dict[str, float]


def outputs(model: Any, arrays: Arrays) -> Arrays:
    """The network's outputs for all rows, by name. Each (rows, units)"""
    import keras

    rows = len(next(iter(arrays.values())))
    wide = sum(values[:1].size for values in arrays.values())
    block = max(COPIED // max(wide, 1) // BATCH, 1) * BATCH
    with progress.stage("answering", rows, "rows") as stage:
        after = keras.callbacks.LambdaCallback(
            on_predict_batch_end=lambda batch, logs: stage.advance(min(BATCH, rows - stage.done))
        )
        found: list[Arrays] = []
        for start in range(0, max(rows, 1), block):
            own = {name: values[start : start + block] for name, values in arrays.items()}
            found.append(model.predict(own, batch_size=BATCH, verbose=0, callbacks=[after]))
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def score(
    columns: Columns, encoded: Arrays, predicted: Arrays, weights: np.ndarray | None = None
) -> Scores:
    """The loss and the metrics of every target; with several `loss` is their weighted sum.

    Args:
        columns: Their tasks give the metrics.
        encoded: The targets by output.
        predicted: The network's outputs.
        weights: How much each row counts, (rows,); None: all alike.
    """
    total, scores = 0.0, {}
    share = None
    if weights is not None:
        counts = weights > 0
        encoded = {output: values[counts] for output, values in encoded.items()}
        predicted = {output: values[counts] for output, values in predicted.items()}
        weights = weights[counts]
        share = shares(weights)
    given = () if share is None else (weights,)
    for output, (_, task) in columns.outputs().items():
        criterion, _ = task.objective()
        loss = float(criterion(encoded[output], predicted[output], sample_weight=share))
        total += task.loss_weight * loss
        own = {"loss": loss, **task.score(encoded[output], predicted[output], *given)}
        scores.update({columns.titled(output, name): value for name, value in own.items()})
    return {"loss": total, **scores} if len(columns.targets) > 1 else scores


def answers(model: Any, rows: Mapping[str, Rows]) -> dict[str, Arrays]:
    """What the network gives for the rows that were held back, by split."""
    return {name: outputs(model, x) for name, (x, _) in rows.items() if name != "train"}


def evaluate(
    columns: Columns,
    encoded: Mapping[str, Arrays],
    answered: Mapping[str, Arrays],
    beside: Others,
    weights: Arrays | None = None,
    drawing: intervals.Drawing = intervals.ALONE,
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        columns: Its tasks give the metrics.
        encoded: Encoded targets of `train`, and of the parts that were answered, by part.
        answered: What was answered for each of these.
        beside: What all baselines answer for the last part.
        weights: How much each of these rows counts, by part; left out: all alike.
        drawing: How the last part is resampled.

    Returns:
        Task, headline metric, the column of the weights if there is one, scores of the parts held
        back; the scores of each baseline on the last of them, what is said of one, whether the
        model beats all, and what `intervals.judge` gives. With several targets, the task of each,
        and the headline of the first; the model is better if it is so for each.
    """
    weights = weights or {}
    splits = {
        name: score(columns, encoded[name], given, weights.get(name))
        for name, given in answered.items()
    }
    tasks = {output: catalog.name_of(task) for output, (_, task) in columns.outputs().items()}
    judging = headlines(columns, encoded["train"], weights.get("train"))
    result: dict[str, Any] = {
        "task": tasks if len(tasks) > 1 else next(iter(tasks.values())),
        "headline": judging[0],
        **({} if columns.weight is None else {"weight": columns.weight}),
        "splits": splits,
    }
    if not splits:
        return {**result, "baselines": {}, "better_than_baseline": None}
    judged = list(splits)[-1]
    baselines = {
        name: _of_baseline(columns, encoded[judged], outputs, answered[judged], weights.get(judged))
        for name, outputs in beside.outputs.items()
    }
    better = [_better(splits[judged], scores, judging) for scores in baselines.values()]
    notes = dict(beside.notes)
    targets, given = encoded[judged], answered[judged]
    drawn = intervals.resamples(targets, given, weights.get(judged), drawing)
    steps = _by_step(columns, targets, {"": given, **beside.outputs})
    both = (splits[judged], baselines)
    found = intervals.judge(columns, targets, given, beside.outputs, both, judging, drawn)
    return {
        **result,
        "baselines": baselines,
        **({"baseline_notes": notes} if notes else {}),
        **({"by_step": steps} if steps else {}),
        "better_than_baseline": None if None in better else all(better),
        **({**found, "intervals": {judged: found["intervals"]}} if drawn else found),
    }


def _of_baseline(
    columns: Columns, encoded: Arrays, outputs: Arrays, answered: Arrays, weights: Any
) -> Scores:
    """The scores of a baseline, its loss in the units of the network's."""
    scores = score(columns, encoded, outputs, weights)
    [(output, (_, task)), *_] = columns.outputs().items()
    if isinstance(task, Relative):
        alike = {output: task.alike(np.asarray(outputs[output]), np.asarray(answered[output]))}
        scores["loss"] = score(columns, encoded, alike, weights)["loss"]
    return scores


def _by_step(
    columns: Columns, encoded: Arrays, answered: Mapping[str, Arrays]
) -> dict[str, dict[str, list[float]]]:
    """The errors of each step of a horizon, by metric, of the model ("") and of each baseline."""
    [(output, (_, task)), *_] = columns.outputs().items()
    if not isinstance(task, Following):
        return {}
    given = {name: np.asarray(own[output]) for name, own in answered.items()}
    return {name: dict(task.by_step(encoded[output], own)) for name, own in given.items()}


def headlines(columns: Columns, train: Arrays, weights: np.ndarray | None = None) -> list[str]:
    """The metric that each target is judged by.

    Args:
        train: The encoded targets of the training rows: where one class has nearly all, whoever
            names it always is right nearly always, and another metric tells more. So it does
            where the threshold is not 0.5: it serves something else than the usual metric.
        weights: How much each of them counts; None: all alike.
    """
    found = []
    for output, (_, task) in columns.outputs().items():
        metric, groups = task.headline, task.groups(train[output])
        counts = np.zeros(1) if groups is None else np.bincount(groups, weights)
        decided = isinstance(task, Deciding) and task.threshold != 0.5
        if counts.max() > USUAL * counts.sum() or decided:
            metric = getattr(task, "rare_headline", metric)  # not every task has one
        found.append(columns.titled(output, metric))
    return found


def trivial(
    columns: Columns,
    rows: Mapping[str, Rows],
    judged: str,
    weights: np.ndarray | None = None,
    tables: Mapping[str, Table] | None = None,
) -> dict[str, Arrays]:
    """The outputs of baselines that learn nothing of the inputs, by name and output.

    Args:
        columns: Their tasks give the best constant answers.
        rows: Of training, and of the part that is judged.
        judged: The name of that part.
        weights: How much each training row counts; None: all alike.
        tables: These rows as they were read, of which sequences have a last value; None: no
            baseline repeats it.
    """
    encoded = {name: targets for name, (_, targets) in rows.items()}
    names, constants = _constants(columns, encoded["train"], encoded[judged], weights)
    found = {listed(dict.fromkeys(names)): constants}
    if tables is not None and naive.follows(columns):
        return {**found, **naive.forecasts(columns, tables[judged], encoded[judged])}
    if tables is not None:
        name, last = last_values(columns, tables, encoded)
        if name:
            found[name] = {**constants, **last[judged]}
    return found


def _constants(
    columns: Columns, train: Arrays, encoded: Arrays, weights: np.ndarray | None
) -> tuple[list[str], Arrays]:
    """The name of each target's best answer that ignores the input, and the answers by output."""
    names, constants = [], {}
    given = () if weights is None or shares(weights) is None else (weights,)
    for output, (_, task) in columns.outputs().items():
        name, constant = task.baseline(train[output], *given)
        names.append(name)
        constants[output] = np.broadcast_to(constant, (len(encoded[output]), len(constant)))
    return names, constants


def _better(scores: Scores, trivial: Scores, judging: Sequence[str]) -> bool | None:
    """Whether scores are better in each of the metrics that are judged by; None: nobody knows."""
    known = [name for name in judging if name in scores and name in trivial]
    return all(scores[name] > trivial[name] for name in known) if known else None
