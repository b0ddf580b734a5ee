"""What features and tasks leave open is learned from the training rows, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder import catalog, progress, room
from kbuilder.columns import Target
from kbuilder.contracts import Choice, Decision, Feature
from kbuilder.data.infer import Resolved
from kbuilder.errors import listed
from kbuilder.lines import to_line
from kbuilder.preprocessing import naming_rows
from kbuilder.recipe import branches
from kbuilder.recipe.recipe import Recipe
from kbuilder.spec import given
from kbuilder.tables.table import Table

SHORT = 12  # a decision shows lists up to this length; columns.json holds them whole


def learn_targets(
    targets: Sequence[Target], train: Table
) -> tuple[tuple[Target, ...], list[Decision]]:
    """Fill the open fields of tasks from the training rows alone. Needs no TensorFlow.

    Raises:
        DataError: if a target does not fit its task.
    """
    decisions: list[Decision] = []
    learned = []
    for names, task in targets:
        key = ("task",) if len(targets) == 1 else ("task", names[0])
        with catalog.blamed(task, "learn"):
            choices = task.learn(listed(names), train.target(names))
        learned.append(Target(names, _filled(task, "name", choices, key, decisions)))
        written = {"name": catalog.name_of(task), **given(task)}
        for part, choice in learned[-1].task.explain().items():
            write = to_line(key, {**written, part: choice.value}) if part == "loss" else ""
            decisions.append(Decision((*key, part), *choice, write))
    return tuple(learned), decisions


def with_classes(resolved: Resolved, table: Table) -> tuple[Resolved, list[Decision]]:
    """The same with the classes of each task that has some, of all rows that folds share.

    Args:
        resolved: What was inferred.
        table: The rows of all folds.

    Returns:
        It, and the decisions of the classes.

    Raises:
        DataError: as `learn_targets`.
    """
    learned, decisions = learn_targets(resolved.targets, table)
    targets, named = [], []
    for before, after in zip(resolved.targets, learned, strict=True):
        task: Any = before.task
        classes = getattr(after.task, "classes", None)
        if classes is not None and task.classes is None:
            key = ("task", *(() if len(learned) == 1 else before.columns[:1]), "classes")
            named += [decision for decision in decisions if decision.key == key]
            task = task.model_copy(update={"classes": classes})
        targets.append(Target(before.columns, task))
    return replace(resolved, targets=tuple(targets)), named


def learn_features(recipe: Recipe, train: Table) -> tuple[dict[str, Feature], list[Decision]]:
    """Fill the open fields of features from the training rows alone.

    Raises:
        DataError: if a column cannot be of its kind.
    """
    decisions: dict[str, list[Decision]] = {}
    features: dict[str, Feature] = {}

    def learn(column: str, values: np.ndarray) -> None:
        feature, decisions[column] = recipe.features[column], []
        known = _with_members(feature, train.joined.get(column))
        with naming_rows(train), catalog.blamed(feature, "learn"):
            choices = known.learn(column, values)
        room.give_back(values.nbytes)
        filled = _filled(feature, "kind", choices, ("features", column), decisions[column])
        features[column] = _with_members(filled, train.joined.get(column))

    with progress.stage("learning from the rows", len(recipe.features), "columns") as stage:
        for column in recipe.features:
            learn(column, train[column])
            stage.advance()
    forms = {column: feature.form for column, feature in features.items()}
    for group in branches.together(recipe.model, forms):
        together = _as_one([train[column] for column in group])
        if together is not None:
            for column in group:
                learn(column, together)
    return features, [decision for column in recipe.features for decision in decisions[column]]


def _as_one(columns: Sequence[np.ndarray]) -> np.ndarray | None:
    """The values of several columns below each other; None: their arrays are of unlike shape."""
    same = len({values.shape[1:] for values in columns}) == 1
    return np.concatenate(columns) if same else None


def _with_members(feature: Any, members: tuple[str, ...] | None) -> Any:
    """A feature that knows the columns that its arrays are made of; None: it is a column."""
    return feature if members is None else feature.model_copy(update={"members": members})


def _filled(
    plugin: Any,
    naming: str,
    choices: Mapping[str, Choice],
    key: tuple[str, ...],
    decisions: list[Decision],
) -> Any:
    """A copy of a plug-in with what it left open; what the user wrote wins.

    Args:
        naming: The field of a recipe that has the plug-in's name.
        choices: What it learned.
        key: Where it stands in the recipe.
    """
    open_ = {field: choice for field, choice in choices.items() if getattr(plugin, field) is None}
    name, written = catalog.name_of(plugin), given(plugin)
    for field, choice in open_.items():
        value = list(choice.value) if isinstance(choice.value, tuple) else choice.value
        write = to_line(key, {naming: name, **written, field: value})
        if isinstance(value, list) and len(value) > SHORT:
            write, value = to_line(key, {naming: name, **written}), f"{len(value):,} values"
        decisions.append(Decision((*key, field), value, choice.reason, write))
    return plugin.model_copy(update={field: choice.value for field, choice in open_.items()})
