"""Statements of a script that calibrate the network, and choose its thresholds, after the fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kbuilder.columns import Columns
from kbuilder.contracts import Calibrating, Deciding
from kbuilder.ejecting.expressions import wrapped
from kbuilder.probabilities.calibration import ENOUGH_ROWS
from kbuilder.probabilities.thresholds import USUAL, limit_of, rule_of


def settling_of(columns: Columns, model: Any, held: int) -> Iterator[str]:
    """Statements between the fit and the evaluation; they use `model` and `validating`.

    Args:
        columns: Their tasks say what is wanted.
        model: The network.
        held: How many validation rows there are.
    """
    import keras

    for output, (_, task) in columns.outputs().items():
        own = f"each[{output!r}] for each in validating[1:]"
        wanted = task.calibrate if isinstance(task, Calibrating) else False
        head = columns.titled(output, "head")
        dense = isinstance(model.get_layer(head), keras.layers.Dense)
        if held and dense and (wanted is True or (wanted == "auto" and held >= ENOUGH_ROWS)):
            always = ", always=True" if wanted is True else ""
            call = f"calibrate(model, {head!r}, validating[0], *({own}){always})"
            yield wrapped(f"temperature_of_{output}, _ = {call}", 4)
            yield f"    print('temperature', round(temperature_of_{output}, 4))"
        rule = rule_of(task.threshold) if isinstance(task, Deciding) else None
        if held and rule is not None:
            answered = f"model.predict(validating[0], verbose=0)[{output!r}]"
            call = f"best_threshold({answered}, {rule!r}, *({own}))"
            yield wrapped(f"threshold_of_{output} = {call}", 4)
        elif isinstance(task, Deciding) and (rule is not None or task.threshold != USUAL):
            yield f"    threshold_of_{output} = {limit_of(task.threshold)}"


def judging_of(columns: Columns, weighted: bool) -> Iterator[str]:
    """Statements after the evaluation: figures at the thresholds; they use `model` and `testing`.

    Args:
        columns: Their tasks have thresholds.
        weighted: Whether rows weigh, by `weights`.
    """
    for output, (_, task) in columns.outputs().items():
        if isinstance(task, Deciding) and task.threshold != USUAL:
            answered = f"model.predict(testing[0], verbose=0)[{output!r}]"
            counted = f", weights[{output!r}]" if weighted else ""
            name = f"threshold_of_{output}"
            call = f"at_threshold({answered}, testing[1][{output!r}], {name}{counted})"
            yield wrapped(f"print('threshold', {name}, {call})", 4)
