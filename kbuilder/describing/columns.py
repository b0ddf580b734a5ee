"""Where the boxes of a diagram are from left to right.

A line over several ranks has a lane in each of those between. What follows straight on is one
column; columns are moved towards what they are joined with, as far as their neighbours let them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Edge = tuple[int, int]

BESIDE = 26.0  # between two boxes of one rank
LANE = 18.0  # room for a line that passes by
SWEEPS = 40


class Columns:
    """Boxes and lanes by rank, from left to right, with the middle of each.

    A cell is a box (its place among the boxes) or a lane (a number after those).

    Args:
        widths: Of each box.
        inputs: Of each box, the places of those that it takes from.
        ranks: Of each box; below those that it takes from.

    Attributes:
        paths: By edge, the cells that its line goes through: a box, lanes, a box.
        middles: Of each cell.
    """

    def __init__(
        self, widths: Sequence[float], inputs: Sequence[Sequence[int]], ranks: Sequence[int]
    ) -> None:
        self.widths = list(widths)
        self.ranks = list(ranks)
        self.paths: dict[Edge, list[int]] = {}
        self._order = [float(place) for place in range(len(widths))]
        self._passing: set[int] = set()  # lanes between boxes that are joined in other ways too
        self._add_lanes(inputs)
        self._rows: list[list[int]] = [[] for _ in range(max(self.ranks) + 1)]
        for cell in sorted(range(len(self.widths)), key=self._order.__getitem__):
            self._rows[self.ranks[cell]].append(cell)
        self._links = [link for path in self.paths.values() for link in pairwise(path)]
        self._column = self._columns()
        self.middles = self._moved()
        widest = max(sum(self.widths[cell] + BESIDE for cell in row) for row in self._rows)
        if max(self.middles) - min(self.middles) > 2 * widest:  # columns became a staircase
            self._column = list(range(len(self.widths)))
            self.middles = self._moved()

    def _add_lanes(self, inputs: Sequence[Sequence[int]]) -> None:
        readers = [0] * len(inputs)
        for sources in inputs:
            for source in sources:
                readers[source] += 1
        for target, sources in enumerate(inputs):
            for source in sources:
                passing = readers[source] > 1 and len(sources) > 1
                path = [source]
                for rank in range(self.ranks[source] + 1, self.ranks[target]):
                    path.append(len(self.widths))
                    self.widths.append(LANE)
                    self.ranks.append(rank)
                    self._order.append(target - 0.5 if passing else source + 0.5)
                    if passing:
                        self._passing.add(path[-1])
                self.paths[source, target] = [*path, target]

    def _columns(self) -> list[int]:
        """The column of each cell: the first cell of it."""
        places = {cell: place for row in self._rows for place, cell in enumerate(row)}
        below: dict[int, list[int]] = {}
        above: dict[int, list[int]] = {}
        for upper, lower in self._links:
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
        column = list(range(len(self.widths)))
        for row in self._rows:
            farthest = -1  # columns do not cross
            for cell in row:
                follower = self._straight(cell, below.get(cell, []))
                if follower is None or self._straight(follower, above[follower]) != cell:
                    continue
                if places[follower] > farthest:
                    column[follower] = column[cell]
                    farthest = places[follower]
        return column

    def _straight(self, cell: int, others: list[int]) -> int | None:
        """The one of the neighbours that a cell stands in line with."""
        if cell not in self._passing:
            others = [other for other in others if other not in self._passing]
        return others[0] if len(others) == 1 else None

    def _moved(self) -> list[float]:
        """The middles, after columns have moved towards those that they are joined with."""
        gaps: dict[Edge, float] = {}
        for row in self._rows:
            for left, right in pairwise(row):
                between = BESIDE / 2 if {left, right} & self._passing else BESIDE
                gap = (self.widths[left] + self.widths[right]) / 2 + between
                edge = self._column[left], self._column[right]
                gaps[edge] = max(gap, gaps.get(edge, 0.0))
        order = _sorted(dict.fromkeys(self._column), gaps)
        lefts: dict[int, list[tuple[int, float]]] = {column: [] for column in order}
        rights: dict[int, list[tuple[int, float]]] = {column: [] for column in order}
        for (left, right), gap in gaps.items():
            lefts[right].append((left, gap))
            rights[left].append((right, gap))
        joined: dict[int, list[int]] = {column: [] for column in order}
        for upper, lower in self._links:
            ends = self._column[upper], self._column[lower]
            if ends[0] != ends[1]:
                for one, other in (ends, ends[::-1]):
                    if one in self._passing or other not in self._passing:
                        joined[one].append(other)
        for column, others in joined.items():
            others += [] if others else [beside for beside, _ in (*lefts[column], *rights[column])]
        where = dict.fromkeys(order, 0.0)
        for _ in range(SWEEPS):
            wish = {
                column: sum(where[other] for other in others) / len(others)
                for column, others in joined.items()
                if others
            }
            wish = {**where, **wish}
            for column in order:  # a line that passes by keeps to the right
                if column in self._passing and lefts[column]:
                    wish[column] = max(wish[left] + gap for left, gap in lefts[column])
            low, high = dict(wish), dict(wish)
            for column in order:
                low[column] = max([low[column], *(low[left] + gap for left, gap in lefts[column])])
            for column in reversed(order):
                high[column] = min(
                    [high[column], *(high[right] - gap for right, gap in rights[column])]
                )
            where = {column: (low[column] + high[column]) / 2 for column in order}
        return [where[column] for column in self._column]


def _sorted(columns: dict[int, None], gaps: dict[Edge, float]) -> list[int]:
    """The columns, each after those to the left of it."""
    waiting = dict.fromkeys(columns, 0)
    for _, right in gaps:
        waiting[right] += 1
    rights: dict[int, list[int]] = {}
    for left, right in gaps:
        rights.setdefault(left, []).append(right)
    order = [column for column, number in waiting.items() if number == 0]
    for column in order:
        for right in rights.get(column, ()):
            waiting[right] -= 1
            if waiting[right] == 0:
                order.append(right)
    return order
