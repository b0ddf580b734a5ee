"""How the rows are divided."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from kbuilder.refusals import refuse
from kbuilder.spec import Fraction, Spec


class Split(Spec):
    """Shares of the rows held back for validation and test.

    The training part alone feeds vocabularies, means and weights; validation decides when to stop;
    test is looked at once, at the end. Classes keep their shares in every part, numbers their
    spread.
    """

    validation: Fraction = 0.1
    """Share of the rows (without the test rows) held back for validation; 0 <= validation < 1."""
    test: Fraction | None = None
    """Share of the rows held back for the test; left out: 0.1, or 0 if the source has test rows."""
    seed: int = Field(default=0, ge=0)
    """Seed of the division."""

    @model_validator(mode="after")
    def _leaves_rows_to_train(self) -> Any:
        held_back = self.validation + (self.test or 0.0)
        if held_back >= 1:
            raise refuse(
                ("validation",),
                f"validation and test together hold back {held_back:g} of the rows. "
                "Expected less than 1, so that rows are left to train on",
                self.validation,
            )
        return self
