"""Rows as they stand in a file, where an input is made of several columns: pixel0 to pixel783."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Signature, Tensor
from kbuilder.serving.values import shown

SHOWN = 12
"""Columns that an error names."""
NUMBERS = {int, float, type(None)}


def instead(names: Collection[Any], signature: Signature) -> str:
    """What to send in place of columns that an input is made of; empty, if none of them is one.

    Args:
        names: Inputs that a request has and the model has not.
        signature: The inputs, and what they are made of.
    """
    for name, members in signature.members.items():
        ours = [member for member in members if member in names]
        if ours:
            own = _spelled(name, signature)
            row = ", ".join(map(str, signature.inputs[name].row))
            return (
                f" {shown(ours[0])} is one of the {len(members)} columns that {own!r} is made of: "
                f"send one input {own!r} of the shape [rows, {row}], its numbers in the order "
                f"{members[0]} … {members[-1]}; or rows as the file has them to TensorFlow "
                "Serving's REST interface."
            )
    return ""


def rows(instances: list[Any], signature: Signature) -> list[Any]:
    """Rows, each with one value in place of the columns that an input is made of.

    Args:
        instances: JSON values; those that come with the input itself stay as they are.
        signature: The inputs, and what they are made of.

    Raises:
        RequestError: naming the row, and the columns that it lacks or that hold no number.
    """
    if not signature.members:
        return instances
    return [_row(row, index, signature) for index, row in enumerate(instances)]


def columns(inputs: Any, signature: Signature) -> Any:
    """All columns, with one in place of those that an input is made of.

    Raises:
        RequestError: naming the columns that lack, or hold no list of as many numbers.
    """
    if not isinstance(inputs, dict):
        return inputs
    for name, members in signature.members.items():
        if not _is_apart(inputs, name, members, signature):
            continue
        lists = _taken(inputs, members, f"input {_spelled(name, signature)!r}")
        wrong = next((m for m, one in zip(members, lists, strict=True)
                      if not isinstance(one, list) or len(one) != len(lists[0])), None)  # fmt: skip
        if wrong is not None:
            raise RequestError(
                f"input {wrong!r}: expected a list of as many numbers as the other columns of "
                f"{_spelled(name, signature)!r} have"
            )
        tensor = signature.inputs[name]
        each = [
            _numbers(values, members, tensor, f"row {index} of 'inputs'")
            for index, values in enumerate(zip(*lists, strict=True))
        ]
        rest = {key: value for key, value in inputs.items() if key not in set(members)}
        inputs = {**rest, name: each}
    return inputs


def _row(row: Any, index: int, signature: Signature) -> Any:
    """One row, as `rows` gives it."""
    if not isinstance(row, dict):
        return row
    for name, members in signature.members.items():
        if not _is_apart(row, name, members, signature):
            continue
        where = f"Failed to process element: {index} of 'instances' list"
        values = _taken(row, members, where)
        value = _numbers(values, members, signature.inputs[name], where)
        rest = {key: value for key, value in row.items() if key not in set(members)}
        row = {**rest, name: value}
    return row


def _is_apart(row: dict[str, Any], name: str, members: Sequence[str], signature: Signature) -> bool:
    """Whether a row has the columns that an input is made of, or some of them."""
    if name in row or signature.columns.get(name, name) in row:
        return False
    return any(member in row for member in members)


def _spelled(name: str, signature: Signature) -> str:
    return signature.columns.get(name, name)


def _taken(row: dict[str, Any], members: Sequence[str], where: str) -> list[Any]:
    """The values of columns.

    Raises:
        RequestError: naming those that are not there.
    """
    gone = [member for member in members if member not in row]
    if gone:
        few = ", ".join(gone[:SHOWN]) + (f" and {len(gone) - SHOWN} more" if gone[SHOWN:] else "")
        raise RequestError(
            f"{where}: {len(gone)} of {len(members)} columns are missing: {few} (a value that is "
            "missing is null)"
        )
    return [row[member] for member in members]


def _numbers(values: Sequence[Any], members: Sequence[str], tensor: Tensor, where: str) -> Any:
    """The numbers of a row in the shape that an input has.

    Raises:
        RequestError: naming the column that holds no number.
    """
    pixels = tensor.dtype == "uint8"
    for member, value in zip(members, values, strict=True):
        known = type(value) is int and 0 <= value <= 255 if pixels else type(value) in NUMBERS
        if not known:
            what = "whole number of 0 to 255" if pixels else "number, or null where it is missing"
            got = f"column {member!r} holds {shown(value)}"
            raise RequestError(f"{where}: {got}. Expected a {what}")
    shape = list(tensor.row)
    if None in shape:
        shape[shape.index(None)] = len(values) // math.prod(size or 1 for size in shape)
    nested = list(values)
    for size in reversed(shape[1:]):
        assert size is not None, "one axis is free at most"
        nested = [nested[start : start + size] for start in range(0, len(nested), size)]
    return nested
