"""Tables from files of arrays and from frames: what several sources share."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.late import np
from kbuilder.tables import packing
from kbuilder.tables.cells import Cells
from kbuilder.tables.foreign_arrays import Folder, expect_npz, head, heads, is_npy, records
from kbuilder.tables.table import Table
from kbuilder.tables.values import exact

if TYPE_CHECKING:
    import pandas as pd


def read_npz(
    path: Path,
    key: Key,
    columns: Mapping[str, str] | None,
    field: str,
    another: bool = False,
) -> Table:
    """The rows of a `.npz` file of arrays whose first axis is the rows, or of `.npy` files.

    Args:
        path: The file; of `.npy` files one of them, or their folder.
        key: The place of its name in the recipe, for messages.
        columns: Name of the array by name of the column; None takes all under their own names.
        field: The field of the recipe that `columns` is from.
        another: Whether this is a file to predict or evaluate: an array may then be called like
            its column, and be missing, as the target is.

    Raises:
        DataError: if the file cannot be read, lacks an array, or their lengths differ.
    """
    if not path.is_dir() or not is_npy(path):
        expect_file(path, key)
    single = is_npy(path)
    if not single:
        expect_npz(path, key)
    try:
        # Without pickle: a data file must not be able to run code.
        with ExitStack() as opened:
            fields = records(path) if single and path.is_file() else {}
            file: Mapping[str, Any] = fields or Folder(path, key)
            if not single:
                content = opened.enter_context(path.open("rb"))
                file = opened.enter_context(np.load(content, allow_pickle=False))
            given = dict(columns or {name: name for name in file})
            if another:
                given = {
                    column: column if column in file else array
                    for column, array in given.items()
                    if column in file or array in file
                }
                if not given:
                    raise DataError(
                        f"{path} has no array of these columns. It has: "
                        f"{listed(heads(file, path))}."
                    )
            if not single:
                _check_claims(path, [array for array in given.values() if array in file])
            arrays = {name: _array(file, array, path, (*key[:-1], field, name))
                      for name, array in given.items()}  # fmt: skip
    except DataError:
        raise
    except Exception as error:  # zipfile and numpy raise whatever one of the bytes happens to
        # numpy would have people allow it to unpickle, which runs whatever the file says.
        reason = "it holds Python objects" if "allow_pickle" in str(error) else str(error)
        raise DataError(
            f"{path} cannot be read: {reason}. "
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


def expect_file(path: Path, key: Key) -> None:
    """Refuse a path that is no file, or one that may never end: a pipe, a device.

    Raises:
        DataError: if it is none.
    """
    if path.is_file():
        return
    if path.exists():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise DataError(f"{path} is {kind}. Expected the file of the rows.", key=key)
    raise DataError(f"there is no file {path}. Expected the file of the rows.", key=key)


def _check_claims(path: Path, names: Iterable[str]) -> None:
    """Check that no array claims more values than the file holds bytes for, before room is made.

    Raises:
        ValueError: naming the array.
    """
    with zipfile.ZipFile(path) as zipped:
        for name in names:
            if f"{name}.npy" not in zipped.namelist():
                continue  # it is no array
            member = zipped.getinfo(f"{name}.npy")
            with zipped.open(member) as content:
                about = head(content)
            if about is None:  # numpy itself says so
                continue
            claimed = math.prod(about.shape) * about.dtype.itemsize
            if claimed > member.file_size:
                raise ValueError(
                    f"the array {name} claims {claimed:,} bytes, and the file has "
                    f"{member.file_size:,} for it"
                )
            if packing.swells(member.compress_size, claimed):
                raise ValueError(
                    f"the array {name} unpacks to {claimed:,} bytes, more than {packing.TIMES} "
                    "times what it takes packed. If it is meant, write it by numpy.savez, which "
                    "does not pack"
                )


def _array(file: Mapping[str, Any], array: str, path: Path, key: Key) -> np.ndarray:
    """An array as a column: strings as objects, truth values as 0 and 1, scalars as 64 bits."""
    if array not in file:
        raise DataError(
            f"{path} has no array {array!r}. It has: {listed(heads(file, path))}.",
            key=key,
            suggestion=nearest(array, file),
        )
    values = file[array]
    if not isinstance(values, np.ndarray):
        raise ValueError(f"{array} is no array")
    if values.ndim == 0:
        raise ValueError(f"the array {array} has no rows")
    if values.dtype.kind in "US":
        return np.array([word or None for word in values.astype(str).tolist()], dtype=object)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.names:
        raise DataError(
            f"the array {array} of {path} holds records with the fields "
            f"{listed(values.dtype.names)}. Expected plain arrays: numpy.save it as a file of its "
            "own and name that as `path`; its fields are the arrays then.",
            key=key,
        )
    if values.dtype.kind not in "iuf":
        raise ValueError(f"the array {array} has the dtype {values.dtype}")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return exact(values) if values.ndim == 1 else values


def expect_unique(names: Sequence[str], origin: str, key: Key) -> None:
    """Refuse columns of one name.

    Raises:
        DataError: naming them.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{origin} has several columns called {listed(repr(name) for name in twice)}. "
            "Expected names that all differ: rename one.",
            key=key,
        )


def expect_columns(names: Sequence[str], wanted: Sequence[str], origin: str) -> None:
    """Refuse rows without the wanted columns, before any row is read.

    Raises:
        DataError: naming every column that is missing, and those that are there.
    """
    Table(dict.fromkeys(map(str, names), np.empty(0)), origin).only(wanted)


def from_frame(frame: pd.DataFrame, origin: str, cells: Cells | None = None) -> Table:
    """A table from a pandas DataFrame, its cells read as those of a file are.

    Args:
        frame: The DataFrame; its index is not used.
        origin: What messages call it.
        cells: How its cells are read.
    """
    if not hasattr(frame, "columns"):
        kind = type(frame).__name__
        raise DataError(f"{origin} is no pandas DataFrame. Expected one. Got a {kind}.")
    expect_unique([str(name) for name in frame.columns], origin, ())
    return (cells or Cells()).table(frame, origin)
