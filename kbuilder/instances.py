"""Rows as JSON values, as `examples.json` and files of rows to predict have them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.errors import DataError, listed
from kbuilder.tables.arrays import expect_file
from kbuilder.tables.keeping import Keep, of_rows
from kbuilder.tables.number_lists import filled, numbers_in, steps_in
from kbuilder.tables.table import Table


def to_instances(arrays: Arrays) -> list[dict[str, Any]]:
    """Raw rows as JSON values by column: bytes as {"b64": …}, a missing number as null."""
    columns = {name: [_to_json(value) for value in values] for name, values in arrays.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def from_instances(columns: Columns, instances: Any, origin: str, keep: Keep = ()) -> Table:
    """The table of rows that `to_instances` wrote, or that a person wrote alike.

    Raises:
        DataError: if the rows are no list of mappings, or one lacks a column.
    """
    rows = instances.get("instances") if isinstance(instances, dict) else instances
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f'{origin} holds no rows. Expected {{"instances": [{{"column": value, …}}, …]}}.'
        )
    for number, row in enumerate(rows, start=1):
        gone = [
            one
            for name in columns.features
            for one in (columns.members(name) or (name,))
            if name not in row and one not in row
        ]
        if gone:
            raise DataError(
                f"row {number} of {origin} has no {listed(gone)}. Expected all columns."
            )
    arrays: Arrays = {}
    for name, feature in columns.features.items():
        shape, dtype = feature.signature()
        if columns.members(name):
            apart = [number for number, row in enumerate(rows, start=1) if name not in row]
            if apart and len(apart) < len(rows):
                raise DataError(
                    f"row {apart[0]} of {origin} has columns in place of {name!r}, which other "
                    "rows have. Expected all rows alike."
                )
            if apart:
                arrays |= {n: _cells([row[n] for row in rows]) for n in columns.members(name)}
                continue
        values = [_from_json(row[name]) for row in rows]
        if len(shape) > 1 and None in shape[1:]:
            values = [steps_in(v) if isinstance(v, str) else v for v in values]
        elif len(shape) > 1:
            values = [_numbers(v, shape[1]) if isinstance(v, str) else v for v in values]
        if len(shape) > 1 and None not in shape[1:]:
            try:
                arrays[name] = np.array(values, dtype=dtype)
            except (TypeError, ValueError):
                raise DataError(
                    f"column {name!r} of {origin} holds no arrays of one shape. "
                    f"Expected {list(shape[1:])} numbers per row."
                ) from None
        else:
            arrays[name] = np.empty(len(values), dtype=object)
            for row, value in enumerate(values):  # a list is a value too
                arrays[name][row] = value
    weight = () if columns.weight is None else (columns.weight,)
    for name in (*columns.target, *weight):  # to evaluate; predictions have none
        if all(name in row for row in rows):
            values = [row[name] for row in rows]
            numbers = all(isinstance(value, int | float) for value in values)
            arrays[name] = np.array(values, dtype=None if numbers else object)
    return Table(arrays, origin, kept=of_rows(keep, rows, origin))


def _numbers(cell: str, length: int | None) -> Any:
    """The numbers of a text, which the table of a file has as one cell; the text, if it is none."""
    found = numbers_in(cell)
    return cell if found is None else filled(found, cell, length)


def _cells(values: list[Any]) -> np.ndarray:
    """JSON values of a column: numbers, NaN where one is null; else as they are. (rows,)"""
    plain = all(type(value) in (int, float, type(None)) for value in values)
    if plain:
        return np.array([np.nan if value is None else value for value in values])
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells


def read_json(columns: Columns, path: Path, keep: Keep = ()) -> Table:
    """The rows of a JSON file, as `to_instances` writes them, and what else is kept of them.

    Raises:
        DataError: if there is no such file, or it holds no rows.
    """
    expect_file(path, ())
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise DataError(f"{path} is nested too deep. Expected a list of rows.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}.") from None
    return from_instances(columns, content, path.name, keep)


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    value = value.item() if isinstance(value, np.generic) else value
    return None if value != value else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (TypeError, ValueError):
            raise DataError('a value {"b64": …} is no base64. Expected encoded bytes.') from None
    return value
