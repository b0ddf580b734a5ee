"""A few rows that tell how a network answers: those it is furthest off in, and usual ones."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.errors import CallError, cut, on_one_line
from kbuilder.evaluation import intervals
from kbuilder.evaluation.explained import first_of, unit_names
from kbuilder.evaluation.explanations import Explanations, explain
from kbuilder.evaluation.heat_maps import heat_map
from kbuilder.tables.table import Table

EACH = 3
"""Rows of each kind."""
MOST = 6
"""Columns of a row, at most: those that push most."""
LONG = 120
"""Characters of a value, at most."""
HELD = 12
"""Columns of a row that is shown, at most, in their order."""
QUALITY = 80
"""Of a picture, as JPEG counts it."""


def telling_rows(
    model: Any,
    columns: Columns,
    average: Arrays,
    table: Table,
    rows: tuple[Arrays, Arrays],
    answered: Arrays,
) -> dict[str, Any]:
    """The entry `explanations` of `metrics.json`: why some rows were answered as they were.

    Args:
        model: The fitted network.
        columns: The learned features and targets; of several targets the first is explained.
        average: The average training row.
        table: Rows that the model was not fitted on, as they were read.
        rows: The same prepared, and their encoded targets.
        answered: What was answered, by output.

    Returns:
        `of`, what is explained; `rows`, each with `row` (its number or file), `kind` ("furthest
        off", or "usual", of a median loss), `truth`, and what `Explanations.frame` has of it; the
        `contributions` of the columns that push most, each with its `value`; of pictures a
        `picture` as a URL.

    Raises:
        CallError: if the task has no explanations.
    """
    arrays, encoded = rows
    explained = first_of(columns)
    names, task = columns.outputs()[explained.output]
    own = np.asarray(answered[explained.output])
    losses = intervals.losses(task, encoded[explained.output], own)
    if losses is None:
        raise CallError("the rows have no losses by which some could be chosen")
    order = np.argsort(losses, kind="stable")
    worst = order[::-1][:EACH]
    middle = (len(order) - EACH) // 2
    usual = [row for row in order[max(0, middle) : max(0, middle) + EACH] if row not in worst]
    chosen = np.array([*worst, *usual])
    some = {key: np.asarray(values[chosen]) for key, values in arrays.items()}
    found = explain(model, columns, average, some, explained)
    units, truth = unit_names(task, names), table.target(names)
    given = found.attributions
    told = []
    for place, row in enumerate(chosen.tolist()):
        label = table.labels[row]
        told.append({
            "row": label if isinstance(label, str) else int(label),
            "kind": "furthest off" if place < len(worst) else "usual",
            "truth": _text(truth[row]),
            "explained": units[given.units[place]],
            "value": float(given.values[place]),
            "average": float(given.average[place]),
            "left_over": float(given.left_over[place]),
            "incomplete": bool(given.incomplete[place]),
            "cancelling": bool(given.cancelling[place]),
            "contributions": _contributions(found, table, row, place),
            **_pictures(found, place),
        })  # fmt: skip
    return {"of": explained.output, "rows": told}


def holds(columns: Columns, table: Table, row: int) -> str:
    """What the columns of a row hold, in a few words; of one column alone its value."""
    values = {name: table[name][row] for name in columns.features}
    found = {
        name: "" if isinstance(one, np.ndarray) and one.size > MOST else _text(one)
        for name, one in values.items()
    }
    known = {name: text for name, text in found.items() if text}
    if len(found) == 1:
        return "".join(known.values())
    told = [f"{name} = {text}" for name, text in [*known.items()][:HELD]]
    return "; ".join([*told, *(["…"] if len(known) > HELD else [])])


def _contributions(found: Explanations, table: Table, row: int, place: int) -> list[dict[str, Any]]:
    """The columns that push most in a row, each with its value; of words which of them."""
    pushes = {name: float(own[place]) for name, own in found.by_column.items()}
    first = sorted(pushes, key=lambda name: -abs(pushes[name]))[:MOST]
    told = []
    for name in first:
        one = {"column": name, "value": _text(table[name][row]), "contribution": pushes[name]}
        told.append({**one, "words": found.words[name][place]} if name in found.words else one)
    return told


def _text(value: Any) -> str:
    """A value as a few words; what is no number or word is as large as it is."""
    if isinstance(value, bytes | bytearray):
        return ""
    if value is None or (isinstance(value, float) and value != value):
        return "(missing)"
    if isinstance(value, np.ndarray) and value.size > MOST:
        return " × ".join(map(str, value.shape))
    return cut(on_one_line(str(value)), LONG)


def _pictures(found: Explanations, place: int) -> dict[str, str]:
    """The first column of pictures of a row, with what pushes."""
    for name, pushes in found.pictures.items():
        held = io.BytesIO()
        heat_map(found.pixels(name)[place], pushes[place]).save(held, "JPEG", quality=QUALITY)
        code = base64.b64encode(held.getvalue()).decode()
        return {"picture": f"data:image/jpeg;base64,{code}"}
    return {}
