"""Rows of a NumPy `.npz` file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from kbuilder.errors import DataError, listed, missing_file, nearest
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Names, Spec
from kbuilder.table import Table

Mapped = Annotated[dict[str, str], Field(min_length=1)]


class Arrays(Spec):
    """A `.npz` file of named arrays whose first axis is the rows.

    `columns` says which array is which column, and `test_columns` the same of the test rows:
    `columns: {image: x_train, digit: y_train}`, `test_columns: {image: x_test, digit: y_test}`.
    """

    path: DataPath
    """The `.npz` file, relative to the recipe."""
    columns: Mapped
    """Name of the array by name of the column."""
    test_columns: Mapped | None = None
    """The same for the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict."""
    ignore: Names = ()
    """Columns that are not used."""
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    split: Split = Split()
    """How the rows are divided."""

    def load(self) -> tuple[Table, Table | None]:
        """Read the named arrays; all others in the file are left alone."""
        key = ("data", "path")
        if not self.path.is_file():
            raise missing_file(self.path, self.origin, key, "a .npz file")
        try:
            # Without pickle: a data file must not be able to run code.
            with np.load(self.path, allow_pickle=False) as file:
                train = self._table(file, self.columns, "columns")
                test = self.test_columns and self._table(file, self.test_columns, "test_columns")
        except (zipfile.BadZipFile, ValueError, EOFError, OSError, AttributeError) as error:
            raise DataError(
                f"{self.path} cannot be read: {error}. "
                "Expected a .npz file of plain arrays, as numpy.savez writes it.",
                key=key,
            ) from None
        return train, test or None

    def _table(self, file: Mapping[str, Any], columns: dict[str, str], field: str) -> Table:
        arrays: dict[str, np.ndarray] = {}
        for name, array in columns.items():
            if array not in file:
                raise DataError(
                    f"{self.path} has no array {array!r}. It has: {listed(file)}.",
                    key=("data", field, name),
                    suggestion=nearest(array, file),
                )
            arrays[name] = _column(file[array])
        lengths = {name: len(values) for name, values in arrays.items()}
        if len(set(lengths.values())) > 1:
            counts = listed(f"{name} {count}" for name, count in lengths.items())
            raise DataError(
                f"the arrays have different numbers of rows: {counts}. Expected equal numbers.",
                key=("data", field),
            )
        if not next(iter(lengths.values())):
            raise DataError(f"{self.path} has no rows. Expected rows.", key=("data", field))
        return Table(arrays, self.path.name)


def _column(values: np.ndarray) -> np.ndarray:
    """An array as a column: strings as objects, truth values as 0 and 1, scalars as 64 bits."""
    if values.ndim == 0:
        raise ValueError("an array without rows")
    if values.dtype.kind in "US":
        words = values.astype(str)
        return np.array([word if word else None for word in words.tolist()], dtype=object)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"an array of dtype {values.dtype}")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1:
        return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    return values
