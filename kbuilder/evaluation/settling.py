"""What is settled of probabilities after the fit, on the validation rows: how sure, and from where
on the answer is yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Arrays, Columns, Rows, Target
from kbuilder.contracts import Calibrating, Choice, Deciding, Decision
from kbuilder.errors import BuildError
from kbuilder.lines import to_line
from kbuilder.probabilities import calibration, thresholds

FEW = 20
"""Fewer rows of yes, or of no, show little of a threshold."""
SPLITS = ("validation", "folds")
"""Rows that thresholds are chosen by: the first of these that there are."""
SHORT = 12
"""Values of a list that a line shows, at most."""
MORE_ROWS = "`data: {split: {validation: 0.2}}`"


def expect(columns: Columns, model: Any, held: bool, averaged: bool = False) -> None:
    """Check before the fit that what a recipe insists on can be calibrated.

    Args:
        columns: Their tasks say what is wanted.
        model: The network, or one of them.
        held: Whether there are validation rows.
        averaged: Whether there are several, whose answers are averaged.

    Raises:
        BuildError: if there are none, or a last layer is no Dense, or there are several.
    """
    for output, (names, task) in columns.outputs().items():
        if not isinstance(task, Calibrating) or task.calibrate is not True:
            continue
        key = (*_key(columns, names), "calibrate")
        kind = catalog.name_of(task)
        if not held:
            raise BuildError(
                "no rows are held back for validation, by which probabilities are calibrated. "
                f"Expected {MORE_ROWS}, or `{to_line(key[:-1], {'name': kind})}`.",
                key=key,
            )
        without = f"`{to_line(key[:-1], {'name': kind, 'calibrate': False})}`"
        if averaged:
            raise BuildError(
                "the answers are means of several networks, which have no logits to be divided by "
                f"a temperature. Expected one network, or {without}.",
                key=key,
            )
        if not _is_dense(model, columns.titled(output, "head")):
            raise BuildError(
                "the network has a last layer of its own, and only the logits of a Dense can be "
                f"divided by a temperature. Expected another architecture, or {without}.",
                key=key,
            )


def calibrate(
    model: Any, columns: Columns, rows: Rows | None, weights: np.ndarray | None = None
) -> Iterator[Decision]:
    """Calibrate the last layer of each target that wants it; what was decided of it.

    Args:
        model: The fitted network, whose last layers change.
        columns: Their tasks say what is wanted.
        rows: The validation rows, prepared; None: there are none.
        weights: How much each counts, (rows,); None: all alike.
    """
    for output, (names, task) in columns.outputs().items():
        if isinstance(task, Calibrating) and task.calibrate is not False:
            head = columns.titled(output, "head")
            value, reason = _calibrated(model, head, rows, output, task.calibrate is True, weights)
            yield _decision(columns, names, task, "calibrate", Choice(value, reason))


def averaged(columns: Columns) -> list[Decision]:
    """What is decided of the calibration where several networks answer with their mean."""
    reason = "the answers are means of several networks, which have no logits"
    return [
        _decision(columns, names, task, "calibrate", Choice(False, reason))
        for names, task in columns.targets
        if isinstance(task, Calibrating) and task.calibrate is not False
    ]


def _calibrated(
    model: Any,
    head: str,
    rows: Rows | None,
    output: str,
    always: bool,
    weights: np.ndarray | None,
) -> Choice:
    """Whether a last layer was calibrated."""
    if rows is None:
        return Choice(False, "there are no validation rows to calibrate by")
    if not _is_dense(model, head):
        return Choice(False, "the last layer is no Dense, whose logits a temperature divides")
    arrays, encoded = rows
    count = len(encoded[output])
    found, figures = calibration.calibrate(model, head, arrays, encoded[output], weights, always)
    if not figures:
        few = f"{count:,} validation rows, fewer than {calibration.ENOUGH_ROWS}, show little"
        return Choice(always, f"temperature {found:.3g}; {few}" if always else few)
    (error, loss), (error_after, loss_after) = figures
    by = (
        f"on {count:,} validation rows, a fifth at a time, the calibration error goes from "
        f"{error:.4f} to {error_after:.4f}, and the log loss from {loss:.4f} to {loss_after:.4f}"
    )
    if always or found != 1.0:
        return Choice(True, f"temperature {found:.3g}: {by}")
    return Choice(False, f"it would not help: {by}")


def decide(
    columns: Columns,
    encoded: Mapping[str, Arrays],
    answered: Mapping[str, Arrays],
    weights: Mapping[str, np.ndarray | None],
    say: Callable[[str], None],
) -> tuple[Columns, list[Decision]]:
    """Choose the thresholds that a recipe leaves to the validation rows.

    Args:
        columns: Their tasks say how.
        encoded: The targets by output, of each split.
        answered: What the network answers, of those held back; of validation, where there is some.
            Without, rows that were held out in folds have the say.
        weights: How much each row counts, (rows,), by split; left out: all alike.
        say: Called with what is to be doubted.

    Returns:
        The columns, each task with a number for a threshold; and what was decided.
    """
    targets, decisions = [], []
    for output, (names, task) in columns.outputs().items():
        rule = thresholds.rule_of(task.threshold) if isinstance(task, Deciding) else None
        if rule is not None:
            held = None
            split = next((name for name in SPLITS if name in answered), "")
            if split:
                own = (encoded[split][output], answered[split][output])
                held = (*own, weights.get(split))
            choice, doubt = chosen(rule, held, split)
            if doubt:
                say(f"Warning: {' and '.join(names)}: {doubt}")
            decisions.append(_decision(columns, names, task, "threshold", choice))
            plugin: Any = task
            task = plugin.model_copy(update={"threshold": choice.value})
        targets.append(Target(names, task))
    return replace(columns, targets=tuple(targets)) if decisions else columns, decisions


def chosen(
    rule: Mapping[str, Any],
    held: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
    split: str = "validation",
) -> tuple[Choice, str]:
    """The threshold that a rule chooses, and what is to be doubted of it; empty: nothing.

    Args:
        rule: As a recipe has it.
        held: Of the validation rows what is true, (rows, answers), the probabilities, alike, and
            how much each row counts, (rows,), None: all alike; None: there are none.
        split: What they are called.
    """
    if held is None:
        doubt = (
            f"no rows are held back for validation, by which a threshold is chosen: it is 0.5. "
            f"Expected {MORE_ROWS}, or a number for it."
        )
        return Choice(thresholds.USUAL, "there are no validation rows to choose it by"), doubt
    encoded, likely, weights = held
    if weights is not None:
        encoded, likely, weights = (some[weights > 0] for some in (encoded, likely, weights))
    yes = encoded > 0.5
    counts = {"yes": int(yes.sum()), "no": int((~yes).sum())}
    fewest = min(counts, key=lambda name: counts[name])
    if not counts[fewest]:
        reason = f"no row of {split} is {fewest}, so that nothing tells where to divide them"
        return Choice(thresholds.USUAL, reason), f"the threshold is 0.5: {reason}."
    threshold = thresholds.best_threshold(likely, rule, encoded, weights)
    found, usual = (_at(rule, yes, likely, weights, t) for t in (threshold, thresholds.USUAL))
    answers = "rows" if yes.shape[1] == 1 else "answers"
    by = f"{yes.size:,} {answers} of {split}, {counts['yes']:,} of them yes"
    reason = f"{_said(found)} on {by}; at 0.5: {_said(usual)}"
    doubts = []
    if counts[fewest] < FEW:
        doubts.append(
            f"the threshold {threshold:g} rests on {counts[fewest]:,} {answers} of {fewest} in "
            f"{split}, which show little. Expected {FEW} or more: write {MORE_ROWS}, or a "
            "number."
        )
    if split != SPLITS[0]:
        doubts.append(
            f"the threshold {threshold:g} is chosen on the rows of {split}, which it is judged by: "
            f"figures at it are a touch too good. Expected {MORE_ROWS}, or a number."
        )
    for name in ("recall", "precision"):
        if name in rule and found[name] < rule[name] - 1e-9:
            doubts.append(
                f"no threshold has a {name} of {rule[name]:g} on {split}; the most is "
                f"{found[name]:.4f}, at {threshold:g}."
            )
    return Choice(threshold, reason), " ".join(doubts)


def _at(
    rule: Mapping[str, Any],
    yes: np.ndarray,
    likely: np.ndarray,
    weights: np.ndarray | None,
    threshold: float,
) -> dict[str, float]:
    """Figures at a threshold, by name."""
    if "cost" not in rule and rule.get("metric") != "balanced_accuracy":
        known = thresholds.at_threshold(likely, yes, threshold, weights)
        names = [rule["metric"]] if "metric" in rule else ["precision", "recall"]
        return {name: known[name] for name in names}
    each = np.ones(len(yes)) if weights is None else weights
    guess = thresholds.is_yes(likely, threshold)
    both, false, true, rest = (
        float(each @ some.sum(axis=1)) for some in (yes & guess, ~yes & guess, yes, ~yes)
    )
    figure = float(thresholds.figure_of(rule, both, false, true, rest)[0])
    return {"cost": -figure} if "cost" in rule else {rule["metric"]: figure}


def _said(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())


def _key(columns: Columns, names: tuple[str, ...]) -> tuple[str, ...]:
    return ("task",) if len(columns.targets) == 1 else ("task", names[0])


def _decision(
    columns: Columns, names: tuple[str, ...], task: Any, field: str, choice: Choice
) -> Decision:
    """What was decided of a field of a task."""
    key = _key(columns, names)
    fields = task.model_dump(mode="json", exclude_defaults=True)  # alike when a fit is resumed
    known = {name: value for name, value in fields.items() if not _is_long(value)}
    written = {"name": catalog.name_of(task), **known, field: choice.value}
    return Decision((*key, field), *choice, to_line(key, written))


def _is_long(value: Any) -> bool:
    """Whether a value is for files alone, such as hundreds of classes."""
    return isinstance(value, list) and len(value) > SHORT


def _is_dense(model: Any, name: str) -> bool:
    import keras

    return isinstance(model.get_layer(name), keras.layers.Dense)
