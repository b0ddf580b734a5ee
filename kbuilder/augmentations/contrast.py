"""Images of more or less contrast."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.spec import Spec


class Contrast(Spec):
    """Multiplies the distance of each pixel from the mean of its image and channel.

    Nothing is cut off: pixels may leave the range that they had.

    Source: Howard 2013, arXiv:1312.5402.
    """

    factor: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Greatest change: 0.2 is 0.8 to 1.2 times the contrast; 0 < factor <= 1."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_intensity import RandomIntensity

        return RandomIntensity(contrast=self.factor)(images)
