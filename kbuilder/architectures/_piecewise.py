"""What the networks share that see the numbers of a table in pieces."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from kbuilder.architectures._crossing import Crossing
from kbuilder.contracts import Choice, Signal
from kbuilder.errors import BuildError

ENOUGH = 1000
"""Training rows from which on there are pieces."""
MANY = 200
"""Numbers at most that are seen in pieces unless it is asked for: each has eight."""


class Piecewise(Crossing):
    """Abstract: a network whose dense layers see each number in pieces, too.

    Source: Gorishniy, Rubachev and Babenko 2022, arXiv:2203.05556.
    """

    pieces: bool | None = None
    """Whether each number is also seen in pieces between quantiles of its training values, so that
    what it does may bend there (Gorishniy et al. 2022, arXiv:2203.05556); left out: where there are
    1,000 training rows or more."""

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """Pieces, of rows enough to tell what a number does in each."""
        known = len(signal.knots)
        if not known or signal.rows < ENOUGH:
            return {}
        if known > MANY:
            return {"pieces": Choice(False, f"there are {known:,} numbers")}
        several = "a number does" if known == 1 else f"each of {known} numbers does"
        why = f"{signal.rows:,} training rows tell what {several} in each"
        return {"pieces": Choice(True, why)}

    def in_pieces(self, x: Any, signal: Signal) -> Any:
        """`x` (batch, d), which is that of the signal, and behind it the pieces of its numbers.

        Raises:
            BuildError: if pieces are asked for, and no number has any.
        """
        if not self.pieces:
            return x
        if not signal.knots:
            raise BuildError(
                "no number with three or more different values reaches this network, so there are "
                "no pieces. Leave out `pieces`.",
                key=("model", "pieces"),
            )
        from kbuilder.layers.pieces import Pieces

        most = max(map(len, signal.knots.values()))
        stops = dict(zip(signal.widths, accumulate(signal.widths.values()), strict=True))
        places = [stops[column] - signal.widths[column] for column in signal.knots]
        knots = [[*own, *own[-1:] * (most - len(own))] for own in signal.knots.values()]
        return Pieces(places, knots)(x)
