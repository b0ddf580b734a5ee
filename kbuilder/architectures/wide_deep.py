"""A wide and a deep network side by side."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.architectures._composition import dense
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError, listed, nearest
from kbuilder.layer_lists.spelling import Activation
from kbuilder.refusals import refuse
from kbuilder.spec import Counts, Fraction, Names, Spec

MOST = 10_000  # combinations of one cross: its weights are one each per unit of the last layer

Crosses = Annotated[
    tuple[Annotated[Names, Field(min_length=2)], ...],
    BeforeValidator(
        lambda value: tuple(value) if isinstance(value, list) else value,
        json_schema_input_type=list[Annotated[list[str], Field(min_length=2)]],
    ),
]


class WideDeep(Spec):
    """A linear model that remembers, beside dense layers that generalise, trained together.

    The last layer takes all three: the columns as they are, crosses of those that are named, and
    what the dense layers make of them.

    Input shape: vector (batch, d).
    Output shape: (batch, d + combinations of all crosses + units of the last dense layer).
    Source: Cheng et al. 2016, arXiv:1606.07792.
    """

    crosses: Crosses = ()
    """Lists of two or more columns, such as `[[education, occupation]]`: each combination of their
    values gets a weight of its own."""
    units: Counts = (256, 128)
    """Units of each dense layer, the first nearest to the input; each >= 1."""
    activation: Activation = "relu"
    """Activation of each dense layer."""
    dropout: Fraction = 0.3
    """Share dropped after each dense layer in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    @model_validator(mode="after")
    def _crosses_are_of_different_columns(self) -> Any:
        for place, cross in enumerate(self.crosses):
            if len(set(cross)) < len(cross):
                raise refuse(("crosses", place), "Expected columns that all differ", list(cross))
        return self

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.cross import Cross

        deep = signal.tensor
        for units in self.units:
            deep = dense(deep, units, self.activation, dropout=self.dropout)
        crosses = [
            Cross(self._parts(place, signal))(signal.tensor) for place in range(len(self.crosses))
        ]
        return keras.layers.Concatenate()([signal.tensor, *crosses, deep])

    def _parts(self, place: int, signal: Signal) -> list[tuple[int, int]]:
        """Where in the vector the columns of a cross stand."""
        cross, widths = self.crosses[place], signal.widths
        key = ("model", "crosses", place)
        for column in cross:
            if column not in widths:
                known = f"Expected one of: {listed(widths)}." if widths else (
                    "Nothing is known of the columns of this input; leave out `crosses`."
                )  # fmt: skip
                raise BuildError(
                    f"no column {column!r} reaches this network. {known}",
                    key=key,
                    suggestion=nearest(column, widths),
                )
        size = math.prod(widths[column] for column in cross)
        if size > MOST:
            shown = ", ".join(f"{column} ({widths[column]})" for column in cross)
            raise BuildError(
                f"this cross has {size:,} combinations, of: {shown}. Expected at most {MOST:,}: "
                "cross fewer columns, or join rare values by `rare_below`.",
                key=key,
            )
        stops = dict(zip(widths, accumulate(widths.values()), strict=True))
        return [(stops[column] - widths[column], stops[column]) for column in cross]
