"""Tables from files and frames: what several sources share."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.table import Table

if TYPE_CHECKING:
    import pandas as pd


def read_csv(
    path: Path,
    key: Key = (),
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    missing: Sequence[str] = (),
) -> Table:
    """The rows of a CSV file with a header.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        delimiter: What stands between two fields.
        encoding: As Python names it.
        missing: Texts that mean "missing", beside the empty field, NA, NaN, null and None.

    Raises:
        DataError: if the file is empty, has no rows, or cannot be read.
    """
    import pandas as pd

    _expect_file(path, key)
    try:
        frame = pd.read_csv(
            path, sep=delimiter, encoding=encoding, na_values=list(missing), low_memory=False,
            skipinitialspace=True, index_col=False,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty. Expected a header and rows.", key=key) from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise DataError(
            f"{path} cannot be read as CSV: {reason}. Expected as many fields in each line as in "
            f"the header, between {delimiter!r} (data.delimiter).",
            key=key,
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not {encoding}: byte {error.start} cannot be read. "
            "Name the file's encoding, such as `encoding: latin-1`.",
            key=key,
        ) from None
    except LookupError:
        raise DataError(
            f"there is no encoding {encoding!r}. Expected a name such as utf-8 or latin-1.",
            key=("data", "encoding"),
        ) from None
    if frame.empty:
        raise DataError(f"{path} has a header, but no rows. Expected rows.", key=key)
    _check_delimiter(frame, path, delimiter)
    return from_frame(frame, origin=path.name)


def read_npz(path: Path, key: Key, columns: Mapping[str, str] | None, field: str) -> Table:
    """The rows of a `.npz` file of arrays whose first axis is the rows.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        columns: Name of the array by name of the column; None takes all under their own names.
        field: The field of the recipe that `columns` is from.

    Raises:
        DataError: if the file cannot be read, lacks an array, or their lengths differ.
    """
    _expect_file(path, key)
    try:
        # Without pickle: a data file must not be able to run code.
        with np.load(path, allow_pickle=False) as file:
            given = columns if columns is not None else {name: name for name in file}
            arrays = {name: _array(file, array, path, (*key[:-1], field, name))
                      for name, array in given.items()}  # fmt: skip
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, AttributeError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}. "
            "Expected a .npz file of plain arrays, as numpy.savez writes it.",
            key=key,
        ) from None
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        counts = listed(f"{name} {count}" for name, count in lengths.items())
        raise DataError(
            f"the arrays of {path} have different numbers of rows: {counts}. "
            "Expected equal numbers.",
            key=(*key[:-1], field),
        )
    if not lengths or not next(iter(lengths.values())):
        raise DataError(f"{path} has no rows. Expected rows.", key=key)
    return Table(arrays, path.name)


def read_like(path: Path) -> Table:
    """The rows of a file by its ending: `.csv`, or `.npz` with arrays named like the columns.

    Raises:
        DataError: if it cannot be read.
    """
    if path.suffix.lower() == ".npz":
        return read_npz(path, (), None, "columns")
    return read_csv(path)


def _expect_file(path: Path, key: Key) -> None:
    if not path.is_file():
        raise DataError(f"there is no file {path}. Expected the file of the rows.", key=key)


def _array(file: Mapping[str, Any], array: str, path: Path, key: Key) -> np.ndarray:
    """An array as a column: strings as objects, truth values as 0 and 1, scalars as 64 bits."""
    if array not in file:
        raise DataError(
            f"{path} has no array {array!r}. It has: {listed(file)}.",
            key=key,
            suggestion=nearest(array, file),
        )
    values = file[array]
    if values.ndim == 0:
        raise ValueError(f"the array {array} has no rows")
    if values.dtype.kind in "US":
        return np.array([word or None for word in values.astype(str).tolist()], dtype=object)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"the array {array} has the dtype {values.dtype}")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1:
        return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    return values


def _check_delimiter(frame: pd.DataFrame, path: Path, delimiter: str) -> None:
    header = str(frame.columns[0])
    other = next((mark for mark in (";", "\t", "|", ",") if mark in header), None)
    if len(frame.columns) == 1 and other and other != delimiter:
        raise DataError(
            f"{path} has a single column, called {header!r}. Expected fields between "
            f"{delimiter!r}; this looks like `delimiter: {other!r}`.",
            key=("data", "delimiter"),
        )


def from_frame(frame: pd.DataFrame, origin: str) -> Table:
    """A table from a pandas DataFrame: numbers, strings, truth values as strings."""
    columns: dict[str, np.ndarray] = {}
    for name in frame.columns:
        series = frame[name]
        columns[str(name)] = _column(series)
    return Table(columns, origin)


def _column(series: pd.Series) -> np.ndarray:
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_bool_dtype(series.dtype):
        return np.array([_word(value) for value in series], dtype=object)
    if kinds.is_integer_dtype(series.dtype) and not series.isna().any():
        return series.to_numpy(dtype=np.int64)
    if kinds.is_numeric_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.empty(len(series), dtype=object)
    for place, value in enumerate(series):
        values[place] = _word(value)
    return values


def _word(value: Any) -> Any:
    """A cell of a column that is not of numbers."""
    import pandas as pd

    if isinstance(value, list | tuple | set | frozenset | np.ndarray | bytes | str):
        return value
    if pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    return value if isinstance(value, int | float | np.number) else str(value)
