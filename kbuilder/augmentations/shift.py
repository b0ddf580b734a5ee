"""Moved images."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, model_validator

from kbuilder.refusals import refuse
from kbuilder.spec import FillMode, Spec

Share = Annotated[float, Field(ge=0, le=0.5)]


class Shift(Spec):
    """Moves each image by whole pixels, every number of them up to a share of its side alike.

    Source: Simard, Steinkraus and Platt 2003, ICDAR (doi:10.1109/ICDAR.2003.1227801).
    """

    height: Share = 0.1
    """Farthest way down or up, as a share of the height; 0 to 0.5."""
    width: Share | None = None
    """Farthest way right or left, as a share of the width; 0 to 0.5; left out: as height."""
    fill_mode: FillMode = "constant"
    """What comes in: constant (0), nearest (the pixel at the edge) or reflect (mirrored there)."""

    @property
    def _shares(self) -> tuple[float, float]:
        return self.height, self.height if self.width is None else self.width

    @model_validator(mode="after")
    def _moves(self) -> Any:
        if not any(self._shares):
            raise refuse((), "a shift by 0 moves nothing. Expected more than 0 along one side")
        return self

    def pixels(self, height: int, width: int) -> tuple[int, int]:
        """The farthest way along each side, in whole pixels."""
        down, right = self._shares
        return int(down * height + 1e-6), int(right * width + 1e-6)  # 0.29 * 100 is below 29

    def unfit(self, height: int, width: int) -> str | None:
        if any(self.pixels(height, width)):
            return None
        least = math.ceil(100 / max(height, width)) / 100
        return (
            f"a shift by {max(self._shares):g} of images of {height} × {width} pixels is less than "
            f"a pixel. Expected at least {least:g}"
        )

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_shift import RandomShift

        return RandomShift(*self.pixels(*images.shape[1:3]), self.fill_mode)(images)
