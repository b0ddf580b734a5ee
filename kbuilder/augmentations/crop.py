"""Windows of padded images."""

from __future__ import annotations

from typing import Any

from kbuilder.spec import Count, FillMode, Spec


class Crop(Spec):
    """Pads each image on all sides, and crops a window of the old size anywhere.

    Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385, section 4.2.
    """

    padding: Count = 4
    """Pixels that are added on each side; >= 1."""
    fill_mode: FillMode = "constant"
    """What they are: constant (0), nearest (the pixel at the edge) or reflect (mirrored there)."""

    def unfit(self, height: int, width: int) -> str | None:
        if 2 * self.padding <= min(height, width):
            return None
        return (
            f"a crop of images of {height} × {width} pixels that are padded by {self.padding} "
            f"may hold next to nothing of them. Expected at most {min(height, width) // 2}"
        )

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_shift import RandomShift

        return RandomShift(self.padding, self.padding, self.fill_mode)(images)
