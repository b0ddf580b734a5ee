"""Columns of the rows that are carried over beside their predictions, as their file has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from kbuilder.errors import DataError, listed, nearest
from kbuilder.late import np

if TYPE_CHECKING:
    import pandas as pd

    from kbuilder.tables.table import Table

ALL = "all"
"""Every column, where none is called so."""
ROW, FILE = "row", "file"
"""What rows are known by: their number in the file, from 1, or the path of a picture. A column that
is called so wins."""

Keep = Sequence[str]
"""The columns to carry over, `ALL` of them, or none."""


def named(keep: str | Sequence[str]) -> Keep:
    """What a caller gives: a name, several, or "all"."""
    return (keep,) if isinstance(keep, str) else tuple(dict.fromkeys(map(str, keep)))


def pick(keep: Keep, names: Iterable[str], origin: str, label: str = ROW) -> list[str]:
    """The columns of a file that are carried over.

    Args:
        keep: What is asked for.
        names: The columns that there are.
        origin: What messages call the file.
        label: What its rows are known by: `ROW` or `FILE`.

    Raises:
        DataError: naming every column that is missing, and those that are there.
    """
    names = [str(name) for name in names]
    missing = [name for name in keep if name not in (*names, label, ALL)]
    if missing:
        raise DataError(
            f"{origin} has no column {listed(map(repr, missing))} to keep. "
            f"It has: {listed(names)}. `{label}` is there too, and `all` means every column.",
            suggestion=nearest(missing[0], names),
        )
    return [name for name in _written_out(keep, names) if name in names]


def _written_out(keep: Keep, names: Sequence[str]) -> list[str]:
    """The names that are asked for, those that `ALL` stands for in its place."""
    if ALL in names or ALL not in keep:
        return list(keep)
    others = [name for name in names if name not in keep]
    return [other for name in keep for other in (others if name == ALL else [name])]


def of_frame(keep: Keep, frame: pd.DataFrame, origin: str) -> pd.DataFrame | None:
    """The columns of a frame that are carried over; None: none are asked for."""
    if not keep:
        return None
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    return frame[pick(keep, frame.columns, origin)].reset_index(drop=True)


def of_objects(
    keep: Keep, frame: pd.DataFrame, origin: str, cells: bool = False
) -> pd.DataFrame | None:
    """The same of a frame with objects, each column of which gets the type of its values.

    Args:
        keep, frame, origin: As `of_frame` takes them.
        cells: Whether the objects are cells of a spreadsheet, in which every number is a float,
            and every day a time at midnight.
    """
    kept = of_frame(keep, frame, origin)
    if kept is None:
        return None
    for name in kept:
        if kept[name].dtype == object:
            kept[name] = _typed(kept[name], cells)
    return kept


def of_rows(keep: Keep, rows: Sequence[Mapping[str, Any]], origin: str) -> pd.DataFrame | None:
    """The same of rows by name, of which some may have more names than others."""
    return of_objects(keep, objects(rows), origin) if keep else None


def objects(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as columns of objects: a whole number stays one, where another row has none."""
    import pandas as pd

    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()},
        index=range(len(rows)),
    )


def of_arrays(keep: Keep, table: Table) -> pd.DataFrame | None:
    """The columns of a table that have one value a row, and first what its rows are known by."""
    import pandas as pd

    if not keep:
        return None
    label = FILE if isinstance(next(iter(table.labels), 0), str) else ROW
    whole = {
        name: values
        for name, values in table.columns.items()
        if values.ndim == 1 and not any(isinstance(value, bytes) for value in values[:1])
    }
    columns = {label: np.asarray(table.labels), **whole}
    picked = pick(keep, columns, table.origin, label)
    return pd.DataFrame({name: columns[name] for name in picked}, index=range(len(table)))


def carried(keep: Keep, table: Table) -> pd.DataFrame | None:
    """What is carried over, in the order that was asked for, with the rows' numbers among it."""
    import pandas as pd

    kept = table.kept
    if kept is None:
        return None
    numbers = np.asarray(table.labels)
    columns = {name: kept.get(name, numbers) for name in _written_out(keep, list(map(str, kept)))}
    return pd.DataFrame(columns, index=range(len(table)))


def renamed(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Other names for those that are taken: `given label` for `label`."""
    names, taken = list(names), set(taken)
    others: dict[str, str] = {}
    for name in names:
        other = name
        while other in taken or (other != name and other in names):
            other = f"given {other}"
        if other != name:
            others[name] = other
            taken.add(other)
    return others


def as_text(value: Any) -> str:
    """A value in a cell of text: a time as ISO 8601 with a blank, what is nested as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple | np.ndarray):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it does."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _typed(cells: pd.Series, sheet: bool) -> pd.Series:
    """Objects as one type: whole numbers exactly; where there are several types, as text."""
    import pandas as pd
    import pyarrow as pa

    values = [None if _gone(value) else value for value in cells.tolist()]
    there = [value for value in values if value is not None]
    if sheet and there and all(isinstance(v, float) and v.is_integer() for v in there):
        values = [None if value is None else int(value) for value in values]
    if sheet and there and all(isinstance(v, datetime) and v.time() == time() for v in there):
        values = [None if value is None else value.date() for value in values]
    types = {type(value) for value in there}
    if sheet and types == {int, float}:
        values, types = [None if value is None else float(value) for value in values], {float}
    try:
        if types >= {int, float}:  # 1 would become 1.0
            raise TypeError
        array = pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = pa.array([None if v is None else as_text(v) for v in values], pa.string())
    return pd.Series(array, dtype=pd.ArrowDtype(array.type), index=cells.index)


def _gone(value: Any) -> bool:
    """Whether an object is none: None, NaN or NaT."""
    if value is None:
        return True
    return isinstance(value, float | datetime) and bool(value != value)
