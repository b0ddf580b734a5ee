"""Arrays of numbers, of one shape."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.spec import Positive, Shape, Spec, learned
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of

FORM_BY_RANK: dict[int, Form] = {1: "vector", 2: "sequence", 3: "image"}


class Array(Spec):
    """An array per row: (d,) is a vector, (time, d) a sequence, (height, width, channels) an image.

    Its values are standardised by one mean and one deviation, or taken as they are.
    """

    rescale: Literal["standard", "none"] = "standard"
    """standard: subtract the mean and divide by the deviation of all training values."""
    mean: float | None = None
    """Subtracted from each value; left out: the mean of all training values."""
    scale: Positive | None = None
    """Each value is divided by it; left out: the standard deviation of all training values."""
    shape: Shape | None = None
    """Shape of one row; learned."""

    holds: ClassVar[Holds] = "numbers"

    @property
    def form(self) -> Form:
        return FORM_BY_RANK[len(self.shape or (1,))]

    @property
    def packed(self) -> bool:
        return self.form == "vector"

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Any array of numbers that is no image."""
        numbers = profile.dtype.startswith(("int", "uint", "float"))
        if profile.kind != "array" or not numbers:
            return None
        image = len(profile.shape) == 2 or (
            len(profile.shape) == 3 and profile.shape[-1] in (1, 3, 4)
        )
        if profile.dtype == "uint8" and image:
            return None
        return Match(1.0, f"arrays of {' × '.join(map(str, profile.shape))} numbers")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Shape, mean and deviation."""
        numbers = self._checked(column, values)
        shape = tuple(int(n) for n in values.shape[1:])
        found = {"shape": Choice(shape, f"{len(values):,} training arrays of this shape")}
        if self.rescale == "none":
            as_is = "rescale is none"
            return {**found, "mean": Choice(0.0, as_is), "scale": Choice(1.0, as_is)}
        there = numbers[np.isfinite(numbers)].astype(np.float64)
        deviation = float(there.std()) if there.size else 0.0
        mean = float(there.mean()) if there.size else 0.0
        return {
            **found,
            "mean": Choice(mean, "mean of all training values"),
            "scale": Choice(deviation or 1.0, "standard deviation of all training values"),
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """float32 (rows, *shape)."""
        numbers = self._checked(column, values)
        if self.shape is not None and values.shape[1:] != self.shape:
            raise DataError(
                f"column {column!r} holds arrays of {values.shape[1:]}. Expected {self.shape}.",
                key=("features", column),
            )
        return finite(column, numbers)

    def _checked(self, column: str, values: np.ndarray) -> np.ndarray:
        numeric = kind_of(values) == "array" and values.dtype.kind in "iuf"
        if not numeric or values.ndim - 1 not in FORM_BY_RANK:
            raise DataError(
                f"column {column!r} holds no arrays of numbers. "
                "Expected 1 to 3 axes per row, of one shape.",
                key=("features", column),
            )
        return values

    def layer(self) -> Any:
        """Standardize, without indicator: NaN becomes the mean."""
        from kbuilder.layers.standardize import Standardize

        return Standardize(learned(self.mean), learned(self.scale))

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None, *(self.shape or ())), "float32"

    def embed(self, tensor: Any) -> Signal:
        return Signal(self.form, tensor)

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        return "(value - mean) / scale, and 0 where a value is missing"

    def numeric(self, integers: str) -> Numeric:
        return Numeric()

    def script(self, values: str) -> str:
        return f"np.asarray({values}, np.float32)"

    def unlearned(self, written: Any) -> None:
        return None
