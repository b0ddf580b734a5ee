"""Arrays of numbers, of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features._scaling import (
    Scaling,
    Width,
    scaling,
    spread_of,
    why_far,
    width,
    without_float64,
)
from kbuilder.refusals import refuse
from kbuilder.spec import Numbers, Shape, Spec, learned
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import finite, kind_of

FORM_BY_RANK: dict[int, Form] = {1: "vector", 2: "sequence", 3: "image"}


class Array(Spec):
    """An array per row: (d,) is a vector, (time, d) a sequence, (height, width, channels) an image.

    Its values are standardised, those at each place of the last axis by their own mean and
    deviation; pixels by those of all. Or they are taken as they are.
    """

    rescale: Literal["standard", "together", "none"] = "standard"
    """standard: subtract the mean and divide by the deviation, along the last axis each its own;
    together: one mean and one deviation of all values."""
    mean: Numbers | None = None
    """Subtracted from each value: a number, or one for each place of the last axis; left out: the
    mean of the training values."""
    scale: Numbers | None = None
    """Each value is divided by it; > 0. A number, or one for each place of the last axis; left out:
    the standard deviation of the training values."""
    shape: Shape | None = None
    """Shape of one row; learned."""
    bounds: tuple[Numbers, Numbers] | None = None
    """The least and the greatest values, beyond which a value counts as the nearest of them; left
    out: none, unless a few training values are far off."""
    dtype: Width | None = None
    """The numbers that an export takes; left out: float32, or float64 where that would round the
    training values."""

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

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Any:
        if self.scale is not None and min(self.scale, default=0) <= 0:
            raise refuse(("scale",), "Expected numbers greater than 0", list(self.scale))
        return self

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Shape, mean and deviation, bounds, precision."""
        self._check(column, values)
        numbers = finite(column, values, "float64")
        shape = tuple(int(n) for n in values.shape[1:])
        known = {"shape": Choice(shape, f"{len(values):,} training arrays of this shape")}
        if self.rescale == "none":
            as_is = "rescale is none"
            return {**known, "mean": Choice((0.0,), as_is), "scale": Choice((1.0,), as_is)}
        each = self.rescale == "standard" and shape[-1] > 1 and not _pixels(shape, numbers)
        flat = numbers.reshape(-1, shape[-1] if each else 1)
        found = [scaling(column[~np.isnan(column)]) for column in flat.T]
        deviations = [spread_of(column, one.scale, values) for one in found]
        dtype = width(numbers, deviations if each else deviations[0])
        if not (self.dtype or dtype) and not any(len(one.far) for one in found):
            flat = flat.astype(np.float32).astype(np.float64)
            found = [scaling(column[~np.isnan(column)]) for column in flat.T]
        scales = tuple(one.scale or 1.0 for one in found)
        of = f"at each of {shape[-1]} places of the last axis" if each else "of all training values"
        far = np.concatenate([one.far for one in found])
        bounds = {"bounds": Choice(_bounds(found), why_far(far))} if len(far) else {}
        return {
            **known,
            "mean": Choice(tuple(one.mean for one in found), f"mean {of}"),
            "scale": Choice(scales, f"standard deviation {of}"),
            **bounds,
            **dtype,
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """float32 or float64 (rows, *shape)."""
        self._check(column, values)
        if self.shape is not None and values.shape[1:] != self.shape:
            raise DataError(
                f"column {column!r} holds arrays of {values.shape[1:]}. Expected {self.shape}.",
                key=("features", column),
            )
        return finite(column, values, self.dtype)

    def _check(self, column: str, values: np.ndarray) -> None:
        numeric = kind_of(values) == "array" and values.dtype.kind in "iuf"
        if not numeric or values.ndim - 1 not in FORM_BY_RANK:
            raise DataError(
                f"column {column!r} holds no arrays of numbers. "
                "Expected 1 to 3 axes per row, of one shape.",
                key=("features", column),
            )

    def layer(self) -> Any:
        """Standardize, without indicator: NaN becomes the mean."""
        from kbuilder.layers.standardize import Standardize

        mean, scale = learned(self.mean), learned(self.scale)
        return Standardize(mean, scale, bounds=self.bounds)

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None, *(self.shape or ())), self.dtype or "float32"

    def embed(self, tensor: Any) -> Signal:
        return Signal(self.form, tensor)

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        return (
            "(value - mean) / scale, each along the last axis, and 0 where a value is missing; "
            "what is beyond bounds counts as the nearest of them"
        )

    def numeric(self, integers: str) -> Numeric:
        return Numeric() if self.dtype != "float64" else without_float64(self.mean)

    def script(self, values: str) -> str:
        return f"np.asarray({values}, np.{self.dtype or 'float32'})"

    def unlearned(self, written: Any) -> None:
        return None


def _pixels(shape: tuple[int, ...], numbers: np.ndarray) -> bool:
    """Whether arrays are of pixels, which share one scale: three axes, the last of colours."""
    if len(shape) != 3 or shape[-1] not in (1, 3, 4):
        return False
    low, high = np.nanmin(numbers), np.nanmax(numbers)
    return bool(low >= -1 and high <= 1) or bool(low >= 0 and high <= 255)


def _bounds(found: Sequence[Scaling]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The bounds of each number; where nothing is far off, those that it has."""
    pairs = [one.bounds or one.ends for one in found]
    return tuple(low for low, _ in pairs), tuple(high for _, high in pairs)
