"""What the recipe leaves open about columns and task is inferred here, each time with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Target
from kbuilder.contracts import IN_DOUBT, Choice, Decision, Feature, Match, Splitting, Task
from kbuilder.data import paths, weights
from kbuilder.data.words import beneath, grouped_by_blanks, is_dirty, mixed, otherwise
from kbuilder.errors import DataError, listed, nearest
from kbuilder.lines import to_line
from kbuilder.recipe import balance
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.tables import number_lists
from kbuilder.tables.cells import missing_but
from kbuilder.tables.profile import Profile, profile
from kbuilder.tables.table import Table
from kbuilder.tables.targets import expect_no_cells
from kbuilder.tables.values import kind_of, missing

LEAST = 5
"""Values that a column must have, for some to be in training and more than chance."""
LIKELY = 0.8
"""The strength of a match that the values speak for, and their type does not."""
NEAR = 0.1
"""Two that differ by less are nearly as likely."""


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
    features, ignored = _infer_features(recipe, table, decisions)
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


def matches(folder: str, found: Profile) -> list[tuple[str, Match]]:
    """The kinds or tasks that a column may be, the surest first; of equals, by name."""
    given = ((name, _match(catalog.find(folder, name), found)) for name in catalog.names(folder))
    return sorted(((n, m) for n, m in given if m is not None), key=lambda one: -one[1].strength)


def _match(kind: Any, found: Profile) -> Match | None:
    with catalog.blamed(kind, "recognise a column"):
        match: Match | None = kind.recognise(found)
    return match


def _surest(key: tuple[str, ...], known: Sequence[tuple[str, Match]]) -> Choice:
    """The surest, and with the reason what it may be nearly as well."""
    (name, best), *others = known
    near = [other for other, match in others if best.strength - match.strength < NEAR]
    if not near:
        return Choice(name, best.reason)
    lines = " or ".join(f"`{to_line(key, other)}`" for other in near)
    return Choice(name, f"{best.reason}{IN_DOUBT}{lines}")


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
        raise mixed(name, table, ("data", "target"), table[target[0]], _missing(recipe))
    if not found.present and found.kind in ("string", "number"):
        raise _empty(name, table)
    seen = matches("tasks", found)
    if seen:
        task, reason = _surest(key, seen)
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


def _infer_features(
    recipe: Recipe, table: Table, decisions: list[Decision]
) -> tuple[dict[str, Feature], list[str]]:
    """Every feature by column, and the columns that are of no use."""
    data = recipe.data
    for name in recipe.features:
        table.only([name], key=("features", name))
    table.only(data.ignore, key=("data", "ignore"))
    features: dict[str, Feature] = {}
    ignored: list[str] = []
    wrong: list[DataError] = []
    for name in table.columns:
        if name in data.target or name in data.ignore or name == weight_of(data):
            continue
        if name in recipe.features:
            features[name] = recipe.features[name]
            continue
        key = ("features", name)
        found = profile(table[name])
        known = matches("features", found)
        if name in data.split.keys and not _are_pictures(known):
            ignored.append(name)
            reason = (
                f"the rows are divided by it; `{to_line(key, 'category')}` reads it all the same"
            )
            decisions.append(Decision(key, "ignored", reason, to_line(("data", "ignore"), [name])))
            continue
        blanks = grouped_by_blanks(name, table, key, data)
        if blanks is not None:
            wrong.append(blanks)
            continue
        written = otherwise(name, found, table, key, data)
        if written is not None and not (known and known[0][1].strength > LIKELY):
            wrong.append(written)
            continue
        useless = _useless(name, found, table)
        units = beneath(name, table, key) if useless and found.names_rows else None
        if units is not None:
            wrong.append(units)
            continue
        if useless and not (known and known[0][1].strength > useless.strength):
            ignored.append(name)
            reason = f"{useless.reason}; `{to_line(key, 'category')}` reads it all the same"
            write = to_line(("data", "ignore"), [name])
            decisions.append(Decision(key, "ignored", reason, write))
            continue
        try:
            kind, reason = _kind(name, found, known, table, _missing(recipe))
        except DataError as error:
            wrong.append(error)
            continue
        features[name] = catalog.find("features", kind)()
        decisions.append(Decision(key, kind, reason, to_line(key, kind)))
    if wrong:
        raise _all_of(wrong)
    if not features:
        raise DataError(
            f"{table.origin} has no column to predict from: beside the target there is "
            f"{listed(ignored) or 'none'}{' (of no use)' if ignored else ''}. "
            f"Expected at least one feature.{paths.unnamed(table, ignored)}",
            key=("data",),
        )
    return features, ignored


def _are_pictures(known: Sequence[tuple[str, Match]]) -> bool:
    """Whether a column is one of pictures most likely: rows are divided by it, and read it too."""
    kind: Any = catalog.find("features", known[0][0]) if known else None
    return kind is not None and kind.holds == "pictures"


def _useless(name: str, found: Profile, table: Table) -> Match | None:
    """How surely a column teaches nothing that holds for other rows; None: it may teach much."""
    if found.kind in ("string", "number") and not found.present:
        return Match(1.0, f"it has no value in any row of {table.origin}")
    if found.kind in ("string", "number") and found.present < LEAST <= found.missing:
        return Match(1.0, f"it has a value in {found.present} of {found.rows:,} rows")
    if found.kind in ("string", "number") and found.distinct == 1 and not found.missing:
        return Match(1.0, "it has one value only")
    if found.kind == "string" and found.names_rows and not found.reads_as_text:
        if 0.5 <= found.numeric < 1 and is_dirty(table[name]):
            return None
        values = f"{found.distinct:,} different values in {found.present:,}"
        codes = ", numbers written as text" if found.numeric == 1 else ""
        return Match(0.6, f"it names rows: {values}{codes}")
    counting = found.kind == "number" and found.whole and found.distinct == found.rows > 20
    if counting and found.high - found.low == found.rows - 1:
        return Match(0.9, "it counts the rows")
    return None


def _missing(recipe: Recipe) -> Sequence[str]:
    """The words that the recipe says mean missing."""
    return getattr(recipe.data, "missing", None) or ()  # not every source has words


def _kind(
    name: str,
    found: Profile,
    known: Sequence[tuple[str, Match]],
    table: Table,
    missing_words: Sequence[str],
) -> Choice:
    """The kind of a feature, with the reason."""
    printed = number_lists.are_printed(found.examples) if found.kind == "string" else ""
    if printed:
        raise DataError(
            f"column {name!r} holds arrays as Python prints them, {printed}. Expected all numbers: "
            "write each as `json.dumps(array.tolist())`, or the rows as Parquet or .npz; or leave "
            f"the column out: `{to_line(('data', 'ignore'), [name])}`.",
            key=("features", name),
        )
    dirty = found.kind == "string" and 0.5 <= found.numeric < 1 and is_dirty(table[name])
    if (dirty or found.kind == "mixed") and not (known and known[0][1].strength > LIKELY):
        raise mixed(name, table, ("features", name), table[name], missing_words)
    if known:
        return _surest(("features", name), known)
    kinds = listed(catalog.names("features"))
    what, own = f"{found.kind} values", ""
    if found.kind == "array":
        what = f"arrays of {found.dtype}"
        own = "Expected arrays of numbers"
        own += ", of truth values 0 and 1 as uint8. " if found.dtype == "bool" else ". "
    raise DataError(
        f"the kind of column {name!r} cannot be inferred: it holds {what}. {own}"
        f"Name it, or leave it out: `{to_line(('data', 'ignore'), [name])}`. Kinds: {kinds}.",
        key=("data", "ignore"),
    )


def _all_of(wrong: Sequence[DataError]) -> DataError:
    """All that is wrong in one error, at the first of them."""
    first, *others = wrong
    if not others:
        return first
    also = "".join(f"\n{error.problem}" for error in others)
    return DataError(f"{first.problem.message}{also}", key=first.problem.key)
