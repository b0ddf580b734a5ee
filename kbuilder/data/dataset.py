"""The rows of a recipe, ready for any network: loaded, inferred, divided, learned, prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kbuilder import engine, preprocessing, room
from kbuilder.columns import Arrays, Columns, Rows, Target, words_of
from kbuilder.contracts import Decision, Finding, Following, Settling, Validating
from kbuilder.data import (
    checks,
    examples,
    framing,
    gathering,
    history,
    infer,
    learning,
    long_tables,
    rolling,
    split,
    weights,
)
from kbuilder.data.seen import Seen
from kbuilder.errors import CallError, listed
from kbuilder.lines import to_line
from kbuilder.recipe import branches
from kbuilder.recipe.reading import pointing
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.tables.cells import MISSING, Words
from kbuilder.tables.table import Table

OWN = ("data", "features", "task")
"""The sections of a recipe that a data set comes of; the others are for the network and its fit."""


@dataclass(frozen=True)
class Folded:
    """Rows that are held out in turn, not yet prepared; `data.folds.datasets` prepares them.

    Args:
        resolved: All rows before they were divided, and what was inferred of them; its tasks know
            their classes, which all folds share.
        rows: The row numbers of each part, by fold: train, test, and validation if wanted.
        windows: What the rows are made of, where a fold is an origin of a backtest; its history is
            then learned of what was known there.
    """

    resolved: infer.Resolved
    rows: Sequence[Mapping[str, np.ndarray]]
    windows: examples.Windows | None = None

    def held(self) -> Table:
        """All rows that are held out, fold by fold."""
        return self.resolved.table.take(np.concatenate([fold["test"] for fold in self.rows]))

    def origins(self) -> list[str]:
        """The stamp of the last step that was known in each fold of a backtest; else none."""
        return [] if self.windows is None else rolling.origins(self.windows, self.resolved)

    @property
    def shared(self) -> bool:
        """Whether all folds prepare columns alike."""
        return split.is_averaged(self.resolved.recipe.data.split)


@dataclass(frozen=True)
class Dataset:
    """All that is known before there is a network. `kb.prepare` makes it, for any number of fits.

    Args:
        given: The recipe as it was given.
        recipe: The recipe with features, task and shares written out.
        decisions: What was inferred, with reasons.
        findings: What looks wrong in the rows.
        parts: The rows of training, validation and test.
        columns: Learned features and targets.
        rows: The same parts, prepared: arrays by input of the network, and encoded targets.
        weights: How much each of these rows counts, (rows,), where the recipe says it.
        dropped: Whether rows without a target were left out.
        smoke: Whether only a few rows of each part were kept.
        folds: The same rows, held out in turn; None: they are not.
    """

    given: Recipe
    recipe: Recipe
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    parts: split.Parts
    columns: Columns
    rows: Mapping[str, Rows]
    weights: Arrays
    dropped: bool
    smoke: bool
    folds: Folded | None = None

    def splits(self) -> dict[str, Any]:
        """The content of `splits.json`."""
        known = self.parts.describe(self.recipe.data.split.seed, self.smoke)
        if self.folds is not None:
            held = self.folds.held()
            known["rows"][split.FOLDS] = len(held)
            known["fingerprint"][split.FOLDS] = held.fingerprint()
        return known

    @property
    def grouping(self) -> str | None:
        """What all parts keep the shares of: "class", "tenth" (of a number), or nothing."""
        names, task = split.divided_by(self.columns.targets)
        return split.grouping(self.parts.train.target(names), task)

    def groups(self) -> np.ndarray | None:
        """The group of each row of the last part, from 0: of those that it was divided by, or of
        windows close to one another; None: each stands alone. (rows,)"""
        _, table = list(self.parts)[-1]
        axes, task = examples.axes_of(self.recipe.data), self.columns.targets[0].task
        if axes is not None and isinstance(task, Following):
            return examples.blocks(table, axes, task)
        return split.groups(table, self.recipe.data.split)

    def of(self, recipe: Recipe) -> Recipe:
        """Another recipe for the same rows, with what was inferred of them.

        Raises:
            CallError: if it says something else about the rows.
            DataError: if its way of fitting does not go with the task.
        """
        if recipe is not self.given:
            other = [name for name in OWN if getattr(recipe, name) != getattr(self.given, name)]
            if other:
                raise CallError(
                    f"the recipe differs from that of the prepared data in {listed(other)}. "
                    "Expected another model or training alone; prepare the rows anew for the rest."
                )
        forms = {name: feature.form for name, feature in self.columns.features.items()}
        known = [branches.together(one.model, forms) for one in (recipe, self.given)]
        if known[0] != known[1]:
            raise CallError(
                "the recipe differs from that of the prepared data in which columns share a "
                "network (model.share), and are learned as one. Prepare the rows anew."
            )
        infer.check_balance(recipe, [task for _, task in self.columns.targets])
        written = {name: getattr(self.recipe, name) for name in OWN}
        return recipe.model_copy(update=written)


def divided(recipe: Recipe, smoke: bool = False) -> tuple[infer.Resolved, split.Parts]:
    """The rows of a recipe, inferred and divided.

    Raises:
        DataError: if they cannot be read, nothing can be inferred, or a part would be empty.
    """
    resolved, windows = _inferred(recipe)
    resolved, parts = history.measured(resolved, _divided(resolved), windows)
    return resolved, parts.smoke() if smoke else parts


def _divided(resolved: infer.Resolved) -> split.Parts:
    """All rows, divided."""
    return split.divide(
        resolved.table, resolved.test, resolved.recipe.data.split, resolved.targets,
        resolved.validation,
    )  # fmt: skip


def _inferred(recipe: Recipe) -> tuple[infer.Resolved, examples.Windows | None]:
    """The rows of a recipe, inferred, and what windows are made of."""
    recipe, decisions = settled(recipe)
    words = _words(recipe)
    table, test = recipe.data.load(words)
    own = recipe.data.validation(table, words) if isinstance(recipe.data, Validating) else None
    axes, long = examples.axes_of(recipe.data), list[Decision]()
    if axes is not None and axes.series is not None and not isinstance(recipe.task, Following):
        recipe, table, (test, own), long = long_tables.gathered(recipe, table, (test, own), axes)
    framed = framing.framed(recipe, table, others=test is not None or own is not None)
    recipe, table = framed.recipe, framed.table
    table, (test, own), joined = gathering.gathered(recipe, table, (test, own))
    resolved = infer.resolve(recipe, table, test, own)
    resolved = replace(
        resolved, decisions=(*decisions, *long, *framed.decisions, *joined, *resolved.decisions)
    )
    return resolved, framed.windows


def settled(recipe: Recipe) -> tuple[Recipe, list[Decision]]:
    """The recipe with what its source can say of its files by itself, and why."""
    if not isinstance(recipe.data, Settling):
        return recipe, []
    choices = recipe.data.settle()
    update = {name: choice.value for name, choice in choices.items()}
    data = recipe.data.model_copy(update=update)  # type: ignore[attr-defined]  # it is a Spec
    written = data.model_dump(mode="json", include=set(choices), exclude_none=True)
    decisions = []
    for name, choice in choices.items():
        key, value = ("data", name), written[name]
        decisions.append(Decision(key, value, choice.reason, to_line(key, value)))
    return recipe.model_copy(update={"data": data}), decisions


def _words(recipe: Recipe) -> Words:
    """The columns that the recipe itself says are words, and the words that it names."""
    tasks = recipe.task if isinstance(recipe.task, Mapping) else {}
    targets = [Target((name,), task) for name, task in tasks.items()]
    if recipe.task is not None and not isinstance(recipe.task, Mapping):
        targets = [Target(recipe.data.target, recipe.task)]
    return {**words_of(recipe.features, targets), **examples.words(recipe.data)}


@dataclass(frozen=True)
class Looked:
    """Rows that are looked at, before TensorFlow is there.

    Args:
        given: The recipe as it was given.
        resolved: What was inferred; its rows are those of `parts`.
        parts: The rows of training, validation and test.
        targets: The targets with learned tasks.
        decisions: What was learned of them, with reasons.
        findings: What looks wrong in the rows.
        folds: The same rows, held out in turn; None: they are not.
    """

    given: Recipe
    resolved: infer.Resolved
    parts: split.Parts
    targets: tuple[Target, ...]
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    folds: Folded | None = None


def look(recipe: Recipe) -> Looked:
    """The first stages, which need no TensorFlow: load, infer, divide, learn of the targets.

    Raises:
        DataError: as `divided`, and if a target does not fit its task.
    """
    engine.load_before_pandas()
    with pointing(recipe):
        whole, windows = _inferred(recipe)
        resolved, parts = history.measured(whole, _divided(whole), windows)
        folds, named, notes = None, list[Decision](), tuple[str, ...]()
        if windows is not None and windows.task.backtest is not None:
            numbers = rolling.folds(windows, whole)
            folds = Folded(whole, numbers, windows)
        else:
            numbers, notes = split.folds(
                resolved.table, resolved.recipe.data.split, resolved.targets
            )  # fmt: skip
        if numbers and folds is None:
            known = np.unique(np.concatenate([one for fold in numbers for one in fold.values()]))
            resolved, named = learning.with_classes(resolved, resolved.table.take(known))
            parts = replace(parts, notes=(*parts.notes, *notes))
            folds = Folded(resolved, numbers)
        targets, learned = learning.learn_targets(resolved.targets, parts.train)
        infer.check_balance(recipe, [task for _, task in targets])
        own_test = resolved.test is not None
        inferred = frozenset(resolved.recipe.features) - frozenset(recipe.features)
        judged = None
        if folds is not None and parts.test is None:
            judged = split.as_judged(parts, resolved.table, folds.rows[-1])
        findings = checks.check(
            Seen(resolved.recipe, parts, targets, own_test, inferred, judged)
        )  # fmt: skip
    # The rows before they were divided are no longer held: there may be many.
    resolved = replace(resolved, table=parts.train, test=parts.test, validation=parts.validation)
    room.give_back(sum(values.nbytes for values in parts.train.columns.values()))
    return Looked(recipe, resolved, parts, targets, (*named, *learned), findings, folds)


def prepare(
    looked: Looked,
    smoke: bool = False,
    empty: preprocessing.Empty = preprocessing.in_memory,
    shared: Columns | None = None,
) -> Dataset:
    """The other stages before there is a network: learn of the features, prepare.

    Args:
        looked: What `look` gave.
        smoke: Keep a few rows of each part, once all have been learned from.
        empty: Makes the arrays of the inputs, by `prepared` of a part and the place of an input.
        shared: What was learned of other rows, to prepare these alike; None: it is learned now.

    Raises:
        DataError: if a column cannot be of its kind.
    """
    recipe, resolved, parts = looked.given, looked.resolved, looked.parts
    with pointing(recipe):
        weight = weight_of(recipe.data)
        learned: list[Decision] = []
        columns = shared
        if columns is None:
            features, learned = learning.learn_features(resolved.recipe, parts.train)
            missing = getattr(recipe.data, "missing", None)  # some sources have no words
            columns = Columns(
                features, looked.targets, MISSING if missing is None else missing,
                (*resolved.recipe.data.ignore, *filter(None, [weight])), weight,
            )  # fmt: skip
        targets = {name: preprocessing.encode_targets(columns, table) for name, table in parts}
        if smoke:
            parts = parts.smoke()
        counted = {} if weight is None else {n: weights.read(t, weight, n) for n, t in parts}
        layer = preprocessing.preprocessor(columns)
        inputs = list(dict.fromkeys(layer.keys.values()))
        rows = {
            name: (
                preprocessing.apply(layer, columns, table, _of_part(name, inputs, empty)),
                {output: values[: len(table)] for output, values in targets[name].items()},
            )
            for name, table in parts
        }
    decisions = (*resolved.decisions, *looked.decisions, *learned)
    return Dataset(
        recipe, resolved.recipe, decisions, looked.findings, parts, columns, rows, counted,
        resolved.dropped, smoke, looked.folds,
    )  # fmt: skip


def prepared(part: str, place: int) -> str:
    """The name of the array of an input of a part, by its place among the inputs."""
    return f"{part}-input-{place}"


def _of_part(part: str, inputs: Sequence[str], empty: preprocessing.Empty) -> preprocessing.Empty:
    """What makes the arrays of a part."""
    return lambda name, *given: empty(prepared(part, inputs.index(name)), *given)
