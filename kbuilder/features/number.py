"""Numbers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features._scaling import Width, scaling, spread_of, why_far, width, without_float64
from kbuilder.lines import to_line
from kbuilder.spec import Numbers, Positive, Spec, learned
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of, missing

BEYOND = {"standard": 30.0, "robust": 1000.0}
"""So many times the scale from the mean a value is unlike those of training. Of values with a long
tail some are many times the distance of the quartiles away."""


class Number(Spec):
    """A number, standardised on the training rows.

    A missing value gets the mean; if any is missing in training, a second column says where.
    """

    rescale: Literal["standard", "robust"] = "standard"
    """standard: by mean and standard deviation; robust: by the median and the distance between the
    quartiles, which a few large values do not move (Tukey 1977, Exploratory Data Analysis)."""
    mean: float | None = None
    """Subtracted from each value; left out: the mean of the training rows, or their median."""
    scale: Positive | None = None
    """Each value is divided by it; left out: the standard deviation of the training rows, or the
    distance between their quartiles."""
    indicator: bool | None = None
    """Whether a column says what is missing; left out: if any training value is."""
    bounds: Annotated[Numbers, Field(min_length=2, max_length=2)] | None = None
    """The least and the greatest value, beyond which a value counts as the nearest of them; left
    out: none, unless a few training values are far off."""
    dtype: Width | None = None
    """The numbers that an export takes; left out: float32, or float64 where that would round the
    training values."""

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
        """Mean, deviation, bounds, precision, and whether a value is ever missing."""
        numbers = self._numbers(column, values, "float64")
        there = numbers[np.isfinite(numbers)]
        if not len(there):
            raise DataError(
                f"column {column!r} has no value at all in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        robust = self.rescale == "robust"
        found = scaling(there, robust)
        scale = spread_of(column, found.scale, values)
        dtype = width(there, found.scale)
        if not (self.dtype or dtype) and not len(found.far):
            there = there.astype(np.float32).astype(np.float64)
            found = scaling(there, robust)._replace(far=found.far)
            scale = found.scale or 1.0
        rows = f"{len(there) - len(found.far):,} training values"
        why = f"standard deviation of {rows}" if found.scale else f"all {rows} are the same"
        if robust and found.scale and not found.robust:
            why += ", whose quartiles are the same"
        elif found.robust:
            why = f"distance between the quartiles of {rows}"
        gone = len(numbers) - len(there)
        far = {} if found.bounds is None else {"bounds": Choice(found.bounds, why_far(found.far))}
        return {
            "mean": Choice(found.mean, f"{'median' if found.robust else 'mean'} of {rows}"),
            "scale": Choice(scale, why),
            "indicator": Choice(gone > 0, f"{gone:,} training values missing"),
            **far,
            **dtype,
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """float32 or float64 (rows,), NaN where missing."""
        return self._numbers(column, values, self.dtype)

    def _numbers(self, column: str, values: np.ndarray, dtype: Width | None) -> np.ndarray:
        if kind_of(values) == "number" and values.dtype != object:
            return finite(column, values, dtype)
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
        return finite(column, numbers, dtype)

    def layer(self) -> Any:
        """Standardize, with the indicator if one was learned."""
        from kbuilder.layers.standardize import Standardize

        mean, scale = learned(self.mean), learned(self.scale)
        bounds = (self.bounds[0], self.bounds[1]) if self.bounds else None
        return Standardize(mean, scale, learned(self.indicator), bounds)

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), self.dtype or "float32"

    def embed(self, tensor: Any) -> Signal:
        return Signal("vector", tensor)

    @property
    def choices(self) -> None:
        return None

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are many times the scale from the mean."""
        there = ~np.isnan(raw)
        far = BEYOND[self.rescale] * learned(self.scale)
        away = np.abs(raw.astype(np.float64) - learned(self.mean)) > far
        return there, there & away

    def describe(self) -> str:
        return (
            "(value - mean) / scale, and 0 where it is missing; what is beyond bounds counts as "
            "the nearest of them; with indicator a second number, 1 where it is missing and else 0"
        )

    def numeric(self, integers: str) -> Numeric:
        return Numeric() if self.dtype != "float64" else without_float64(self.mean)

    def script(self, values: str) -> str:
        return f"numbers({values}).astype(np.{self.dtype or 'float32'})"

    def unlearned(self, written: Any) -> None:
        return None
