"""Videos: a sequence of images in each row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

from kbuilder.data import kinds
from kbuilder.errors import DataError
from kbuilder.features.video import Video
from kbuilder.tables.profile import profile

RANDOM = np.random.default_rng(0)


def objects(*clips: Any) -> np.ndarray:
    column = np.empty(len(clips), dtype=object)
    for row, clip in enumerate(clips):
        column[row] = clip
    return column


def learned(values: np.ndarray, **fields: Any) -> Video:
    feature = Video(**fields)
    update = {name: choice.value for name, choice in feature.learn("v", values).items()}
    return feature.model_copy(update={**update, **feature.model_dump(exclude_none=True)})


def clip(frames: int, channels: int = 1) -> np.ndarray:
    return RANDOM.integers(1, 256, (frames, 4, 3, channels)).astype(np.uint8)


def test_arrays_of_four_axes_are_videos_whether_alike_or_not() -> None:
    alike = np.stack([clip(5), clip(5)])
    for values in (alike, objects(clip(5), clip(2))):
        kind, match = kinds.matches("features", profile(values))[0]
        assert (kind, match.reason) == (
            "video", "arrays of 5 × 4 × 3 × 1: frames, height, width, channels",
        )  # fmt: skip
    feature = learned(alike)
    assert (feature.masked, feature.frames, feature.dtype, feature.scale) == (
        False,
        5,
        "uint8",
        255,
    )
    np.testing.assert_array_equal(feature.layer()(feature.raw("v", alike)), alike)
    assert message(DataError, feature.raw, "v", alike[:, :3]) == (
        "features.v: column 'v' holds videos of 3 frames. Expected 5, as all of the training rows "
        "have; `masking: missing` takes any number."
    )


def test_of_videos_of_unlike_length_the_real_frames_come_first_and_the_last_is_repeated() -> None:
    clips = [clip(2), clip(4), clip(1)]
    feature = learned(objects(*clips))
    assert (feature.masking, feature.frames) == ("missing", 4)
    assert feature.signature() == ((None, None, 4, 3, 1), "float32")
    longer = objects(*clips, clip(6), None)
    prepared = feature.layer()(feature.raw("v", longer)).numpy()
    assert prepared.dtype == np.uint8
    frames, real = prepared[:, :, :-1], prepared[:, :, -1, 0, 0]
    assert real.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    np.testing.assert_array_equal(frames[0], clips[0][[0, 1, 1, 1]])
    np.testing.assert_array_equal(frames[3], longer[3][2:])  # the last four of six
    assert not frames[4].any()
    there, strange = feature.strange(feature.raw("v", longer))
    assert (there.tolist(), strange.tolist()) == (
        [True, True, True, True, False], [False, False, False, True, False],
    )  # fmt: skip


def test_frames_of_zeros_at_the_ends_are_padding_which_is_said() -> None:
    values = np.zeros((20, 6, 4, 3, 1), np.uint8)
    for row in range(20):
        values[row, : 3 + row % 4] = clip(3 + row % 4)
    choices = Video().learn("v", values)
    assert choices["masking"].value == 0
    assert choices["masking"].reason == (
        "15 of 20 training rows begin or end with 1 to 3 frames of 0 alone, which is taken for "
        "padding; `masking: none` makes data of them"
    )
    real = learned(values).layer()(learned(values).raw("v", values)).numpy()[:, :, -1, 0, 0]
    assert real.sum(axis=1).tolist() == [3 + row % 4 for row in range(20)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((2, 5, 3, 4, 6)), "column 'v' holds arrays of 5 × 3 × 4 × 6, whose last axis is "
         "none of channels. Expected videos of (frames, height, width, channels), of 1, 3 or 4 "
         "channels: `numpy.moveaxis(videos, 2, -1)`."),
        (np.zeros((2, 3, 5, 8, 6)), "column 'v' holds arrays of 3 × 5 × 8 × 6, whose last axis is "
         "none of channels. Expected videos of (frames, height, width, channels), of 1, 3 or 4 "
         "channels: `numpy.moveaxis(videos, 1, -1)`."),
        (objects(clip(2), clip(2)[:, :2]), "column 'v' holds frames of 2 × 3 × 1 here, and those "
         "of other rows are 4 × 3 × 1. Expected frames of one size."),
        (np.zeros((2, 5)), "column 'v' holds no videos. Expected arrays (frames, height, width, "
         "channels) per row, or (frames, height, width)."),
    ],
)  # fmt: skip
def test_other_arrays_are_refused_with_what_was_expected(values: np.ndarray, said: str) -> None:
    with pytest.raises(DataError) as caught:
        Video().learn("v", values)
    assert caught.value.problem.message == said


def test_pixels_that_are_missing_or_on_another_scale_are_refused() -> None:
    feature = learned(objects(clip(2), clip(4)))
    holed = clip(3).astype(np.float32)
    holed[1, 0, 0] = np.nan
    with pytest.raises(DataError, match="of whose frame 2 pixels are missing") as caught:
        feature.raw("v", objects(clip(2), holed))
    assert caught.value.row == 1
    assert "Expected pixels on the same scale" in message(
        DataError, feature.raw, "v", objects(clip(2) / 255.0)
    )


def test_an_augmentation_that_leaves_nothing_of_the_frames_is_refused_with_a_bound() -> None:
    values = np.stack([clip(5), clip(5)])
    assert message(DataError, learned, values, augment=({"cutout": 3},)) == (
        "features.v.augment.0.cutout: a cutout of 3 × 3 pixels may leave nothing of images of "
        "4 × 3. Expected less than 3."
    )
    assert learned(values, augment=({"cutout": 3},), height=8, width=8).frames == 5
