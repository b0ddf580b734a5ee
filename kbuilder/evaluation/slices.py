"""Where answers are worse than elsewhere: rows of one value, a gap, a range, a length or a time.

The loss of the rows of a slice is compared with that of all others by Welch's test. Many slices are
looked at, so that some look bad by chance: the level of each is divided by how many there are
(Bonferroni).

Source: Welch 1947, doi:10.1093/biomet/34.1-2.28; Chung et al. 2019, arXiv:1807.06068.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns, Target
from kbuilder.contracts import Timed
from kbuilder.evaluation import intervals
from kbuilder.evaluation.evaluating import score
from kbuilder.tables.dictionary import counted, each
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of, missing

FEWEST = 20
"""Rows of a slice, at least, and rows beside it."""
WORDS = 50
"""Different words of a column whose values are slices; of more, lengths are."""
VALUES = 10
"""Different numbers of a column whose values are slices; of more, quarters of the rows are."""
WORST = 10
"""Slices that are told of, at most."""
DAY = 86_400
WEEKDAYS = ("Thursdays", "Fridays", "Saturdays", "Sundays", "Mondays", "Tuesdays", "Wednesdays")
LEVEL = 0.05
"""The chance that one slice or more is told of where all are alike."""
TOLD = ("accuracy", "exact", "mae")
"""Metrics that say something of few rows, too; else the loss is told."""


def slices(
    columns: Columns,
    table: Table,
    encoded: Arrays,
    outputs: Arrays,
    weights: np.ndarray | None = None,
) -> dict[str, Any]:
    """The slices of which it is sure that their answers are worse. An entry of `metrics.json`.

    Args:
        columns: The learned features.
        table: Rows that the model was not fitted on.
        encoded: Their targets by output.
        outputs: What was answered, by output.
        weights: How much each row counts, (rows,); None: all alike. Those of 0 are left out.

    Returns:
        By output of the network: `metric`; `looked_at`, how many slices there were; `worst`, the
        surest first: `column`, `value` in words, `rows`; the metric on them, `score`, and on the
        `rest`.
    """
    known = np.ones(len(table), bool) if weights is None else weights > 0
    masks = [(c, v, mask & known) for c, v, mask in _slices(columns, table)]
    most = known.sum() - FEWEST
    masks = [(c, v, mask) for c, v, mask in masks if FEWEST <= mask.sum() <= most]
    found = {}
    for output, target in columns.outputs().items():
        losses = intervals.losses(target.task, encoded[output], np.asarray(outputs[output]))
        if losses is None:
            continue
        given = _Judged(target, encoded[output], np.asarray(outputs[output]), weights)
        found[output] = given.worst(losses.astype(np.float64), masks, known)
    return found


class _Judged:
    """The answers of one target."""

    def __init__(
        self, target: Target, encoded: np.ndarray, outputs: np.ndarray, weights: np.ndarray | None
    ) -> None:
        self.columns = Columns({}, (target,))
        [self.name] = self.columns.outputs()
        self.encoded, self.outputs, self.weights = encoded, outputs, weights

    def worst(self, losses: np.ndarray, masks: Any, known: np.ndarray) -> dict[str, Any]:
        from scipy.stats import t

        tested = []
        for one in masks:
            inside, outside = losses[one[2]], losses[known & ~one[2]]
            parts = inside.var(ddof=1) / len(inside), outside.var(ddof=1) / len(outside)
            if sum(parts) <= 0:
                continue
            apart = (inside.mean() - outside.mean()) / np.sqrt(sum(parts))
            counts = (len(inside) - 1, len(outside) - 1)
            freedom = sum(parts) ** 2 / sum(p**2 / n for p, n in zip(parts, counts, strict=True))
            tested.append((apart, freedom, *one))
        statistics = np.array([one[:2] for one in tested]).reshape(-1, 2)
        chances = (t.sf(*statistics.T) * len(masks)).tolist()  # at once: there may be thousands
        sure = [
            (chance, -apart, *one)
            for chance, (apart, _, *one) in zip(chances, tested, strict=True)
            if chance < LEVEL
        ]
        sure.sort(key=lambda one: one[:2])
        whole = self._score(known)
        metric = next((name for name in TOLD if name in whole), "loss")
        return {"metric": metric, "looked_at": len(masks), "worst": [
            {"column": column, "value": value, "rows": int(mask.sum()),
             "score": self._score(mask)[metric], "rest": self._score(known & ~mask)[metric]}
            for _, _, column, value, mask in sure[:WORST]
        ]}  # fmt: skip

    def _score(self, rows: np.ndarray) -> Mapping[str, float]:
        own = None if self.weights is None else self.weights[rows]
        return score(
            self.columns, {self.name: self.encoded[rows]}, {self.name: self.outputs[rows]}, own
        )


def _slices(columns: Columns, table: Table) -> Iterator[tuple[str, str, np.ndarray]]:
    """A column, what its values have in common, and which rows these are."""
    for column, feature in columns.features.items():
        values = table[column]
        if values.ndim > 1:
            continue
        gone = missing(values)
        if gone.any():
            yield column, "missing", gone
        kind = kind_of(values)
        if isinstance(feature, Timed):
            yield from ((column, *one) for one in _of_times(feature.seconds(column, values)))
        elif kind == "number":
            yield from ((column, *one) for one in _of_numbers(values, gone))
        elif kind == "string":
            yield from ((column, *one) for one in _of_words(values, gone))


def _of_numbers(values: np.ndarray, gone: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    numbers = values.astype(np.float64)
    there = numbers[~gone]
    different = np.unique(there)
    if len(different) <= VALUES:
        yield from ((f"{value:.6g}", numbers == value) for value in different)
        return
    ends = np.unique(np.quantile(there, [0, 0.25, 0.5, 0.75, 1]))
    for low, high in pairwise(ends.tolist()):
        last = high == ends[-1]
        inside = (numbers >= low) & ((numbers <= high) if last else (numbers < high))
        yield f"{low:.6g} to {high:.6g}" if last else f"{low:.6g} to below {high:.6g}", inside


def _of_times(seconds: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Quarters of the rows in the order of time, and the days of the week.

    Args:
        seconds: Since 1970, NaN where there is no date. (rows,)
    """
    there = seconds[~np.isnan(seconds)]
    if not len(there):
        return
    ends = np.unique(np.quantile(there, [0, 0.25, 0.5, 0.75, 1], method="nearest"))
    unit = "datetime64[D]" if (there % DAY == 0).all() else "datetime64[s]"
    dates = ends.astype(np.int64).astype("datetime64[s]").astype(unit)
    names = [str(one).replace("T", " ") for one in dates]
    for (low, high), (first, end) in zip(pairwise(ends.tolist()), pairwise(names), strict=True):
        last = high == ends[-1]
        inside = (seconds >= low) & ((seconds <= high) if last else (seconds < high))
        yield f"{first} to {end}" if last else f"{first} to before {end}", inside
    if np.ptp(there) > 7 * DAY:
        days = np.floor(seconds / DAY) % 7  # 1970 began with a Thursday
        yield from ((name, days == number) for number, name in enumerate(WEEKDAYS))


def _of_words(values: np.ndarray, gone: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    words = list(counted(values[~gone]))
    if len(words) <= WORDS:
        plain = np.asarray(values)
        yield from ((word, plain == word) for word in words)
        return
    sizes = each(values, lambda some: [len((word or "").split()) for word in some])
    for value, inside in _of_numbers(sizes, gone):
        yield f"{value} words", inside & ~gone
