"""Rows that a run is given to evaluate or predict, read as the fit reads its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.columns import Columns
from kbuilder.contracts import Following, Gathering, Pathed
from kbuilder.data import examples, gathering, infer, long_tables
from kbuilder.data import paths as paths_of_pictures
from kbuilder.data.panel import Axes
from kbuilder.errors import CallError
from kbuilder.evaluation.carrying import Carrying
from kbuilder.instances import read_json
from kbuilder.recipe.recipe import Recipe
from kbuilder.runs import predict_file
from kbuilder.tables import parquet_file, several
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.cells import Cells, Words
from kbuilder.tables.keeping import ROW, Keep, named, of_arrays, of_frame
from kbuilder.tables.table import Part, Table

Paths = str | Path | Sequence[str | Path]
"""A file, a folder or a pattern; or several of them."""


@dataclass(frozen=True)
class Given:
    """Reads what a run is given.

    Args:
        recipe: The resolved recipe of the run.
        columns: Its learned columns.
    """

    recipe: Recipe
    columns: Columns

    def parts(self, paths: Sequence[Path], start: int, keep: Keep = ()) -> Iterator[Part]:
        """The rows of a file from one on, as many at a time as are predicted at once."""
        columns = self.columns
        wanted, size = columns.reads, predict_file.rows_per_part(columns)
        if len(paths) > 1 or self._may_skip or self._axes is not None:
            return self.table(paths, keep).parts(size, start)
        return (
            Part(self._opened(table), share)
            for table, share in self._read_parts(paths[0], wanted, size, start, keep)
        )

    def _read_parts(
        self, path: Path, wanted: Sequence[str], size: int, start: int, keep: Keep
    ) -> Iterator[Part]:
        """The rows of a file as they are read."""
        columns = self.columns
        if path.suffix.lower() == ".parquet" and not several.matching(path):
            return parquet_file.parquet_parts(path, wanted, size, start, self._cells, keep=keep)
        if path.suffix.lower() == ".json" and not several.matching(path):
            return read_json(columns, path, keep).parts(size, start)
        return self.recipe.data.parts(path, columns.words(), wanted, size, start, keep)

    @property
    def _cells(self) -> Cells:
        """How cells are read that do not come through the source."""
        columns, data = self.columns, self.recipe.data
        # Some sources have no words to read numbers from.
        marks = (getattr(data, name, None) for name in ("decimal", "thousands"))
        return Cells(columns.missing, self.words, *marks)

    @property
    def words(self) -> Words:
        """The columns that are texts, to the model or to say where a row belongs."""
        return {**self.columns.words(), **examples.words(self.recipe.data)}

    @property
    def _axes(self) -> Axes | None:
        """The columns by which rows are made of rows; None: they are as they come."""
        return examples.axes_of(self.recipe.data)

    @property
    def _follows(self) -> bool:
        """Whether rows are windows of series; else they may be whole series."""
        return any(isinstance(task, Following) for _, task in self.columns.targets)

    @property
    def _may_skip(self) -> bool:
        """Whether rows may be left out for their pictures, so that others count as read."""
        known = self.columns.features.values()
        pathed = any(isinstance(feature, Pathed) and feature.takes_paths for feature in known)
        return pathed and infer.skips(self.recipe) and not isinstance(self.recipe.data, Gathering)

    def carrying(self, keep: str | Sequence[str]) -> Carrying:
        """What is carried over; the numbers of rows too, where some may be left out."""
        names = named(keep)
        return Carrying((ROW, *names) if self._may_skip and ROW not in names else names)

    def table(self, data: Any, keep: Keep = ()) -> Table:
        """The rows of a frame or of files, with what the files hold that they name."""
        return self._opened(self._read(data, keep), infer.skips(self.recipe))

    def _opened(self, table: Table, skip: bool = False) -> Table:
        """Rows as the fit takes them: columns that are one array together, pictures as read."""
        features = self.columns.features
        if self._follows and examples.PAST not in table.columns:
            windows = examples.given(table, self.recipe.data, self.columns)
            table = windows.checked(windows.origins(complete=False))
        elif self._axes is not None and not self._follows:
            table = long_tables.given(table, self._axes, self.columns)
        if self._axes is None:
            table = gathering.as_learned(table, features)
        return paths_of_pictures.opened(table, features, skip)

    def latest(self, data: Any) -> tuple[Table, examples.Windows, np.ndarray]:
        """The last window of each series of a frame, of a table or of files.

        Returns:
            The rows, the windows that they are of, and the last step of each.

        Raises:
            DataError: if all series are too short, or one lacks what is to be known ahead.
        """
        windows = examples.given(self._read(data, ()), self.recipe.data, self.columns)
        origins = windows.latest()
        table = windows.table(origins)
        return replace(table, notes=(*table.notes, *windows.left_out)), windows, origins

    def _read(self, data: Any, keep: Keep) -> Table:
        if isinstance(data, Table):
            return replace(data, kept=of_arrays(keep, data))
        if not isinstance(data, str | Path | list | tuple):
            table = from_frame(data, "the frame", self._cells)
            return replace(table, kept=of_frame(keep, data, "the frame"))
        paths = paths_of(data)
        if len(paths) > 1 and isinstance(self.recipe.data, Gathering):
            return self.recipe.data.gather(paths, self.words, keep)
        if len(paths) > 1:
            return several.read(paths, lambda path: self._read(path, keep), self.columns.ignored)
        [data] = paths
        if data.suffix.lower() == ".json" and not several.matching(data):
            return read_json(self.columns, data, keep)
        if data.suffix.lower() == ".parquet" and not several.matching(data):
            return parquet_file.read_parquet(data, self._cells, keep)
        return self.recipe.data.read(data, self.words, keep)


def paths_of(given: Paths) -> tuple[Path, ...]:
    """What a caller names, as paths.

    Raises:
        CallError: if it is none.
    """
    paths = (given,) if isinstance(given, str | Path) else tuple(given)
    if not paths or not all(isinstance(path, str | Path) for path in paths):
        raise CallError("there are no rows to read. Expected a path, or a list of paths.")
    return tuple(map(Path, paths))
