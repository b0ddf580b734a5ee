"""Numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.lines import to_line
from kbuilder.spec import Positive, Spec, learned
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of, missing


class Number(Spec):
    """A number, standardised on the training rows.

    A missing value gets the mean; if any is missing in training, a second column says where.
    """

    mean: float | None = None
    """Subtracted from each value; left out: the mean of the training rows."""
    scale: Positive | None = None
    """Each value is divided by it; left out: the standard deviation of the training rows."""
    indicator: bool | None = None
    """Whether a column says what is missing; left out: if any training value is."""

    holds: ClassVar[Holds] = "numbers"

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return True

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Any column of numbers."""
        if profile.kind != "number":
            return None
        return Match(0.8, f"its {profile.present:,} values are numbers")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Mean, deviation, and whether a value is ever missing."""
        numbers = self.raw(column, values).astype(np.float64)
        there = numbers[np.isfinite(numbers)]
        if not len(there):
            raise DataError(
                f"column {column!r} has no value at all in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        deviation = float(there.std())
        rows = f"{len(there):,} training values"
        return {
            "mean": Choice(float(there.mean()), f"mean of {rows}"),
            "scale": Choice(deviation or 1.0, f"standard deviation of {rows}")
            if deviation
            else Choice(1.0, f"all {rows} are the same"),
            "indicator": Choice(
                len(there) < len(numbers), f"{len(numbers) - len(there):,} training values missing"
            ),
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """float32 (rows,), NaN where missing."""
        if kind_of(values) == "number" and values.dtype != object:
            return finite(column, values)
        absent = missing(values)
        numbers = np.full(len(values), np.nan)
        for row in np.flatnonzero(~absent):
            try:
                numbers[row] = float(values[row])
            except (TypeError, ValueError, OverflowError):
                raise DataError(
                    f"column {column!r} is a number, but here {str(values[row])!r}. "
                    "Expected a number; name a text that means missing in data.missing, "
                    "or read the column as a category.",
                    key=("features", column),
                    row=int(row),
                ) from None
        return finite(column, numbers)

    def layer(self) -> Any:
        """Standardize, with the indicator if one was learned."""
        from kbuilder.layers.standardize import Standardize

        return Standardize(learned(self.mean), learned(self.scale), learned(self.indicator))

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "float32"

    def embed(self, tensor: Any) -> Signal:
        return Signal("vector", tensor)

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        return (
            "(value - mean) / scale, and 0 where it is missing; with indicator a second number, "
            "1 where it is missing and else 0"
        )

    def numeric(self, integers: str) -> Numeric:
        return Numeric()

    def script(self, values: str) -> str:
        return f"numbers({values}).astype(np.float32)"

    def unlearned(self, written: Any) -> None:
        return None
