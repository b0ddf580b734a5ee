"""Brighter and darker images."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.spec import Spec


class Brightness(Spec):
    """Adds a number of its own to all pixels of each image.

    Nothing is cut off: pixels may leave the range that they had.

    Source: Howard 2013, arXiv:1312.5402.
    """

    factor: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Greatest change to either side, 1 being from black to white; 0 < factor <= 1."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_intensity import RandomIntensity

        return RandomIntensity(brightness=self.factor)(images)
