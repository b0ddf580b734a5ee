"""A kind of feature."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.spec import Spec
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import missing


class Percent(Spec):
    """A share, written as "12 %"."""

    scale: float | None = None
    """Each is divided by it; left out: the greatest of the training rows."""

    holds: ClassVar[Holds] = "words"

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return True

    @property
    def choices(self) -> None:
        return None

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Texts that end in %."""
        if profile.kind != "string" or not profile.examples:
            return None
        if not all(text.endswith("%") for text in profile.examples):
            return None
        return Match(0.95, "each value ends in %")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        there = [float(text.strip(" %")) for text in values[~missing(values)]]
        return {"scale": Choice(max(there), "the greatest of the training rows")}

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        return np.where(missing(values), "", values)

    def layer(self) -> Any:
        from tinyplug.percentages import Percentages

        return Percentages(self.scale or 1.0)

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "string"

    def embed(self, tensor: Any) -> Signal:
        return Signal("vector", tensor)

    def describe(self) -> str:
        return "the number before %, divided by scale, and 0 where it is missing"

    def numeric(self, integers: str) -> Numeric | None:
        return None

    def script(self, values: str) -> str:
        return f"words({values})"

    def unlearned(self, written: Any) -> Any | None:
        return None
