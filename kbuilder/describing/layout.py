"""Where the boxes of a diagram are, and the lines between them.

Every box is one rank below the lowest of those that it takes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kbuilder.describing.columns import LANE, Columns, Edge

BELOW = 44.0  # between two ranks
PORT = 14.0  # between two lines that end at one box, and between a line and the box's corner
HEAD = 12.0  # an arrow's head, which goes straight down


class Place(NamedTuple):
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


class Stretch(NamedTuple):
    """A part of a line that goes straight down; from one to the next it goes aslant."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Args:
        places: Of the boxes.
        lanes: By edge, where its line passes by other boxes.
        lines: By edge, from the lower side of a box to the upper side of another.
    """

    places: list[Place]
    lanes: dict[Edge, list[Place]]
    lines: dict[Edge, list[Stretch]]


def arrange(sizes: Sequence[tuple[float, float]], inputs: Sequence[Sequence[int]]) -> Layout:
    """Place boxes, of which each takes from some of those before it.

    Args:
        sizes: Width and height of each box.
        inputs: Of each box, the places of those that it takes from.
    """
    ranks: list[int] = []
    for sources in inputs:
        ranks.append(1 + max((ranks[source] for source in sources), default=-1))
    columns = Columns([width for width, _ in sizes], inputs, ranks)
    heights = [0.0] * (max(ranks) + 1)
    for rank, (_, height) in zip(ranks, sizes, strict=True):
        heights[rank] = max(heights[rank], height)
    tops = [sum(heights[:rank]) + BELOW * rank for rank in range(len(heights))]
    places = [
        Place(
            columns.middles[box] - width / 2,
            tops[ranks[box]] + (heights[ranks[box]] - height) / 2,
            width,
            height,
        )
        for box, (width, height) in enumerate(sizes)
    ]
    lanes = {
        edge: [
            Place(columns.middles[cell] - LANE / 2, tops[rank], LANE, heights[rank])
            for cell in path[1:-1]
            for rank in [columns.ranks[cell]]
        ]
        for edge, path in columns.paths.items()
    }
    leaving = _ports(places, columns, downwards=True)
    arriving = _ports(places, columns, downwards=False)
    lines = {}
    for edge, passed in lanes.items():
        (upper, lower), first = edge, ranks[edge[0]]
        lines[edge] = [
            Stretch(leaving[edge], places[upper].bottom, tops[first] + heights[first]),
            *(Stretch(lane.x + LANE / 2, lane.y, lane.bottom) for lane in passed),
            Stretch(arriving[edge], tops[ranks[lower]] - HEAD, places[lower].y),
        ]
    return Layout(places, lanes, lines)


def _ports(places: Sequence[Place], columns: Columns, downwards: bool) -> dict[Edge, float]:
    """Where on its upper or lower side a box's lines end: towards what they come from."""
    ends: dict[int, list[tuple[float, Edge]]] = {}
    for edge, path in columns.paths.items():
        box, other = (path[0], path[1]) if downwards else (path[-1], path[-2])
        ends.setdefault(box, []).append((columns.middles[other], edge))
    found: dict[Edge, float] = {}
    for box, wished in ends.items():
        if len(wished) == 1:
            found[wished[0][1]] = columns.middles[box]
            continue
        left, right = places[box].x + PORT, places[box].right - PORT
        apart = min(PORT, (right - left) / len(wished))
        wished.sort()
        ends_at = [min(max(x, left), right) for x, _ in wished]
        for after in range(1, len(wished)):
            ends_at[after] = max(ends_at[after], ends_at[after - 1] + apart)
        bound = right
        for place in reversed(range(len(wished))):
            ends_at[place] = min(ends_at[place], bound)
            bound = ends_at[place] - apart
        found |= {edge: x for (_, edge), x in zip(wished, ends_at, strict=True)}
    return found
