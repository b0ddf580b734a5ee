"""Videos as arrays: of unlike length, padded; and which axes they have."""

from __future__ import annotations

from typing import Any

from kbuilder.errors import DataError
from kbuilder.late import np
from kbuilder.tables.values import missing

AXES = 4
"""Of a video: frames, height, width, channels."""


def are_clips(values: np.ndarray) -> bool:
    """Whether objects are arrays of four axes, of which the first may differ in length."""
    if values.dtype != object or values.ndim > 1:
        return False
    there = values[~missing(values)].tolist()
    return bool(there) and all(_is_clip(value) for value in there)


def _is_clip(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == AXES and value.dtype.kind in "iuf"


def stacked(column: str, values: np.ndarray, frame: tuple[int, ...] = ()) -> np.ndarray:
    """Videos of any length as one array, with frames of NaN after the last of each.

    A video that is missing has no frame.

    Args:
        column: For messages.
        values: Arrays, or lists of lists, as objects. (rows,)
        frame: The shape of a frame, where no row tells it.

    Returns:
        (rows, frames, height, width, channels) float32; without the last where frames are grey.

    Raises:
        DataError: naming the first row whose frames have another size, or are no numbers.
    """
    clips: list[np.ndarray] = []
    for row, value in enumerate(values):
        try:
            clip = np.asarray([] if value is None else value, dtype=np.float32)
        except (TypeError, ValueError):
            clip = np.zeros(1, np.float32)
        if clip.size == 0:
            clip = np.empty((0, *frame), np.float32)
        elif clip.ndim not in (AXES - 1, AXES):
            raise DataError(
                f"column {column!r} holds {_by(clip.shape)} numbers here. Expected a video of "
                "(frames, height, width, channels), its frames of one size.",
                key=("features", column), row=row,
            )  # fmt: skip
        frame = frame or clip.shape[1:]
        if len(clip) and clip.shape[1:] != frame:
            raise DataError(
                f"column {column!r} holds frames of {_by(clip.shape[1:])} here, and those of other "
                f"rows are {_by(frame)}. Expected frames of one size.",
                key=("features", column), row=row,
            )  # fmt: skip
        clips.append(clip)
    array = np.full((len(clips), max(1, *map(len, clips)), *frame), np.nan, np.float32)
    for row, clip in enumerate(clips):
        array[row, : len(clip)] = clip.reshape(len(clip), *frame)
    return array


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
