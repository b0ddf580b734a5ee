"""Which axis of an array is that of its channels."""

from __future__ import annotations

import math
from typing import Any, Literal

from kbuilder import catalog
from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.spec import given
from kbuilder.tables.profile import Profile

DataFormat = Literal["channels_first", "channels_last"]

CHANNELS = (1, 3, 4)
"""Channels that pictures have: grey, red green blue, and with transparency."""
SMALLEST = 8
"""Pixels of the side of a picture, at least, where only its shape tells that it is one."""


def channels_first(shape: tuple[int, ...]) -> bool:
    """Whether arrays look like pictures whose first axis is that of channels: 3 × 24 × 24."""
    if len(shape) != 3 or shape[-1] in CHANNELS or min(shape[1:]) < SMALLEST:
        return False
    return shape[0] in CHANNELS or shape[0] < shape[1] == shape[2]


def in_range(low: float, high: float, least: int = 0) -> bool:
    """Whether numbers are in the range of pixels: 0 to 1, or 0 to 255.

    Args:
        low, high: The least and the greatest.
        least: What 0 may be where they are not beyond 1: 0 or -1.
    """
    return (low >= least and high <= 1) or (low >= 0 and high <= 255)


def likeness(profile: Profile) -> float:
    """How surely arrays are pictures: 1, by their bytes and shape; 0: they are none."""
    shape = profile.shape
    square = len(shape) == 2 and shape[0] == shape[-1] >= SMALLEST
    if profile.dtype == "uint8":
        if square or channels_first(shape) or (len(shape) == 3 and shape[-1] in CHANNELS):
            return 1.0
        return 0.0 if len(shape) != 2 else 0.85 if min(shape) >= SMALLEST else 0.75
    pixels = square and in_range(profile.low, profile.high) and profile.high > 0
    floats = profile.dtype.startswith("float") and not profile.gaps
    return 0.85 if pixels and floats else 0.0


def by(shape: tuple[int, ...]) -> str:
    """A shape for people: 3 × 24 × 24."""
    return " × ".join(map(str, shape))


def expect_known(column: str, feature: Any, shape: tuple[int, ...], first: str = "") -> None:
    """Refuse arrays whose channels may come first, where the recipe does not say.

    Args:
        column: The column.
        feature: Its feature, with the field `data_format`.
        shape: The shape of a row.
        first: The kind to write where they do come first; empty: that of the feature.

    Raises:
        DataError: with both lines.
    """
    if feature.data_format is not None or not channels_first(shape):
        return
    own = {"kind": catalog.name_of(feature), **given(feature)}
    ways = {"channels_first": first or own["kind"], "channels_last": "array"}
    lines = [
        to_line(("features", column), {**own, "kind": kind, "data_format": way})
        for way, kind in ways.items()
    ]
    channels, height, width = shape
    video = ""
    if channels not in CHANNELS:
        line = to_line(("features", column), {"kind": "video"})
        video = f"; if they are videos of {channels} grey frames, `{line}`"
    raise DataError(
        f"column {column!r} holds arrays of {by(shape)}. If they are {height} × {width} pixels "
        f"whose {channels} channel{'s come' if channels > 1 else ' comes'} first, write "
        f"`{lines[0]}`; if they are {channels} × {height} with {width} channels each, "
        f"`{lines[1]}`{video}.",
        key=("features", column),
    )


def arranged(shape: tuple[int, ...], data_format: DataFormat | None) -> tuple[int, ...]:
    """A shape with its channels last."""
    return (*shape[1:], shape[0]) if data_format == "channels_first" else shape


def arrange(
    values: np.ndarray, shape: tuple[int, ...], data_format: DataFormat | None
) -> np.ndarray:
    """Rows given a shape, and then their channels last. (rows, …)"""
    values = values.reshape(len(values), *shape)
    return np.moveaxis(values, 1, -1) if data_format == "channels_first" else values


def restored(
    value: Any, shape: tuple[int, ...], data_format: DataFormat | None, raw: tuple[int, ...]
) -> np.ndarray:
    """Numbers along the last axis of arranged rows, as they stand in one row. (*raw,)"""
    each = np.broadcast_to(np.asarray(value, np.float64), arranged(shape, data_format))
    each = np.moveaxis(each, -1, 0) if data_format == "channels_first" else each
    return each.reshape(raw)


def expect_as_many(column: str, shape: tuple[int, ...], raw: tuple[int, ...]) -> None:
    """Refuse a shape that has not as many numbers as a row.

    Raises:
        DataError: with both numbers.
    """
    if math.prod(shape) != math.prod(raw):
        raise DataError(
            f"column {column!r} holds {math.prod(raw):,} numbers per row ({by(raw)}), and the "
            f"shape {list(shape)} has {math.prod(shape):,}. Expected as many.",
            key=("features", column, "shape"),
        )


def by_the_greatest(scale: float | None) -> str:
    """What becomes of pixels that are far off, where nothing else is written as their scale."""
    if scale is not None:
        return ""
    return "Pixels are divided by the greatest, so that all others become nearly 0"
