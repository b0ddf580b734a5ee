"""Images nearer or further."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kbuilder.spec import FillMode, Spec


class Zoom(Spec):
    """Makes what each image shows larger or smaller, its shape kept.

    Source: Simonyan and Zisserman 2014, arXiv:1409.1556, section 3.1 (scale jittering).
    """

    factor: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Greatest change: 0.1 is 0.9 to 1.1 times as large; 0 < factor <= 0.5."""
    fill_mode: FillMode = "constant"
    """What comes in: constant (0), nearest (the pixel at the edge) or reflect (mirrored there)."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_affine import RandomAffine

        return RandomAffine(zoom=self.factor, fill_mode=self.fill_mode)(images)
