"""What the networks share that take columns of a table together."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.contracts import Signal
from kbuilder.errors import BuildError, listed, nearest
from kbuilder.refusals import refuse
from kbuilder.spec import Names, Spec

MOST = 10_000  # combinations of one cross: its weights are one each per unit of the last layer

Crosses = Annotated[
    tuple[Annotated[Names, Field(min_length=2)], ...],
    BeforeValidator(
        lambda value: tuple(value) if isinstance(value, list) else value,
        json_schema_input_type=list[Annotated[list[str], Field(min_length=2)]],
    ),
]


class Crossing(Spec):
    """Abstract: a network that takes crosses of columns beside the columns.

    Source: Cheng et al. 2016, arXiv:1606.07792.
    """

    crosses: Crosses = ()
    """Lists of two or more columns, such as `[[education, occupation]]`: each combination of their
    values gets a weight of its own."""

    @model_validator(mode="after")
    def _crosses_are_of_different_columns(self) -> Any:
        for place, cross in enumerate(self.crosses):
            if len(set(cross)) < len(cross):
                raise refuse(("crosses", place), "Expected columns that all differ", list(cross))
        return self

    def crossed(self, signal: Signal) -> list[Any]:
        """Each cross: a 1 for the combination that a row has. (batch, combinations) each

        Raises:
            BuildError: if a column is not there, or its combinations are too many.
        """
        from kbuilder.layers.cross import Cross

        places = range(len(self.crosses))
        return [Cross(self._parts(place, signal))(signal.tensor) for place in places]

    def with_crosses(self, x: Any, signal: Signal) -> Any:
        """`x` (batch, d), which is made of the signal, and beside it each cross."""
        import keras

        crosses = self.crossed(signal)
        return keras.layers.Concatenate()([x, *crosses]) if crosses else x

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
