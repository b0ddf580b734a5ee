"""Rows of a pandas DataFrame, from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kbuilder.contracts import Script
from kbuilder.errors import CallError, DataError
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.spec import (
    Decimal,
    Ignored,
    Missing,
    Names,
    Series,
    Spec,
    Thousands,
    Time,
    Unreadable,
    Weight,
)
from kbuilder.tables import chunks
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.cells import Cells, Words
from kbuilder.tables.chunks import Reading
from kbuilder.tables.keeping import Keep
from kbuilder.tables.table import Part, Table


class Frame(Spec):
    """A pandas DataFrame, and optionally a second one with the test rows. From Python only."""

    frame: Any = Field(default=None, exclude=True, repr=False)
    """The pandas DataFrame; its index is not used. A saved recipe does not hold it."""
    test_frame: Any = Field(default=None, exclude=True, repr=False)
    """A second DataFrame, with the rows to test on."""
    target: Names = Field(min_length=1)
    """The column to predict, or several columns of numbers."""
    ignore: Ignored
    weight: Weight
    time: Time
    series: Series
    missing: Missing | None = None
    """Words that mean missing, beside the empty one; left out: NA, N/A, NaN, null, None and the
    like."""
    decimal: Decimal | None = None
    """What stands before the decimals of numbers that are words, "." or ","; left out: "."."""
    thousands: Thousands | None = None
    """What groups the digits of large numbers that are words: "," in 1,234,567."""
    unreadable: Unreadable = "error"
    """What rows are whose pictures, named by their paths, cannot be read: an error, or skipped and
    counted."""
    checks: Checks
    split: Split

    @field_validator("frame", "test_frame")
    @classmethod
    def _is_frame(cls, value: Any) -> Any:
        if not hasattr(value, "columns"):
            raise PydanticCustomError(
                "frame_type", "Expected a pandas DataFrame, which is given from Python"
            )
        return value

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """The frames as tables."""
        if self.frame is None:
            raise DataError(
                "a frame is given from Python: kb.Frame(frame=df, target=…). "
                "Expected another source, such as csv, in a recipe file.",
                key=("data", "source"),
            )
        cells = Cells.of(self.missing, words, self.decimal, self.thousands)
        train = from_frame(self.frame, "the frame", cells)
        if not len(train):
            raise DataError("the frame has no rows. Expected rows.", key=("data",))
        if self.test_frame is None:
            return train, None
        texts = {name: () for name, values in train.columns.items() if values.dtype == object}
        cells = Cells.of(self.missing, {**texts, **(words or {})}, self.decimal, self.thousands)
        return train, from_frame(self.test_frame, "the test frame", cells)

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """The rows of a file, or of a `.npz` file with arrays named like the columns."""
        return chunks.read(path, (), self._reading(words, keep))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The rows of a file, part by part."""
        return chunks.parts(path, (), self._reading(words, keep), wanted, size, start)

    def _reading(self, words: Words | None, keep: Keep) -> Reading:
        cells = Cells.of(self.missing, words, self.decimal, self.thousands)
        return Reading(cells, keep=keep)

    def script(self, words: Words | None = None) -> Script:
        """Refused: a script cannot reach the memory of another process."""
        raise CallError(
            "a script cannot read a frame that is in memory. Expected rows in a file: write them "
            "with `frame.to_csv`, and use the source csv."
        )
