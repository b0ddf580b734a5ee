"""An augmentation."""

from __future__ import annotations

from typing import Any

from kbuilder.spec import Spec


class Invert(Spec):
    """Every second image or so becomes its negative."""

    share: float = 0.5
    """How many; 0 to 1."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        import keras

        return keras.layers.RandomInvert(self.share, value_range=(0, 1))(images)
