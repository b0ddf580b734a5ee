"""The same learning rate all along."""

from __future__ import annotations

from typing import Any

from kbuilder.schedules._warming import Warming


class Constant(Warming):
    """The same learning rate all along, after a warm-up.

    Source: Goyal et al. 2017, arXiv:1706.02677, for the warm-up.
    """

    def after(self, learning_rate: float, steps: int, total: int) -> Any:
        return learning_rate
