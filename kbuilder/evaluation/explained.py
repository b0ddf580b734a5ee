"""What is explained of an answer: the log-odds of a class, or a number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kbuilder import internals
from kbuilder.columns import Columns
from kbuilder.contracts import Task, Teaching
from kbuilder.errors import CallError, listed

SURE = 1e-7
"""How far from 0 and 1 a probability counts as such, where there are no logits."""


class Explained(NamedTuple):
    """What is explained: an output of the network, and one of its units.

    Args:
        output: The output.
        unit: Its unit; None: for each row the one that is answered.
    """

    output: str
    unit: int | None


def choose(columns: Columns, of: str | None) -> Explained:
    """What is explained.

    Args:
        columns: The learned targets.
        of: A class or a target, with several targets each class with its target before it; None:
            the class that is answered, of two the second, or the number.

    Raises:
        CallError: if there is no such class or target, or several and none is named, or the task
            has no explanations.
    """
    known: dict[str, Explained] = {}
    several = len(columns.targets) > 1
    for output, (names, task) in columns.outputs().items():
        _expect_known(task)
        if several:
            known[output] = Explained(output, None)
        units = unit_names(task, names)
        if several and units == [output]:
            continue  # one number, which is called like its target
        for unit, name in enumerate(units):
            known.setdefault(f"{output} {name}" if several else name, Explained(output, unit))
    if of is not None:
        if of not in known:
            raise CallError(f"there is no {of!r} to explain. Expected one of {listed(known, 20)}.")
        chosen = known[of]
    else:
        first = next(iter(columns.outputs()))
        if several:
            raise CallError(
                f"the run answers several targets. Expected `of={first!r}`, or one of "
                f"{listed(known, 20)}."
            )
        chosen = Explained(first, None)
    names, task = columns.outputs()[chosen.output]
    units = unit_names(task, names)
    if chosen.unit is None and _teaches(task) == "numbers":
        if len(units) > 1:
            name = f"{chosen.output} {units[0]}" if several else units[0]
            raise CallError(
                f"an answer has {len(units)} numbers. Expected `of={name!r}`, or another of "
                f"{listed(units, 20)}."
            )
        return Explained(chosen.output, 0)
    return chosen


def first_of(columns: Columns) -> Explained:
    """What is explained where nobody says what: of the first target, and of its first number.

    Raises:
        CallError: if the task has no explanations.
    """
    if len(columns.targets) > 1:
        columns = Columns(columns.features, columns.targets[:1])
    [(_, (names, task))] = columns.outputs().items()
    units = unit_names(task, names)
    numbers = len(units) > 1 and not getattr(task, "classes", None)
    return choose(columns, units[0] if numbers else None)


def unit_names(task: Task, columns: tuple[str, ...]) -> list[str]:
    """What the units of an output are called: classes, or numbers."""
    classes = [str(one) for one in getattr(task, "classes", None) or ()]
    if _teaches(task) == "class" and len(classes) == 2:
        return classes[1:]
    count = getattr(task, "outputs", None) or 1
    if classes:
        return classes
    if count == len(columns):
        return list(columns)
    return [f"{'+'.join(columns)} {number}" for number in range(1, count + 1)]


def is_odds(columns: Columns, explained: Explained) -> bool:
    """Whether the log-odds of a class are explained, and no number."""
    return _teaches(columns.outputs()[explained.output].task) != "numbers"


def _teaches(task: Task) -> str:
    return task.teaches if isinstance(task, Teaching) else ""


def _expect_known(task: Task) -> None:
    if not _teaches(task):
        raise CallError(
            "the answers of this task have no explanation by row. The report says what they rest "
            "on: `kbuilder report RUN`."
        )


def explained_by(task: Task, outputs: Any, units: Any) -> Any:
    """What is explained of each row: log-odds of its unit, or the number that it answers. (rows,)

    Args:
        task: The task.
        outputs: Of the network, (rows, units).
        units: The unit of each row, (rows,).
    """
    import tensorflow as tf

    logits = internals.logits(outputs)
    if _teaches(task) == "numbers":
        value = task.decode(outputs)["value"]
        value = value[:, None] if len(value.shape) == 1 else value
        return tf.gather(value, units, batch_dims=1)
    if _teaches(task) == "flags" or outputs.shape[1] == 1:
        if logits is None:
            likely = tf.clip_by_value(outputs, SURE, 1 - SURE)
            logits = tf.math.log(likely) - tf.math.log1p(-likely)
        return tf.cast(tf.gather(logits, units, batch_dims=1), tf.float32)
    if logits is None:
        logits = tf.math.log(tf.maximum(outputs, SURE))
    logits = tf.cast(logits, tf.float32)
    own = tf.one_hot(units, logits.shape[1], on_value=True, off_value=False, dtype=tf.bool)
    others = tf.where(own, tf.constant(-np.inf, tf.float32), logits)
    return tf.gather(logits, units, batch_dims=1) - tf.reduce_logsumexp(others, axis=1)
