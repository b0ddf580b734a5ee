"""Rows that are held out in turn: how many folds, which rows are in each, and what the model is."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.spec import Spec

Several = Annotated[int, Field(ge=2)]


class Folds(Spec):
    """Cross-validation: each row is held out once, and judged by a network that has not seen it."""

    count: Several = 5
    """How many folds; >= 2. Each is held out in turn, and a network is fitted on the others."""
    model: Literal["refit", "average"] = "refit"
    """What the model of the run is. refit: one more network, fitted on the rows of all folds.
    average: the mean of what the networks of the folds answer; then all of them prepare columns
    alike, by means and vocabularies of the rows of all folds."""


OfFolds = Annotated[
    Folds,
    BeforeValidator(
        lambda value: {"count": value} if type(value) is int else value,
        json_schema_input_type=Folds | Several,
    ),
]


def deal(rows: Any, count: int, groups: Any, random: Any) -> list[Any]:
    """The rows of each fold: as many in each, and as many of each group, but for one."""
    order = random.permutation(rows)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    return [order[fold::count] for fold in range(count)]


def deal_whole(rows: Any, count: int, owners: Any, groups: Any, random: Any) -> list[Any]:
    """The rows of each fold; those of an owner are in one.

    Owners come the largest first, those of one size in a random order. Each goes where the folds
    stay nearest to equal shares of each group, then of all rows.
    """
    owner = np.unique(owners[rows], return_inverse=True)[1]
    group = np.zeros(len(rows), int)
    if groups is not None:
        group = np.unique(groups[rows], return_inverse=True)[1]
    whole = np.bincount(group)
    order = np.argsort(owner, kind="stable")
    of_owner = np.split(group[order], np.flatnonzero(np.diff(owner[order])) + 1)
    sizes = np.array([len(own) for own in of_owner])
    shuffled = random.permutation(len(sizes))
    held, fold_of = np.zeros((count, len(whole))), np.zeros(len(sizes), int)
    for number in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        inner, counts = np.unique(of_owner[number], return_counts=True)
        costs = np.sum(counts * (2 * held[:, inner] + counts) / whole[inner] ** 2, axis=1)
        fold = np.lexsort((held.sum(axis=1), np.round(costs, 12)))[0]
        held[fold, inner] += counts
        fold_of[number] = fold
    return [rows[fold_of[owner] == fold] for fold in range(count)]


def deal_later(rows: Any, count: int, times: Any) -> list[Any]:
    """The rows of each fold, each later than those before it; the first rows of all are in none."""
    known, counts = np.unique(times[rows], return_counts=True)
    before = np.cumsum(counts) - counts  # rows before each time
    cuts: list[int] = []
    for number in range(1, count + 1):
        least, most = (cuts[-1] if cuts else 0) + 1, len(known) - (count - number) - 1
        wanted = number * len(rows) / (count + 1)
        place = int(np.argmin(np.abs(before - wanted)))
        cuts.append(min(max(place, least), most))
    ends = [*(known[cut] for cut in cuts), None]
    inside = times[rows]
    return [
        rows[(inside >= start) & (inside < end if end is not None else True)]
        for start, end in pairwise(ends)
    ]


def check(count: int, there: int, what: str) -> None:
    """Check that there are enough for so many folds.

    Raises:
        DataError: if there are not.
    """
    if there < count:
        raise DataError(
            f"{there:,} {what} are too few for {count:,} folds. "
            "Expected fewer folds, or more rows.",
            key=("data", "split", "folds"),
        )
