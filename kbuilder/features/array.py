"""Arrays of numbers, of one shape."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from kbuilder.contracts import Arranged, Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError
from kbuilder.features import _steps as steps
from kbuilder.features._axes import (
    CHANNELS,
    SMALLEST,
    DataFormat,
    arrange,
    by,
    expect_as_many,
    expect_known,
    in_range,
    likeness,
    restored,
)
from kbuilder.features._joining import expect_product
from kbuilder.features._scaling import (
    Scaling,
    Width,
    scaling,
    spread_of,
    why_far,
    width,
    without_float64,
)
from kbuilder.late import np
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Names, Numbers, Shape, Spec, learned
from kbuilder.tables import number_lists
from kbuilder.tables.clips import are_clips
from kbuilder.tables.profile import Profile
from kbuilder.tables.sequences import are_sequences, ends, padded, real, uneven
from kbuilder.tables.values import finite, kind_of, missing

FORM_BY_RANK: dict[int, Form] = {1: "vector", 2: "sequence", 3: "image"}
SURE = 0.96
"""The strength of a match of numbers with decimals, which are no names."""
WIDE = 8
"""So many times as many numbers as steps: the steps may be channels."""


class Array(Spec):
    """An array per row: (d,) is a vector, (time, d) a sequence, (height, width, channels) an image.

    Its values are standardised, those at each place of the last axis by their own mean and
    deviation; pixels by those of all. Or they are taken as they are.
    """

    columns: Names = ()
    """The columns whose numbers are the row of an array: a pattern such as "pixel*", whose columns
    are in natural order (2 before 10), or a list of names, in its order; left out: one column,
    which the feature is called like."""
    masking: float | Literal["missing", "none"] | None = None
    """What padding of a sequence (time, d) has: a step at its ends of which all numbers are this
    one is no data, nor is one of which all are missing. missing: these alone; none: all steps are
    data. Left out: what is plain from the ends of the training rows."""
    length: Count | None = None
    """Steps kept of a sequence with padding, the last ones of a longer one; left out: those of the
    longest training row, or of nearly all, where a few are far longer."""
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
    """Shape that one row has for the network, before `data_format`; left out: that of the rows.
    With it rows of as many numbers are given it: [48, 48, 1] makes pictures of 2,304 numbers, and
    [20, 1] a sequence of 20."""
    data_format: DataFormat | None = None
    """channels_first: the first axis of `shape` is that of channels, and becomes the last, as of
    (3, height, width) or (channels, time); channels_last, or left out: the last axis is, but
    arrays that look otherwise are refused."""
    raw_shape: Shape | None = None
    """Shape of one row as it comes, where `shape` is another; learned."""
    indicator: bool | None = None
    """Whether further channels say what is missing; left out: if any training value
    is."""
    bounds: tuple[Numbers, Numbers] | None = None
    """The least and the greatest values, beyond which a value counts as the nearest of them; left
    out: none, unless a few training values are far off."""
    members: Names = ()
    """What `columns` were in training; learned."""
    dtype: Width | None = None
    """The numbers that an export takes; left out: float32, or float64 where that would round the
    training values."""

    holds: ClassVar[Holds] = "numbers"

    @property
    def masked(self) -> bool:
        """Whether steps may be padding."""
        return self.masking not in (None, "none")

    @property
    def form(self) -> Form:
        return FORM_BY_RANK[len(self.shape or (1,))]

    @property
    def packed(self) -> bool:
        return self.form == "vector"

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Any array of numbers that is no image, or might be none, and lists of numbers."""
        if profile.steps and profile.kind == "string":
            reason = f"cells of up to {profile.steps:,} numbers, or lists of numbers"
            return Match(SURE if profile.measures else 0.92, reason)
        if profile.steps:
            return Match(1.0, f"lists of up to {profile.steps:,} numbers, or lists of numbers")
        if profile.numbers:
            return _of_cells(profile)
        numbers = profile.dtype.startswith(("int", "uint", "float"))
        if profile.kind != "array" or not numbers or len(profile.shape) not in FORM_BY_RANK:
            return None
        shape, reason = profile.shape, f"arrays of {by(profile.shape)} numbers"
        if len(shape) == 2 and shape[0] * WIDE <= shape[1]:
            reason += f": {shape[0]} steps of {shape[1]}, unless `data_format: channels_first`"
        picture = likeness(profile)
        return None if picture == 1 else Match(1.0 if picture == 0 else 0.8, reason)

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Any:
        if self.shape is not None and len(self.shape) not in FORM_BY_RANK:
            raise refuse(("shape",), "Expected 1 to 3 axes", list(self.shape))
        if self.scale is not None and min(self.scale, default=0) <= 0:
            raise refuse(("scale",), "Expected numbers greater than 0", list(self.scale))
        if self.data_format == "channels_first" and len(self.shape or (1, 1)) < 2:
            raise refuse(("data_format",), "a vector has no axis of channels", self.data_format)
        return self

    def expect_shape(self, column: str, count: int) -> None:
        """Check that so many columns have the numbers of a row."""
        if self.shape is not None:
            expect_product(column, self.shape, count)

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """Padding and length of sequences, shape, mean and deviation, bounds, precision."""
        if self.shape is None and kind_of(values) == "string":
            number_lists.expect_no_doubt(column, values, ("features", column))
        values = self._listed(column, values)
        lists = uneven(values)
        cells = not lists and not self.masked and _holds_cells(values)
        values = self._arrays(column, values)
        raw = tuple(int(n) for n in values.shape[1:])
        known = {"shape": Choice(raw, f"{len(values):,} training arrays of this shape")}
        if self.shape is not None and self.shape != raw:
            expect_as_many(column, self.shape, raw)
            known["raw_shape"] = Choice(raw, "as the rows have it")
        if cells:
            known["raw_shape"] = Choice(raw, "each cell has as many numbers")
        written = self.shape or raw
        expect_known(column, self, written)
        if self.data_format == "channels_first" and len(written) < 2:
            raise DataError(
                f"column {column!r} holds vectors, which have no axis of channels. "
                "Expected `data_format` left out, or `shape`.",
                key=("features", column, "data_format"),
            )
        numbers = arrange(finite(column, values, "float64"), written, self.data_format)
        given = arrange(values, written, self.data_format)
        shape = numbers.shape[1:]
        masked, there = self._steps(column, numbers, lists, raw)
        known |= masked
        if there is not None:
            numbers, given = numbers[there], given[there]
        gaps = int(np.isnan(numbers).sum())
        if gaps:
            known["indicator"] = Choice(True, f"{gaps:,} training values missing")
        if self.rescale == "none":
            as_is = "rescale is none"
            return {**known, "mean": Choice((0.0,), as_is), "scale": Choice((1.0,), as_is)}
        each = self.rescale == "standard" and shape[-1] > 1 and not _pixels(shape, numbers)
        flat = numbers.reshape(-1, shape[-1] if each else 1)
        found = [scaling(column[~np.isnan(column)]) for column in flat.T]
        own = zip(found, given.reshape(flat.shape).T, strict=True)
        deviations = [spread_of(column, one.scale, its) for one, its in own]
        dtype = width(numbers, deviations if each else deviations[0])
        if not (self.dtype or dtype) and not any(len(one.far) for one in found):
            flat = flat.astype(np.float32).astype(np.float64)
            found = [scaling(column[~np.isnan(column)]) for column in flat.T]
        scales = tuple(one.scale or 1.0 for one in found)
        of = (
            f"at each of {shape[-1]} indices of the last axis" if each else "of all training values"
        )
        far = np.concatenate([one.far for one in found])
        bounds = {"bounds": Choice(_bounds(found), why_far(far))} if len(far) else {}
        return {
            **known,
            "mean": Choice(tuple(one.mean for one in found), f"mean {of}"),
            "scale": Choice(scales, f"standard deviation {of}"),
            **bounds,
            **dtype,
        }

    def _steps(
        self, column: str, numbers: np.ndarray, lists: bool, raw: tuple[int, ...]
    ) -> tuple[dict[str, Choice], np.ndarray | None]:
        """What is learned of padding, and which steps are none; None: all are data."""
        masked = steps.learned(self, column, numbers, lists, raw)
        if not masked:
            return {}, None
        masking = masked["masking"].value if self.masking is None else self.masking
        return masked, real(numbers, steps.padding(masking))

    def arranged(self, column: str, values: np.ndarray) -> Arranged:
        """The numbers along their last axis, without scale."""
        values = self._listed(column, values)
        lists = uneven(values)
        values = self._arrays(column, values)
        raw = tuple(int(n) for n in values.shape[1:])
        if self.shape is not None:
            expect_as_many(column, self.shape, raw)
        numbers = arrange(values, self.shape or raw, self.data_format)
        there = self._steps(column, numbers, lists, raw)[1]
        far = "" if self.rescale == "none" else "They count as the nearest of the others"
        return Arranged(numbers, there, 0 if self.data_format == "channels_first" else -1, far)

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """float32 or float64, of the shape of a row as it comes. (rows, …)"""
        values = self._arrays(column, values)
        if self.masked:
            if values.ndim != 3 or values.shape[-1] != learned(self.shape)[-1]:
                raise DataError(
                    f"column {column!r} holds arrays of {values.shape[1:]}. Expected any number of "
                    f"steps of {learned(self.shape)[-1]}.",
                    key=("features", column),
                )
            return finite(column, values, self.dtype)
        if self.shape is not None and values.shape[1:] not in (self._raw, self.shape):
            raise DataError(
                f"column {column!r} holds arrays of {values.shape[1:]}. Expected {self._raw}.",
                key=("features", column),
            )
        return finite(column, values, self.dtype).reshape(len(values), *self._raw)

    @property
    def _raw(self) -> tuple[int, ...]:
        """The shape of a row as it comes."""
        return self.raw_shape or self.shape or ()

    @property
    def _is_arranged(self) -> bool:
        """Whether rows get another shape on their way."""
        return self.data_format == "channels_first" or self._raw != self.shape

    def _lists(self, values: np.ndarray) -> bool:
        """Whether values are lists of numbers, or none at all where a shape is learned."""
        there = values[~missing(values)].tolist()
        none = all(hasattr(value, "__len__") and not len(value) for value in there)
        return are_sequences(values) or (self.shape is not None and none)

    def _listed(self, column: str, values: np.ndarray) -> np.ndarray:
        """Values of which texts of sequences are the lists that they say."""
        if values.ndim > 1 or (self.shape is not None and not self.masked):
            return values
        if values.dtype != object:
            return values.reshape(-1, 1, 1) if self.masked else values
        there = values[~missing(values)].tolist()
        texts = dict.fromkeys(value for value in there if isinstance(value, str))
        if not (self.masked or number_lists.longest(there, number_lists.measures(texts))):
            return values
        return number_lists.listed(column, values)

    def _arrays(self, column: str, values: np.ndarray) -> np.ndarray:
        """Arrays of numbers, of cells of numbers too, and of sequences of unlike length."""
        values = self._listed(column, values)
        if values.ndim == 1 and (uneven(values) or (self.masked and self._lists(values))):
            return padded(column, values.astype(object), (self.shape or (1,))[-1])
        if self.masked and self.shape is not None and values.ndim == 2:
            return values[..., None]
        if _holds_cells(values):
            many = self.raw_shape or self.shape
            return number_lists.read(column, values, math.prod(many) if many else None)
        numeric = kind_of(values) == "array" and values.dtype.kind in "iuf"
        if not numeric or values.ndim - 1 not in FORM_BY_RANK:
            raise DataError(
                f"column {column!r} holds no arrays of numbers. "
                f"Expected 1 to 3 axes per row, of one shape{_of_video(values)}.",
                key=("features", column),
            )
        return values

    def layer(self) -> Any:
        """Standardize; NaN becomes the mean."""
        from kbuilder.layers.standardize import Standardize

        mean, scale = learned(self.mean), learned(self.scale)
        if self.masked:
            return Standardize(
                mean, scale, bool(self.indicator), self.bounds, steps=learned(self.length),
                padding=steps.padding(self.masking),
            )  # fmt: skip
        return Standardize(
            mean, scale, bool(self.indicator), self.bounds,
            self.shape if self._is_arranged else None, self.data_format == "channels_first",
        )  # fmt: skip

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        shape = (None, *(self.shape or ())[1:]) if self.masked else self._raw
        return (None, *shape), self.dtype or "float32"

    def embed(self, tensor: Any) -> Signal:
        if self.masked:
            from kbuilder.layers.steps_and_mask import StepsAndMask

            numbers, mask = StepsAndMask()(tensor)
            return Signal(self.form, numbers, mask=mask)
        return Signal(self.form, tensor)

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        axes = ""
        if self.masked:
            of = "is missing" if self.masking == "missing" else f"is {self.masking:g} or missing"
            axes = (
                f"steps at both ends of which each number {of} are padding and no data, and of "
                f"more than {self.length} other steps the last are taken; "
            )
        elif self._is_arranged:
            axes = f"given the shape {list(self.shape or ())}, "
            if self.data_format == "channels_first":
                axes += "of which the first axis becomes the last, "
        return axes + (
            "(value - mean) / scale, each along the last axis, and 0 where a value is missing; "
            "what is beyond bounds counts as the nearest of them"
        )

    def numeric(self, integers: str) -> Numeric:
        wide = self.dtype == "float64"
        if self.masked:
            return steps.numeric(self, without_float64(self.mean) if wide else Numeric())
        if not wide:
            return Numeric()
        mean: Any = self.mean
        if self._is_arranged:
            mean = restored(mean, learned(self.shape), self.data_format, self._raw)
        return without_float64(mean)

    @property
    def cut(self) -> str:
        return f"longer than the {self.length} steps that are read, the last ones"

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sequences of more steps than are kept."""
        if not self.masked:
            there = np.ones(len(raw), bool)
            if raw.dtype.kind == "f":
                there = (~np.isnan(raw.reshape(len(raw), -1))).any(axis=1)
            return there, np.zeros(len(raw), bool)
        begin, end = ends(raw, steps.padding(self.masking))
        return end > begin, end - begin > learned(self.length)

    def watched(self) -> dict[str, Any]:
        """How many steps are read."""
        if not self.masked:
            return {}
        return {"steps": self.length, "padding": steps.padding(self.masking)}

    def script(self, values: str) -> str:
        dtype = f"np.{self.dtype or 'float32'}"
        if self.masked:
            return f"np.asarray(sequences({values}), {dtype})"
        if self.raw_shape is not None and len(self.raw_shape) == 1:  # it may be of cells
            return f"numbers_of({values}, {dtype}, {self.raw_shape[0]})"
        return f"np.asarray({values}, {dtype})"

    def reform(self, forms: Collection[Form]) -> Mapping[str, Any] | None:
        """The shape by which the numbers are of one of these forms."""
        shape = learned(self.shape)
        side = math.isqrt(shape[0])
        ways: dict[Form, tuple[int, ...] | None] = {
            "sequence": {1: (*shape, 1), 3: (shape[0], math.prod(shape[1:]))}.get(len(shape)),
            "image": (*shape, 1) if len(shape) == 2 else None,
            "vector": (math.prod(shape),) if len(shape) > 1 else None,
        }
        if len(shape) == 1 and side >= SMALLEST and side**2 == shape[0]:
            ways["image"] = (side, side, 1)
        for form, way in ways.items():
            if form in forms and way is not None:
                together = {"columns": list(self.columns)} if self.columns else {}
                return {**together, "shape": list(way)}
        return None

    def unlearned(self, written: Any) -> None:
        return None


def _of_video(values: np.ndarray) -> str:
    """What is said of arrays of four axes."""
    if values.ndim != 5 and not are_clips(values):
        return ""
    return "; of (frames, height, width, channels), the kind video"


def _holds_cells(values: np.ndarray) -> bool:
    """Whether a column holds texts or lists, which may be of numbers."""
    if values.ndim > 1 or values.dtype != object:
        return False
    there = values[~missing(values)]
    listed = kind_of(values) == "list"
    return len(there) > 0 and (listed or number_lists.numbers_in(there[0]) is not None)


def _of_cells(profile: Profile) -> Match:
    """How surely cells of numbers are arrays: a few with a comma may be amounts."""
    side = math.isqrt(profile.numbers)
    reason = f"{profile.numbers} numbers in each cell"
    if side >= SMALLEST and side**2 == profile.numbers:
        reason += f"; of pixels, `shape: [{side}, {side}, 1]` makes pictures"
    if profile.measures:
        return Match(SURE, reason)
    return Match(0.92 if profile.numbers > 3 else 0.78, reason)


def _pixels(shape: tuple[int, ...], numbers: np.ndarray) -> bool:
    """Whether arrays are of pixels, which share one scale: three axes, the last of colours."""
    if len(shape) != 3 or shape[-1] not in CHANNELS:
        return False
    there = numbers[~np.isnan(numbers)]
    return len(there) > 0 and in_range(float(there.min()), float(there.max()), -1)


def _bounds(found: Sequence[Scaling]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The bounds of each number; where nothing is far off, those that it has."""
    pairs = [one.bounds or one.ends for one in found]
    return tuple(low for low, _ in pairs), tuple(high for _, high in pairs)
