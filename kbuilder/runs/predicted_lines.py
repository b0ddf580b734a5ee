"""Predictions as JSON lines: an object for each row."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def to_lines(frame: pd.DataFrame) -> bytes:
    """A line of JSON for each row, in UTF-8; what is missing, or no finite number, is null.

    Args:
        frame: What is predicted, with the columns that are kept.
    """
    columns = [_values(frame[name]) for name in frame]
    names = [str(name) for name in frame]
    lines = [
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=_known)
        for row in zip(*columns, strict=True)
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _values(column: pd.Series) -> list[Any]:
    """The cells of a column, float32 with as few digits as tell them apart."""
    import pandas as pd

    if column.dtype == np.float32 or str(column.dtype) == "float[pyarrow]":
        numbers = column.to_numpy(np.float32, na_value=np.nan)
        column = pd.Series(numbers.astype(str).astype(np.float64))
    return [_json(value) for value in column.tolist()]


def _json(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT or value is None:
        return None
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def _known(value: Any) -> Any:
    """A value that JSON does not know, as one that it does."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return str(value)
