"""Turned images."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.spec import FillMode, Spec


class Rotation(Spec):
    """Turns each image about its centre, every angle up to the greatest alike.

    Source: Simard, Steinkraus and Platt 2003, ICDAR (doi:10.1109/ICDAR.2003.1227801).
    """

    degrees: Annotated[float, Field(gt=0, le=180)] = 10.0
    """Greatest angle to either side, in degrees; 0 < degrees <= 180."""
    fill_mode: FillMode = "constant"
    """What comes in: constant (0), nearest (the pixel at the edge) or reflect (mirrored there)."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_affine import RandomAffine

        return RandomAffine(rotation=self.degrees, fill_mode=self.fill_mode)(images)
