"""What answers rest on: how much worse they become once a column says nothing of its row.

The values of a column are drawn anew among the rows, so that they keep their distribution and lose
their row. Columns of which one says the other are taken together: of two such, each alone seems to
matter little.

Source: Breiman 2001, doi:10.1023/A:1010933404324; Fisher et al. 2019, arXiv:1801.01489.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from kbuilder.columns import PACKED, Arrays, Columns
from kbuilder.evaluation import intervals
from kbuilder.evaluation.baselines.blocks import Block, blocks_of

ROWS, REPEATS = 2000, 5
"""Rows that are answered anew, at most; how often, of few rows."""
MOST = 100
"""Columns that are looked at, at most."""
RESAMPLES = 200
ALIKE = 0.9
"""The share of the variance of a column from which on another that explains it says it."""
WIDE = 64
"""Numbers of a column that is compared with others, at most."""
COMPARED = 4096
"""Numbers of all columns that are compared with each other, where more than `MOST` may be left."""
TOGETHER = 2**26
"""Bytes of rows that are answered at once, about."""
FEWEST = 20
"""Rows that it takes."""

Predict = Callable[[Arrays], Arrays]


def importance(
    columns: Columns,
    arrays: Arrays,
    encoded: Arrays,
    predict: Predict,
    headline: str,
    weights: np.ndarray | None = None,
    drawing: intervals.Drawing = intervals.ALONE,
) -> dict[str, Any]:
    """How much each column matters. The entry `importance` of `metrics.json`.

    Args:
        columns: The learned features.
        arrays: Prepared rows that the model was not fitted on, by input of the network.
        encoded: Their targets by output.
        predict: Answers such rows.
        headline: The metric that is judged by; higher is better.
        weights: How much each row counts, (rows,); None: all alike.
        drawing: How rows are resampled for the intervals.

    Returns:
        `metric`; `rows`, how many were answered anew; `columns`, the most important first: a list
        of names, `drop`, how much lower the metric is without what they say, and its `interval` of
        95 %. Or `reason`, why there is none.
    """
    rows = len(next(iter(arrays.values())))
    all_ = blocks_of(columns, arrays)
    many = f"there are more than {MOST} columns"
    if len(all_) > MOST and sum(block.width for block in all_) > COMPARED:
        return {"reason": many}
    groups = _alike(all_, arrays)
    if len(groups) < 2 or rows < FEWEST or len(groups) > MOST:
        few = f"there are {rows} rows, and it takes {FEWEST}"
        one = "there is one column, or all say the same"
        return {"reason": one if len(groups) < 2 else few if rows < FEWEST else many}
    random = np.random.default_rng(drawing.seed)
    chosen = np.sort(random.permutation(rows)[:ROWS])
    some = {key: np.asarray(values[chosen]) for key, values in arrays.items()}
    truth = {output: values[chosen] for output, values in encoded.items()}
    counts = None if weights is None else weights[chosen]
    owners = None if drawing.groups is None else drawing.groups[chosen]
    answered = predict(some)
    drawn = intervals.resamples(truth, answered, counts, drawing._replace(groups=owners))
    if drawn is None:
        return {"reason": "the rows, or their groups, are too few"}
    drawn = drawn._replace(times=RESAMPLES)
    own = intervals.spread(columns, truth, answered, drawn, headline).get(headline)
    if own is None:
        return {"reason": f"{headline} is not known of every choice of rows"}
    repeats = int(np.clip(ROWS // len(chosen), 1, REPEATS))
    found: list[dict[str, Any]] = []
    changed = (_shuffled(some, blocks, random) for blocks in groups for _ in range(repeats))
    again = _answers(predict, changed, sum(values.nbytes for values in some.values()))
    for blocks in groups:
        spreads = [
            intervals.spread(columns, truth, next(again), drawn, headline) for _ in range(repeats)
        ]
        others = np.mean([one[headline] for one in spreads], axis=0)
        scores = (float(np.nanmean(own)), float(np.nanmean(others)))
        apart = intervals.compare(headline, scores, own, others, "", len(chosen), drawn)
        names = [block.column for block in blocks]
        found.append({"columns": names, "drop": apart.difference, "interval": apart.interval})
    found.sort(key=lambda one: -one["drop"])
    return {"metric": headline, "rows": len(chosen), "columns": found}


def _answers(predict: Predict, changed: Iterator[Arrays], size: int) -> Iterator[Arrays]:
    """The answers of each, of several at once: a call takes longer than a few rows."""
    several = max(1, TOGETHER // max(1, size))
    while some := list(islice(changed, several)):
        joined = {key: np.concatenate([one[key] for one in some]) for key in some[0]}
        rows = len(next(iter(some[0].values())))
        outputs = predict(joined)
        for start in range(0, len(some) * rows, rows):
            yield {name: values[start : start + rows] for name, values in outputs.items()}


def _shuffled(arrays: Arrays, blocks: Sequence[Block], random: np.random.Generator) -> Arrays:
    """The rows with the values of some columns from other rows, all of these from the same."""
    order = random.permutation(len(next(iter(arrays.values()))))
    changed: dict[str, np.ndarray] = dict(arrays)
    for block in blocks:
        if block.key != PACKED:
            changed[block.key] = changed[block.key][order]
            continue
        if changed[PACKED] is arrays[PACKED]:
            changed[PACKED] = changed[PACKED].copy()
        own = slice(block.first, block.last)
        changed[PACKED][:, own] = arrays[PACKED][order, own]
    return changed


def _alike(blocks: Sequence[Block], arrays: Arrays) -> list[list[Block]]:
    """The columns, those together of which one says the other."""
    numbers = [n for n, one in enumerate(blocks) if one.form == "vector" and one.width <= WIDE]
    bases = [_basis(blocks[number].flat(arrays, slice(ROWS))) for number in numbers]
    alike = _shares(bases) >= ALIKE
    leader = list(range(len(blocks)))
    for place, first in enumerate(numbers):
        for other in np.flatnonzero(alike[place, place + 1 :]).tolist():
            second = numbers[place + 1 + other]
            if leader[second] == second:
                leader[second] = leader[first]
    groups: dict[int, list[Block]] = {}
    for number, block in enumerate(blocks):
        groups.setdefault(leader[number], []).append(block)
    return list(groups.values())


def _basis(values: np.ndarray) -> np.ndarray:
    """What a column varies in: orthonormal columns, by how much it does. (rows, k)"""
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    there = sizes > 1e-6 * max(1e-12, sizes[0] if len(sizes) else 0)
    return left[:, there] * sizes[there]


def _shares(bases: Sequence[np.ndarray]) -> np.ndarray:
    """Of each two, the larger share of the variance that one explains of the other, up to 1.

    Args:
        bases: What columns vary in, each (rows, k). All of them are multiplied at once: of a
            thousand columns there are half a million pairs.

    Returns:
        (columns, columns), 0 of what does not vary, or has too few rows for what it varies in.
    """
    found = np.zeros((len(bases), len(bases)))
    there = [n for n, one in enumerate(bases) if one.size and len(one) > one.shape[1] + 1]
    if not there:
        return found
    whole = np.concatenate([bases[n] for n in there], axis=1)
    widths = np.array([bases[n].shape[1] for n in there])
    firsts = np.cumsum(widths) - widths
    squares = (whole**2).sum(axis=0)
    explained = (whole.T @ whole) ** 2 / squares[:, None]
    explained = np.add.reduceat(np.add.reduceat(explained, firsts, axis=0), firsts, axis=1)
    explained /= np.add.reduceat(squares, firsts)
    rows = len(whole)
    shares = 1 - (1 - explained) * (rows - 1) / (rows - widths - 1)[:, None]
    found[np.ix_(there, there)] = np.maximum(shares, shares.T)
    return found
