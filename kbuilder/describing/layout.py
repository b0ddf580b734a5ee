"""Where the boxes of a diagram are, and the lines between them.

Every box is one rank below the lowest of those that it takes from. A line over several ranks has a
lane of its own in each of those between. What follows each other straight on is a column; columns
are moved towards what they are joined with, as far as their neighbours let them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Edge = tuple[int, int]

BESIDE = 26.0  # between two boxes of one rank
BELOW = 38.0  # between two ranks
LANE = 18.0  # room for a line that passes by
PORT = 12.0  # between two lines that end at one box
SWEEPS = 40


@dataclass(frozen=True)
class Place:
    """A rectangle; `x` and `y` are its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.y + self.height


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Args:
        places: Of the boxes.
        lanes: Of the lines that pass by, by edge, from above to below.
        routes: The corners of every line, by edge: down, across, down, and so on.
    """

    places: list[Place]
    lanes: dict[Edge, list[Place]]
    routes: dict[Edge, list[Point]]


@dataclass
class _Cell:
    """A box, or a piece of a line that passes by a rank."""

    rank: int
    width: float
    order: float
    loose: bool = False
    above: list[int] | None = None


def arrange(sizes: Sequence[tuple[float, float]], inputs: Sequence[Sequence[int]]) -> Layout:
    """Place boxes of these sizes, of which each takes from some before it."""
    ranks: list[int] = []
    for sources in inputs:
        ranks.append(1 + max((ranks[source] for source in sources), default=-1))
    grid = _Grid(sizes, inputs, ranks)
    centres = grid.centres()
    heights = [0.0] * (max(ranks) + 1)
    for rank, (_, height) in zip(ranks, sizes, strict=True):
        heights[rank] = max(heights[rank], height)
    tops = [sum(heights[:rank]) + BELOW * rank for rank in range(len(heights))]
    places = [
        Place(centre - w / 2, tops[rank] + (heights[rank] - h) / 2, w, h)
        for centre, rank, (w, h) in zip(centres, ranks, sizes)
    ]
    lanes = {
        edge: [
            Place(centres[cell] - LANE / 2, tops[rank], LANE, heights[rank])
            for cell in path[1:-1]
            for rank in [grid.cells[cell].rank]
        ]
        for edge, path in grid.paths.items()
    }
    ...
