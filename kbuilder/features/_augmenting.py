"""Random changes of training images, and of the frames of videos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Strict

from kbuilder import catalog
from kbuilder.contracts import Augmentation
from kbuilder.errors import DataError
from kbuilder.named import Keyed

Augmentations = Annotated[
    tuple[Annotated[Augmentation, Keyed("augmentations")], ...], Strict(False)
]


def expect_fit(augmentations: Sequence[Augmentation], column: str, height: int, width: int) -> None:
    """Refuse what would leave nothing of images of this size, or nothing changed.

    Raises:
        DataError: with the bound that the size gives.
    """
    for index, augmentation in enumerate(augmentations):
        reason = augmentation.unfit(height, width)
        if reason:
            key = ("features", column, "augment", index, catalog.name_of(augmentation))
            raise DataError(f"{reason}.", key=key)


def changed(augmentations: Sequence[Augmentation], images: Any) -> Any:
    """Images, changed one after the other. (batch, height, width, channels)"""
    for augmentation in augmentations:
        images = augmentation.apply(images)
    return images


def changed_alike(augmentations: Sequence[Augmentation], videos: Any) -> Any:
    """Videos of which all frames are changed by one draw. (batch, frames, height, width, channels)

    A mirrored, turned or brighter frame among others would be a cut in the video. So the frames are
    more channels of one image, and an augmentation has one draw for each image.
    """
    if not augmentations:
        return videos
    from keras.layers import Permute, Reshape

    frames, height, width, channels = videos.shape[1:]
    images = Reshape((height, width, frames * channels))(Permute((2, 3, 1, 4))(videos))
    images = changed(augmentations, images)
    return Permute((3, 1, 2, 4))(Reshape((height, width, frames, channels))(images))
