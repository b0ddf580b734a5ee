"""Rows of a NumPy `.npz` file, or of `.npy` files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from kbuilder.contracts import Script
from kbuilder.errors import missing_file
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Ignored, Names, Spec, Weight
from kbuilder.tables.arrays import read_npz
from kbuilder.tables.cells import Words
from kbuilder.tables.foreign_arrays import is_npy, records
from kbuilder.tables.keeping import ALL, ROW, Keep, of_arrays
from kbuilder.tables.table import Part, Table

Mapped = Annotated[dict[str, str], Field(min_length=1)]


class Arrays(Spec):
    """A `.npz` file of named arrays whose first axis is the rows.

    `columns` says which array is which column, and `test_columns` the same of the test rows:
    `columns: {image: x_train, digit: y_train}`, `test_columns: {image: x_test, digit: y_test}`.
    Where arrays are files of their own, `x_train.npy` and `y_train.npy`, `path` is one of them, or
    their folder.
    """

    path: DataPath
    """The `.npz` file, a `.npy` file or a folder of them, relative to the recipe."""
    columns: Mapped
    """Name of the array by name of the column."""
    test_columns: Mapped | None = None
    """The same for the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict."""
    ignore: Ignored
    weight: Weight
    origin: str | None = None
    """Where the file can be had; said when it is not there."""
    checks: Checks
    split: Split

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read the named arrays; all others in the file are left alone."""
        key = ("data", "path")
        if not self.path.exists():
            raise missing_file(self.path, self.origin, key, "a .npz file")
        train = read_npz(self.path, key, self.columns, "columns")
        if self.test_columns is None:
            return train, None
        return train, read_npz(self.path, key, self.test_columns, "test_columns")

    def files(self) -> Sequence[Path]:
        """The file, or all arrays of its folder."""
        if not is_npy(self.path):
            return [self.path]
        folder = self.path if self.path.is_dir() else self.path.parent
        return [self.path] * self.path.is_file() + sorted(folder.glob("*.npy"))

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of another file: arrays named like the columns, or like those of this one."""
        table = read_npz(path, (), self.columns, "columns", another=True)
        others = [n for n in keep if n not in table.columns and n not in (ALL, ROW)]
        if others:
            also = read_npz(path, (), {name: name for name in others}, "columns")
            columns = {**table.columns, **also.columns}
            return replace(table, kept=of_arrays(keep, Table(columns, table.origin)))
        return replace(table, kept=of_arrays(keep, table))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The rows of another file, which is read whole."""
        return self.read(path, words, keep).parts(size, start)

    def script(self, words: Words | None = None) -> Script:
        """numpy.load, without pickle."""
        one = is_npy(self.path)
        given = "the .npy files of a folder" if one else "a .npz file"
        body = (
            "    folder = path if path.is_dir() else path.parent\n"
            "    files = {name: f\"{array.removesuffix('.npy')}.npy\" "
            "for name, array in columns.items()}\n"
            "    return {name: np.load(folder / file) for name, file in files.items()}"
        )
        if one and self.path.is_file() and records(self.path):
            given = "a .npy file of records"
            body = (
                "    table = np.load(path)\n"
                "    return {name: table[array] for name, array in columns.items()}"
            )
        read = (
            "def read(path, columns):\n"
            f'    """The columns of {given}; `columns` says which array each is."""\n'
        )
        read += (
            body
            if one
            else (
                "    with np.load(path, allow_pickle=False) as file:\n"
                "        return {name: file[array] for name, array in columns.items()}"
            )
        )
        lines = [f"rows = read(path, {self.columns!r})"]
        if self.test_columns is not None:
            lines.append(f"test = read(path, {self.test_columns!r})")
        return Script(tuple(lines), (read,), paths={"path": self.path})
