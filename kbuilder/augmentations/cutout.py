"""Images with a square cut out."""

from __future__ import annotations

from typing import Any

from kbuilder.spec import Count, Spec


class Cutout(Spec):
    """Sets a square of each image to 0. Its centre is any pixel, so part of it may lie outside.

    The paper cuts 16 × 16 out of 32 × 32 pixels where there are 10 classes, 8 × 8 where 100.

    Source: DeVries and Taylor 2017, arXiv:1708.04552.
    """

    size: Count = 8
    """Side of the square in pixels; >= 1."""

    def unfit(self, height: int, width: int) -> str | None:
        if self.size < min(height, width):
            return None
        return (
            f"a cutout of {self.size} × {self.size} pixels may leave nothing of images of "
            f"{height} × {width}. Expected less than {min(height, width)}"
        )

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_cutout import RandomCutout

        return RandomCutout(self.size)(images)
