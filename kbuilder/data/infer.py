"""What the recipe leaves open about columns and task is inferred here, each time with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Target
from kbuilder.contracts import Decision, Splitting, Task
from kbuilder.data import paths, weights
from kbuilder.data.kinds import infer_features, matches, surest, words_for_missing
from kbuilder.data.words import doubtful_commas, is_dirty, mixed, otherwise
from kbuilder.errors import DataError, listed, nearest
from kbuilder.lines import to_line
from kbuilder.recipe import balance
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.tables.cells import missing_but
from kbuilder.tables.profile import Profile, profile
from kbuilder.tables.table import Table
from kbuilder.tables.targets import expect_no_cells
from kbuilder.tables.values import kind_of, missing


@dataclass(frozen=True)
class Resolved:
    """A recipe whose features and tasks are all written out, and how they were found.

    Args:
        recipe: The resolved recipe.
        targets: What is predicted, each with its task.
        decisions: What was inferred.
        table, test: The rows that have a target; test is None without a test set of its own.
        dropped: Whether there were rows without one.
        validation: The rows for validation of the source's own that have a target; None: none.
    """

    recipe: Recipe
    targets: tuple[Target, ...]
    decisions: tuple[Decision, ...]
    table: Table
    test: Table | None
    dropped: bool
    validation: Table | None = None


def resolve(
    recipe: Recipe, table: Table, test: Table | None, validation: Table | None = None
) -> Resolved:
    """Write out features, ignored columns, task and test share.

    Raises:
        DataError: if a column is missing, or nothing can be inferred.
    """
    decisions: list[Decision] = []
    targets = _targets(recipe, table, decisions)
    tasks = [task for _, task in targets]
    check_balance(recipe, tasks)
    features, ignored = infer_features(recipe, table, decisions)
    given = len(table) + len(test or ()) + len(validation or ())
    table = _with_target(table, targets, decisions)
    test = _with_target(test, targets, decisions) if test is not None else None
    if validation is not None:
        validation = _with_target(validation, targets, decisions)
    dropped = len(table) + len(test or ()) + len(validation or ()) < given
    skip = skips(recipe)
    table = paths.opened(table, features, skip)
    test = None if test is None else paths.opened(test, features, skip)
    validation = None if validation is None else paths.opened(validation, features, skip)
    split = _learned_split(recipe, table, test, decisions)
    if validation is not None:
        split = _without_validation(recipe.data.split, split, decisions)
    weight = weight_of(recipe.data)
    if weight is not None:
        weights.check_tasks(tasks)
        for rows in (table, validation, test):
            if rows is not None:
                weights.read(rows, weight)
    data = recipe.data.model_copy(  # type: ignore[attr-defined]  # every source is a Spec
        update={"ignore": (*recipe.data.ignore, *ignored), "split": split}
    )
    task = tasks[0] if len(tasks) == 1 else {names[0]: task for names, task in targets}
    update = {"data": data, "features": features, "task": task}
    resolved = recipe.model_copy(update=update)
    return Resolved(resolved, targets, tuple(decisions), table, test, dropped, validation)


def skips(recipe: Recipe) -> bool:
    """Whether rows are left out whose pictures cannot be read."""
    return getattr(recipe.data, "unreadable", "error") == "skip"  # not every source has them


def _learned_split(
    recipe: Recipe, table: Table, test: Table | None, decisions: list[Decision]
) -> Splitting:
    """How the rows are divided, with all that is left open written out."""
    split = recipe.data.split
    with catalog.blamed(split, "learn how rows are divided"):
        found = split.learn(table, test, recipe.features)
    for name, choice in found.items():
        key = ("data", "split", name)
        decisions.append(Decision(key, *choice, to_line(key, choice.value)))
    update = {name: choice.value for name, choice in found.items()}
    learned: Splitting = split.model_copy(update=update)  # type: ignore[attr-defined]  # it is a Spec
    return learned


def _without_validation(written: Any, split: Any, decisions: list[Decision]) -> Splitting:
    """The division of rows that have others for validation.

    Args:
        written: The division as the recipe has it.
        split: The same with what was left open.

    Raises:
        DataError: if the recipe wants a share of them for it.
    """
    key = ("data", "split", "validation")
    if "validation" in written.model_fields_set and written.validation:
        raise DataError(
            f"the source has rows for validation of its own, and {written.validation:.0%} of the "
            "others are to be held back for it too. Expected one of the two.",
            key=key,
        )
    reason = "the source has rows for validation of its own"
    decisions[:] = [decision for decision in decisions if decision.key != key]
    decisions.append(Decision(key, 0.0, reason, to_line(key, 0.0)))
    known: Splitting = split.model_copy(update={"validation": 0.0})
    return known


def check_balance(recipe: Recipe, tasks: Sequence[Task]) -> None:
    """Check that there are classes to balance, where they are to be, and those that are named.

    Raises:
        DataError: if there are none.
    """
    own = recipe.training.balance
    if own != "none" and not any(task.stratified for task in tasks):
        given = listed(catalog.name_of(task) for task in tasks)
        raise DataError(
            f"{given} has no single class per row to balance. Expected none.",
            key=("training", "balance"),
        )
    wrong, known = balance.unknown({} if isinstance(own, str) else own, tasks)
    if wrong:
        raise DataError(
            f"{wrong[0]!r} is no class of the target. Expected one of: {listed(known, 20)}.",
            key=("training", "balance", wrong[0]),
            suggestion=nearest(wrong[0], known),
        )


def _with_target(table: Table, targets: Sequence[Target], decisions: list[Decision]) -> Table:
    """The rows that have every target; what they lack may be a value too, such as no label."""
    gone = without_target(table, targets)
    names = listed(name for target in targets for name in target.columns)
    if gone.all():
        raise _empty(names, table)
    key = ("data", "target")
    if gone.any():
        reason = f"they have no {names} in {table.origin}"
        decisions.append(Decision(key, f"{int(gone.sum()):,} rows left out", reason))
    for columns, task in targets:
        empty = int(_absent(table.target(columns)).sum()) if _takes_none(task) else 0
        if empty:
            reason = f"{empty:,} rows have no label in {table.origin}"
            decisions.append(Decision(key, "no label is a value", reason))
    return table.take(np.flatnonzero(~gone)) if gone.any() else table


def _empty(names: str, table: Table) -> DataError:
    message = f"the target {names} has no value in any row of {table.origin}."
    return DataError(message, key=("data", "target"))


def without_target(table: Table, targets: Sequence[Target]) -> np.ndarray:
    """Which rows lack a target that they must have. (rows,) bool"""
    must = [columns for columns, task in targets if not _takes_none(task)]
    gone = [_absent(table.target([name])) for columns in must for name in columns]
    return np.any(gone, axis=0) if gone else np.zeros(len(table), dtype=bool)


def _takes_none(task: Task) -> bool:
    """Whether a row without a target has one all the same: the empty set."""
    return bool(getattr(task, "empty", False))  # few tasks say so


def _absent(values: np.ndarray) -> np.ndarray:
    return missing(values) if values.ndim == 1 else np.isnan(values.astype(float)).any(axis=1)


def _targets(recipe: Recipe, table: Table, decisions: list[Decision]) -> tuple[Target, ...]:
    """The targets with their tasks: all together if one task predicts them, else each its own."""
    names = recipe.data.target
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(
            f"the target {twice[0]!r} is named {names.count(twice[0])} times. Expected each column "
            "once.",
            key=("data", "target"),
        )
    if recipe.task is not None and not isinstance(recipe.task, Mapping):
        return (Target(names, recipe.task),)
    if recipe.task is None:
        seen = {_recognised(profile(table.target([name]))) for name in names}
        numbers = all(kind_of(table[name]) == "number" for name in names)
        if len(names) == 1 or (len(seen) == 1 and numbers):
            return (Target(names, _infer_task(recipe, table, names, ("task",), decisions)),)
    written = recipe.task or {}
    return tuple(
        Target(
            (name,),
            written.get(name) or _infer_task(recipe, table, (name,), ("task", name), decisions),
        )
        for name in names
    )


def _recognised(found: Profile) -> str | None:
    """The task that a target looks like most."""
    known = matches("tasks", found)
    return known[0][0] if known else None


def _infer_task(
    recipe: Recipe,
    table: Table,
    target: tuple[str, ...],
    key: tuple[str, ...],
    decisions: list[Decision],
) -> Task:
    values = table.target(target)
    found = profile(values)
    name = listed(target)
    written = otherwise(name, found, table, ("data", "target"), recipe.data)
    if written is not None:
        raise written
    if found.kind == "string" and 0.5 <= found.numeric < 1 and is_dirty(values, 3):
        raise mixed(name, table, ("data", "target"), table[target[0]], words_for_missing(recipe))
    if not found.present and found.kind in ("string", "number"):
        raise _empty(name, table)
    doubt = doubtful_commas(name, table, ("data", "target")) if len(target) == 1 else None
    if doubt is not None:
        raise doubt
    if found.measures:
        expect_no_cells(name, values)
    seen = matches("tasks", found)
    if seen:
        task, reason = surest(key, seen)
        decisions.append(Decision(key, task, reason, to_line(key, task)))
        return catalog.find("tasks", task)()
    if found.distinct == 1:
        raise DataError(
            f"the target {name!r} has one value only. Expected at least two, so that there is "
            f"something to predict.{_taken(table, target)}",
            key=("data", "target"),
        )
    expect_no_cells(name, values)
    known = listed(catalog.names("tasks"))
    raise DataError(
        f"the task cannot be inferred from the target {name!r}: {_seen(found)}. "
        f"Expected something that repeats, or numbers. Name another target, or write the task: "
        f"one of {known}.",
        key=("data", "target"),
    )


def _taken(table: Table, target: Sequence[str]) -> str:
    """Which words of a target counted as missing, and the line by which they are classes."""
    words = {word: n for name in target for word, n in table.taken.get(name, {}).items()}
    if not words:
        return ""
    counted = listed(f"{word!r} ({count:,} rows)" for word, count in words.items())
    return (
        f" {counted} counts as missing; if it is a class, write "
        f"`{to_line(('data', 'missing'), missing_but(words))}`, which are all words that mean "
        "missing then."
    )


def _seen(found: Profile) -> str:
    if found.kind == "mixed":
        return "it mixes numbers and text"
    return f"it holds {found.distinct:,} different values in {found.present:,} rows"
