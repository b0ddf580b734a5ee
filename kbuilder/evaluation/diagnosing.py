"""The diagnosis of a fit, of the figures that a run has and some that are computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns, Rows
from kbuilder.contracts import Following
from kbuilder.evaluation import evaluating, intervals
from kbuilder.evaluation.layer_figures import layer_figures, to_json
from kbuilder.evaluation.symptoms import Figures, symptoms

ROWS = 2048
"""Training rows whose loss is computed once the fit is done, at most."""


def diagnosis(
    model: Any,
    columns: Columns,
    rows: Mapping[str, Rows],
    answered: Mapping[str, Arrays],
    metrics: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
    training: Any,
    folds: bool,
) -> dict[str, Any]:
    """The entry `diagnosis` of `metrics.json`.

    Args:
        model: The fitted network; of several the last.
        columns: Their tasks give the losses.
        rows: Prepared rows and their targets, by split.
        answered: What the model answers for those that were held back, by split and output.
        metrics: What is known of the run so far.
        history: Figures of each epoch, of that network.
        training: How it was fitted.
        folds: Whether rows cannot be held out in folds, or are already.

    Returns:
        `found`, what the fit suffers from: `name`, `message` and `line`, a line to try; `layers`,
        the figures of each; `train_loss`, the loss of training rows once the fit is done.
    """
    arrays, encoded = rows["train"]
    count = len(next(iter(arrays.values())))
    chosen = slice(0, None, -(-count // ROWS))
    some = {key: np.asarray(values[chosen]) for key, values in arrays.items()}
    truth = {output: values[chosen] for output, values in encoded.items()}
    train = evaluating.score(columns, truth, evaluating.outputs(model, some))["loss"]
    held = {name: (own["loss"], len(next(iter(rows[name][1].values()))))
            for name, own in metrics["splits"].items() if name in rows}  # fmt: skip
    names = list(metrics["baselines"])
    losses = {name: own["loss"] for name, own in metrics["baselines"].items() if "loss" in own}
    layers = layer_figures(model, columns, rows["train"])
    known = Figures(
        history=history,
        ending=metrics["fit"] if "fit" in metrics else metrics["fits"][-1],
        train=train,
        held=held,
        spread=_spread(columns, rows, answered),
        constant=losses.pop(names[0], 0.0) if names else 0.0,
        baselines=losses,
        layers=layers,
        weight_decay=training.optimizer.weight_decay or 0.0,
        rate=training.optimizer.height,
        usual=type(training.optimizer)(name=training.optimizer.name).height,
        folds=folds,
    )
    found = [one._asdict() for one in symptoms(known)]
    return {"found": found, "train_loss": train, "layers": to_json(layers)}


def _spread(
    columns: Columns, rows: Mapping[str, Rows], answered: Mapping[str, Arrays]
) -> dict[str, float]:
    """The standard deviation of the loss of single rows, by split; with several targets none, and
    of windows of series, which are of the same steps."""
    [(output, (_, task)), *others] = columns.outputs().items()
    if others or isinstance(task, Following):
        return {}
    found = {}
    for name, own in answered.items():
        if name in rows:
            given = np.asarray(own[output])
            losses = intervals.losses(task, rows[name][1][output], given)
            if losses is not None:
                found[name] = float(losses.std())
    return found
