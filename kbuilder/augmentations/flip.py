"""Mirrored images."""

from __future__ import annotations

from typing import Any, Literal

from kbuilder.spec import Spec


class Flip(Spec):
    """Mirrors every second image or so, each by a coin of its own.

    Not for what has a right and a left, or an upper end: digits, letters, signs.

    Source: Krizhevsky, Sutskever and Hinton 2012, NeurIPS 25 (doi:10.1145/3065386).
    """

    direction: Literal["horizontal", "vertical", "both"] = "horizontal"
    """horizontal: left becomes right; vertical: up becomes down; both: each by its own coin."""

    def unfit(self, height: int, width: int) -> str | None:
        return None

    def apply(self, images: Any) -> Any:
        from kbuilder.layers.random_flip import RandomFlip

        return RandomFlip(self.direction)(images)
