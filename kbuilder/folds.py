"""Rows that are held out in turn: each is answered for by networks that were not fitted on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kbuilder import networks, preprocessing
from kbuilder.building.averaging import average_of
from kbuilder.columns import Arrays, Columns
from kbuilder.data import folds, split
from kbuilder.data.dataset import Dataset
from kbuilder.evaluation import evaluating, intervals, settling
from kbuilder.evaluation.baselines.comparing import Others
from kbuilder.evaluation.predictions import decode
from kbuilder.evaluation.several import spread
from kbuilder.networks import Fits, Networks, Prepared
from kbuilder.tables.table import Table
from kbuilder.training.one_fit import Fitted

TEST = "test"
"""The part of a fold that is held out."""


class Held(NamedTuple):
    """What is answered for rows that were held out.

    Args:
        table: The rows, fold by fold.
        folds: The number of the fold of each, from 1. (rows,)
        encoded: Their targets by output.
        answered: What was answered, by output.
        beside: What baselines answered that were fitted on the same rows as the networks.
        weights: How much each row counts, (rows,); None: all alike.
        networks: The networks of all folds, and their average.
        origins: The stamp of the last step that was known in each fold of a backtest.
    """

    table: Table
    folds: np.ndarray
    encoded: Arrays
    answered: Arrays
    beside: Others
    weights: np.ndarray | None
    networks: Networks
    origins: Sequence[str] = ()

    def drawing(self, data: Dataset, seed: int) -> intervals.Drawing:
        """How they are resampled."""
        groups = split.groups(self.table, data.recipe.data.split)
        if self.origins:  # those of one are forecast alike
            groups = self.folds - 1
        return intervals.Drawing(groups, seed)

    def among(self, parts: Mapping[str, Any], own: Any) -> dict[str, Any]:
        """What there is of each part with that of these rows in its place: before the test."""
        found = {part: one for part, one in parts.items() if part != TEST}
        return {**found, split.FOLDS: own, **{part: parts[part] for part in parts if part == TEST}}

    def said(self, columns: Columns) -> dict[str, Any]:
        """The entry `folds` of `metrics.json`.

        Args:
            columns: Their tasks, settled, give the metrics.
        """
        sizes = np.bincount(self.folds)[1:].tolist()
        scores = []
        for number in range(1, len(sizes) + 1):
            own = self.folds == number
            encoded, answered = (
                {output: values[own] for output, values in all.items()}
                for all in (self.encoded, self.answered)
            )
            weights = None if self.weights is None else self.weights[own]
            scores.append(evaluating.score(columns, encoded, answered, weights))
        origins = {"origins": list(self.origins)} if self.origins else {}
        return {"count": len(sizes), "rows": sizes, **origins, **spread(scores)}


def hold_out(fits: Fits, prepared: Prepared) -> Held:
    """Fit networks on all folds but one, for each in turn, and have them answer for its rows.

    Args:
        fits: Fits them.
        prepared: The network for all rows; those of the folds are alike.

    Raises:
        TrainingError: if a loss is no longer a finite number.
        Interrupted: after a signal.
    """
    data = prepared.data
    assert data.folds is not None, "the rows are in folds"
    columns, count = data.columns, len(data.folds.rows)
    training = prepared.recipe.training.smoke() if data.smoke else prepared.recipe.training
    found, members, done = list[_Fold](), list[Any](), list[Fitted]()
    settled = [] if not data.folds.shared else settling.averaged(columns)
    for number, fold in enumerate(folds.datasets(data), 1):
        own = networks.build(fold, networks.with_seed(prepared, 0), fits.placement)
        fitted = fits.run(own, f"fold {number}/{count}", averaged=data.folds.shared)
        members += fitted.members if data.folds.shared else []
        done += fitted.done
        table = dict(fold.parts)[TEST]
        outputs, beside = evaluating.outputs(fitted.model, fold.rows[TEST][0]), Others()
        if TEST not in data.rows:  # else the model is judged by those rows
            beside = networks.beside(fold, training, TEST, count)
        given = {name: _alike(columns, fold.columns, one) for name, one in beside.outputs.items()}
        found.append(_Fold(
            table, preprocessing.encode_targets(columns, table),
            _alike(columns, fold.columns, outputs), Others(given, beside.notes),
            fold.weights.get(TEST),
        ))  # fmt: skip
    weights = [one.weights for one in found if one.weights is not None]
    numbers = [
        rows[TEST][: len(one.table)] for rows, one in zip(data.folds.rows, found, strict=True)
    ]
    return Held(
        table=data.folds.resolved.table.take(np.concatenate(numbers)),
        folds=np.repeat(np.arange(1, count + 1), list(map(len, numbers))),
        encoded=_joined([one.encoded for one in found]),
        answered=_joined([one.answered for one in found]),
        beside=_beside([one.beside for one in found]),
        weights=np.concatenate(weights) if weights else None,
        networks=Networks(average_of(members) if members else None, members, done, settled),
        origins=data.folds.origins(),
    )  # fmt: skip


class _Fold(NamedTuple):
    """The rows of a fold, and what is answered for them."""

    table: Table
    encoded: Arrays
    answered: Arrays
    beside: Others
    weights: np.ndarray | None


def _alike(columns: Columns, own: Columns, outputs: Arrays) -> Arrays:
    """What the network of a fold answers, as a network for all rows would say it.

    Numbers are standardised by the mean and the deviation of other rows there.
    """
    targets = own.outputs()
    found = {}
    for output, (_, task) in columns.outputs().items():
        values, before = outputs[output], targets[output].task
        found[output] = values if before == task else task.outputs_of(decode(before, values))
    return found


def _joined(parts: Sequence[Arrays]) -> Arrays:
    """Rows of all folds one below another, by output."""
    return {output: np.concatenate([one[output] for one in parts]) for output in parts[0]}


def _beside(parts: Sequence[Others]) -> Others:
    """What baselines answer for all rows; one that is left out in a fold is left out."""
    names = [name for name in parts[0].outputs if all(name in one.outputs for one in parts)]
    notes: dict[str, str] = {}
    for number, one in enumerate(parts, 1):
        for name, note in one.notes.items():
            notes.setdefault(name, f"in fold {number}: {note}" if name not in names else note)
    return Others({name: _joined([one.outputs[name] for one in parts]) for name in names}, notes)
