"""Columns that a feature puts together become one column of arrays, wherever rows are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Decision, Feature, Joining
from kbuilder.errors import DataError, listed
from kbuilder.lines import to_line
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.spec import given
from kbuilder.tables import joining
from kbuilder.tables.table import Table


def gathered(
    recipe: Recipe, table: Table, others: Sequence[Table | None] = ()
) -> tuple[Table, list[Table | None], list[Decision]]:
    """The rows of a recipe, with the columns together that its features put together.

    Args:
        recipe: The recipe.
        table: The rows to learn from.
        others: Others that have the same columns; None: there are none.

    Returns:
        The tables, and which columns they are, or could be.

    Raises:
        DataError: if there are no such columns, or they hold other than numbers.
    """
    apart, others, decisions = table, list(others), list[Decision]()
    features = {n: f for n, f in recipe.features.items() if isinstance(f, Joining) and f.columns}
    owners: dict[str, str] = {}
    for name, feature in features.items():
        members, reason = _members(recipe, apart, name, feature)
        for member in members:
            if member in owners:
                raise DataError(
                    f"column {member!r} is in {owners[member]!r} and in {name!r}. Expected each "
                    "column in one of them.",
                    key=("features", name, "columns"),
                )
            owners[member] = name
        shape = feature.shape or (len(members),)
        table = joining.joined(table, name, members, shape)
        others = [one and joining.joined(one, name, members, shape) for one in others]
        gaps = _gaps(table[name], members)
        value = f"{len(members):,} columns: {joining.ends(members)}"
        line = {"kind": catalog.name_of(feature), **given(feature)}
        key = ("features", name)
        decisions.append(Decision((*key, "columns"), value, reason + gaps, to_line(key, line)))
    return table, others, [*decisions, *_proposed(recipe, table)]


def as_learned(table: Table, features: Mapping[str, Feature]) -> Table:
    """Rows to predict or evaluate, with the columns together that were so in training.

    Raises:
        DataError: if columns are missing, or hold other than numbers.
    """
    several = {n: f for n, f in features.items() if isinstance(f, Joining) and f.members}
    for name, feature in several.items():
        joining.expect(table, name, feature.members)
    for name, feature in several.items():
        shape = feature.shape or (len(feature.members),)
        table = joining.joined(table, name, feature.members, shape)
    return table


def _members(recipe: Recipe, table: Table, name: str, feature: Joining) -> tuple[list[str], str]:
    """The columns of a feature in their order, and why these.

    Raises:
        DataError: if there are none, or other than the feature needs.
    """
    key = ("features", name, "columns")
    if name in table.columns:
        raise DataError(
            f"{table.origin} has a column {name!r} already. Expected another name for what "
            "`columns` puts together.",
            key=("features", name),
        )
    others = {
        "the target": recipe.data.target, "ignored": recipe.data.ignore,
        "the weight of the rows": tuple(filter(None, [weight_of(recipe.data)])),
        "what the rows are divided by": recipe.data.split.reads,
        "a feature of its own": [n for n in recipe.features if n != name],
    }  # fmt: skip
    taken = {member: what for what, names in others.items() for member in names}
    named = next((one for one in feature.columns if one in taken and one in table.columns), None)
    if named is not None:
        raise DataError(
            f"column {named!r} is {taken[named]}. Expected others in `columns`.", key=key
        )
    free = [column for column in table.columns if column not in taken]
    try:
        members = joining.chosen(feature.columns, free)
        left = set(joining.chosen(feature.columns, list(table.columns))) - set(members)
    except DataError as error:
        problem = error.problem
        message = f"of {table.origin}: {problem.message}"
        raise DataError(message, key=key, suggestion=problem.suggestion) from None
    feature.expect_shape(name, len(members))
    patterns = [one for one in feature.columns if one not in table.columns]
    if not patterns:
        return members, "in the order of the recipe"
    apart = f"; {listed(f'{one!r} is {taken[one]}' for one in sorted(left))}" if left else ""
    return members, f"{listed(patterns)} in natural order of the names, 2 before 10{apart}"


def _gaps(values: np.ndarray, members: Sequence[str]) -> str:
    """Which of the columns have cells without a number, for the reason."""
    if values.dtype.kind != "f":
        return ""
    empty = np.isnan(values).reshape(len(values), -1).any(axis=0)
    if not empty.any():
        return ""
    few = listed((repr(members[place]) for place in np.flatnonzero(empty).tolist()), 3)
    return f"; some cells are empty in {few}"


def _proposed(recipe: Recipe, table: Table) -> list[Decision]:
    """Columns that may be meant as one array, with the line that makes them one."""
    known = {*recipe.features, *recipe.data.target, *recipe.data.ignore}
    names = [
        name
        for name, values in table.columns.items()
        if name not in known and values.ndim == 1 and values.dtype.kind in "iuf"
    ]
    found = []
    for run in joining.runs(names):
        try:
            if joining.chosen([run.pattern], list(table.columns)) != list(run.names):
                continue
        except DataError:
            continue
        low = min(float(table[name].min()) for name in run.names)
        high = max(float(table[name].max()) for name in run.names)
        shape = run.picture if 0 <= low <= high <= 255 else None
        called = run.stem.strip("_- .") or "numbers"
        called = f"{called}s" if called in table.columns or called in recipe.features else called
        fields = {"kind": "image" if shape else "array", "columns": run.pattern}
        own: dict[str, object] = {**fields, "shape": shape or [len(run.names), 1]}
        line = to_line(("features", called), own)
        what = "a picture" if shape else "steps of a sequence"
        reason = f"each by itself; if together they are {what} in each row, write `{line}`"
        value = f"{len(run.names):,} columns {joining.ends(run.names)}"
        found.append(Decision(("features",), value, reason, line))
    return found
