"""Numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features._embedding import embedded
from kbuilder.features._scaling import (
    Width,
    edges_between,
    knots_of,
    scaling,
    spread_of,
    why_far,
    width,
    without_float64,
)
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Numbers, Positive, Spec, learned
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of, missing

BEYOND = {"standard": 30.0, "robust": 1000.0}
"""So many times the scale from the mean a value is unlike those of training. Of values with a long
tail some are many times the distance of the quartiles away."""


SCALED = ("mean", "scale", "indicator", "bounds")
MOST_BINS = 1000
LARGE = 1e300


def _bins(value: object) -> object:
    """A number of bins, or where they end."""
    if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= MOST_BINS:
        return value
    if isinstance(value, list | tuple) and 0 < len(value) < MOST_BINS:
        numbers = [v for v in value if isinstance(v, int | float) and -LARGE < v < LARGE]
        if len(numbers) == len(value) and all(a < b for a, b in pairwise(numbers)):
            return tuple(map(float, numbers))
    expected = f"Expected 2 to {MOST_BINS:,} bins, or a list of numbers that rise, where they end"
    raise refuse((), expected, value)


Bins = Annotated[
    int | tuple[float, ...],
    BeforeValidator(
        _bins,
        json_schema_input_type=Annotated[int, Field(ge=2, le=MOST_BINS)]
        | Annotated[list[float], Field(min_length=1)],
    ),
]


class Number(Spec):
    """A number, standardised on the training rows, or the bin that it is in.

    A missing value gets the mean; if any is missing in training, a second column says where. Of
    bins it has its own.
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
    knots: Numbers | None = None
    """Quantiles of the training values, less the mean and divided by the scale, between which a
    network may see a number in pieces; left out: as the training values are spread."""
    dtype: Width | None = None
    """The numbers that an export takes; left out: float32, or float64 where that would round the
    training values."""
    bins: Bins | None = None
    """Which of so many bins a number is in, that hold about as many training values each; or of
    those that end at these numbers: [0, 10] makes three, below 0, from 0 to below 10, and from 10
    on; left out: none, the number is standardised."""
    edges: Numbers | None = None
    """Where the bins end, of which only the number is given; left out: as the training values are
    spread."""
    embedding: Annotated[int, Field(ge=0)] | None = None
    """Length of the learned vector of each bin; left out or 0: bins are one-hot."""

    @model_validator(mode="after")
    def _bins_or_scale(self) -> Any:
        others: tuple[str, ...]
        if self.bins is not None:
            others, said = (*SCALED, "knots"), "bins have no {}. Leave it out"
        else:
            others, said = ("edges", "embedding"), "a number has no {} without bins. Add bins"
        if self.bins is not None and self.rescale != "standard":
            raise refuse(("rescale",), said.format("rescale"), self.rescale)
        for name in others:
            if getattr(self, name) is not None:
                raise refuse((name,), said.format(name), getattr(self, name))
        return self

    holds: ClassVar[Holds] = "numbers"

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return not self.embedding

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Any column of numbers."""
        if profile.kind != "number":
            return None
        return Match(0.8, f"its {profile.present:,} values are numbers")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Mean, deviation, bounds, precision, and whether a value is ever missing."""
        there = self._numbers(column, values, "float64")
        real = np.isfinite(there)
        there = there if real.all() else there[real]  # rows may be many: few copies
        if not len(there):
            raise DataError(
                f"column {column!r} has no value at all in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        if self.bins:
            return self._learn_bins(column, there)
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
        gone = len(values) - len(there)
        far = {} if found.bounds is None else {"bounds": Choice(found.bounds, why_far(found.far))}
        centre = found.mean if self.mean is None else self.mean
        ends = self.bounds or found.bounds
        scaled = (np.clip(there, ends[0], ends[1]) if ends else there) - centre
        scaled /= self.scale or scale
        knots = knots_of(scaled)
        return {
            "mean": Choice(found.mean, f"{'median' if found.robust else 'mean'} of {rows}"),
            "scale": Choice(scale, why),
            "indicator": Choice(gone > 0, f"{gone:,} training values missing"),
            **far,
            **dtype,
            **({"knots": Choice(knots, f"quantiles of {rows}")} if knots else {}),
        }

    def _learn_bins(self, column: str, there: np.ndarray) -> dict[str, Choice]:
        """Where bins end, and precision."""
        dtype = width(there, scaling(there).scale)
        if not isinstance(self.bins, int):
            return dtype
        if not (self.dtype or dtype):
            there = there.astype(np.float32).astype(np.float64)
        edges = edges_between(there, self.bins)
        if not edges:
            raise DataError(
                f"column {column!r} has one value only in the training rows, so there are no "
                f"bins. Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        few = f"{len(edges) + 1} bins hold them, since many are the same"
        alike = f"about as many of {len(there):,} training values are in each bin"
        return {"edges": Choice(edges, few if len(edges) + 1 < self.bins else alike), **dtype}

    @property
    def _edges(self) -> tuple[float, ...]:
        return self.bins if isinstance(self.bins, tuple) else learned(self.edges)

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
        """Standardize, with the indicator if one was learned; or the bin, one-hot or its index."""
        if self.bins:
            from kbuilder.layers.bins import Bins

            return Bins(self._edges, not self.embedding)
        from kbuilder.layers.standardize import Standardize

        mean, scale = learned(self.mean), learned(self.scale)
        bounds = (self.bounds[0], self.bounds[1]) if self.bounds else None
        return Standardize(mean, scale, learned(self.indicator), bounds)

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), self.dtype or "float32"

    def embed(self, tensor: Any) -> Signal:
        """Numbers and one-hot bins as they are; the index of a bin through an embedding."""
        if not self.embedding:
            return Signal("vector", tensor)
        return embedded(tensor, len(self._edges) + 2, self.embedding)

    @property
    def choices(self) -> None:
        return None

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are many times the scale from the mean; each bin is known."""
        there = ~np.isnan(raw)
        if self.bins:
            return there, np.zeros_like(there)
        far = BEYOND[self.rescale] * learned(self.scale)
        away = np.abs(raw.astype(np.float64) - learned(self.mean)) > far
        return there, there & away

    def watched(self) -> dict[str, Any]:
        """The range of what is not far off; each bin is known."""
        if self.bins:
            return {}
        far = BEYOND[self.rescale] * learned(self.scale)
        return {"range": [learned(self.mean) - far, learned(self.mean) + far]}

    def describe(self) -> str:
        if self.bins:
            return (
                "the index among [missing, below the first edge, from it to the second, …, from "
                "the last on], edges being those of bins, if it has any; one-hot, or through an "
                "embedding"
            )
        return (
            "(value - mean) / scale, and 0 where it is missing; what is beyond bounds counts as "
            "the nearest of them; with indicator a second number, 1 where it is missing and else 0"
        )

    def numeric(self, integers: str) -> Numeric:
        if self.dtype != "float64":
            return Numeric()
        return without_float64(self._edges[len(self._edges) // 2] if self.bins else self.mean)

    def script(self, values: str) -> str:
        return f"numbers({values}).astype(np.{self.dtype or 'float32'})"

    def unlearned(self, written: Any) -> None:
        return None
