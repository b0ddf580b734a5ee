"""Columns that give the target away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kbuilder.contracts import Finding
from kbuilder.data.seen import ENOUGH, Seen
from kbuilder.errors import listed
from kbuilder.lines import to_line
from kbuilder.tables.values import kind_of, missing

NEARLY = 0.999
"""A correlation with the target, or a share of rows, that is nearly all."""


def leak(seen: Seen) -> Iterator[Finding]:
    """Columns that say the target, or nearly."""
    for names, task in seen.targets:
        values = seen.target(names)
        if values.ndim > 1 or len(values) < ENOUGH or kind_of(values) not in ("number", "string"):
            continue
        label, known = _numbered(values) if task.stratified else (values, 0)
        for column, cells in seen.columns.items():
            key = ("features", column)
            line = to_line(("data", "ignore"), [column])
            ignore = f"`{line}`"
            goal = listed(map(repr, names))
            if task.stratified:
                how = _determines(cells, label, known)
            else:
                how = _follows(cells, values)
            if how == "same":
                message = f"column {column!r} gives the target {goal} away: each says the other"
                yield Finding("leak", key, f"{message}. Leave it out: {ignore}.", True, line)
            elif how:
                message = f"column {column!r} nearly says the target {goal}: {how}"
                yield Finding(
                    "leak", key, f"{message}. If it is known only afterwards, write {ignore}.",
                    False, line,
                )  # fmt: skip


def _numbered(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The number of each row's value, a missing one counted too, and how many there are."""
    import pandas as pd

    numbers, different = pd.factorize(np.asarray(values), use_na_sentinel=False)
    return numbers, len(different)


def _determines(cells: np.ndarray, label: np.ndarray, known: int) -> str:
    """How a column says the class of a row: "same", in words, or not at all.

    Args:
        cells: The column.
        label: The number of each row's class.
        known: How many classes there are.
    """
    if known < 2 or (~missing(cells)).sum() < ENOUGH:
        return ""
    name, names = _numbered(cells)
    if names > min(0.1 * len(cells), 1000):
        return ""  # too many values to tell a rule from chance
    together = np.bincount(name * known + label, minlength=names * known)
    right = int(together.reshape(names, known).max(axis=1).sum())
    chance = np.bincount(label).max() / len(cells)
    if right == len(cells) and names == known:
        return "same"
    if right >= NEARLY * len(cells) and chance < 0.99:
        return f"its {names} values tell the class of {right / len(cells):.1%} of the rows"
    return ""


def _follows(cells: np.ndarray, numbers: np.ndarray) -> str:
    """How a column says a number: "same", in words, or not at all."""
    if kind_of(cells) != "number" or kind_of(numbers) != "number":
        return ""
    x, y = cells.astype(np.float64), numbers.astype(np.float64)
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < ENOUGH or not x[there].std() > 0 or not y[there].std() > 0:
        return ""
    if np.array_equal(x[there], y[there]):
        return "same"
    related = abs(float(np.corrcoef(x[there], y[there])[0, 1]))
    return f"its correlation with it is {related:.4f}" if related >= NEARLY else ""


def sums(seen: Seen) -> Iterator[Finding]:
    """Columns that the target is the sum of, or the difference."""
    for names, task in seen.targets:
        values = seen.target(names)
        if task.stratified or values.ndim > 1 or kind_of(values) != "number":
            continue
        numbers = {
            column: cells.astype(np.float64)
            for column, cells in seen.columns.items()
            if kind_of(cells) == "number"
        }
        goal = values.astype(np.float64)
        if not 2 <= len(numbers) <= 60:
            continue
        matrix = np.stack([*numbers.values(), np.ones(len(goal))], axis=1)
        there = np.isfinite(matrix).all(axis=1) & np.isfinite(goal)
        if there.sum() < max(ENOUGH, 3 * len(numbers)):
            continue
        scale = np.abs(matrix[there]).max(axis=0)
        scale[scale == 0] = 1.0
        weights = np.linalg.lstsq(matrix[there] / scale, goal[there], rcond=None)[0] / scale
        rest = goal[there] - matrix[there] @ weights
        if np.abs(rest).max() > 1e-6 * goal[there].std():
            continue
        part = {c: w for c, w in zip(numbers, weights, strict=False) if abs(w) > 1e-6}
        if len(part) > 1:
            added = float(weights[-1])
            terms = list(map(_term, part.items()))
            if abs(added) > 1e-6 * max(goal[there].std(), abs(added)):
                terms.append(f"{'+' if added > 0 else '-'} {abs(added):.6g}")
            formula = " ".join(terms).removeprefix("+ ")
            message = f"the target {listed(map(repr, names))} is {formula}, in every row"
            line = to_line(("data", "ignore"), list(part))
            yield Finding(
                "sum", ("data", "target"),
                f"{message}. If these are known only afterwards, leave one out of `{line}`, or all",
                True, line,
            )  # fmt: skip


def _term(weighted: tuple[str, float]) -> str:
    """A column and its weight in a sum: "+ tip"."""
    column, weight = weighted
    factor = "" if abs(abs(weight) - 1) < 1e-6 else f"{abs(weight):.4g} × "
    return f"{'+' if weight > 0 else '-'} {factor}{column}"
