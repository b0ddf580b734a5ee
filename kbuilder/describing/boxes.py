"""The boxes of a diagram: layers that belong together in one, repeated parts drawn once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kbuilder.describing.network import Row, times

# What is done to the output of the layer before, and drawn in its box.
FOLLOWING = ("normalisation", "activation", "dropout")
LONGEST = 8  # stretches between two narrow places, of which a part that is repeated may consist


@dataclass(frozen=True)
class Box:
    """A layer with what is done before and after it.

    Args:
        lines: What stands in the box: the layer, what is done with it, and its figures.
        group: What it is for, one of `kinds.GROUPS`.
        names: The layers in it, and those in its repetitions.
        inputs: Places of the boxes that it takes from.
    """

    lines: tuple[str, ...]
    group: str
    names: tuple[str, ...]
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Repeat:
    """Boxes that follow each other, and come several times in a row."""

    first: int
    last: int
    times: int


def boxes(rows: Sequence[Row]) -> tuple[list[Box], list[Repeat]]:
    """The boxes of a network, each after those that it takes from, and what is repeated."""
    return _folded(_collapsed(rows))


def _collapsed(rows: Sequence[Row]) -> list[Box]:
    """Padding, layer, normalisation and activation in one box, if nothing else reads between."""
    readers = Counter(place for row in rows for place in set(row.inputs))
    members: list[list[int]] = []
    owner: dict[int, int] = {}
    for place, row in enumerate(rows):
        source = row.inputs[0] if len(set(row.inputs)) == 1 else None
        joins = (
            source is not None
            and readers[source] == 1
            and rows[source].group != "input"
            and (row.group in FOLLOWING or rows[source].kind.startswith("ZeroPadding"))
        )
        if joins and source is not None:
            owner[place] = owner[source]
            members[owner[source]].append(place)
        else:
            owner[place] = len(members)
            members.append([place])
    return [
        _box([rows[place] for place in inner], [owner[place] for place in rows[inner[0]].inputs])
        for inner in members
    ]


def _box(rows: list[Row], inputs: list[int]) -> Box:
    main = next((row for row in rows if not row.kind.startswith("ZeroPadding")), rows[0])
    others = [
        row.detail if row.group == "activation" and row.detail else f"{row.kind} {row.detail}"
        for row in rows
        if row is not main
    ]
    parameters = sum(row.parameters for row in rows)
    shape = times(rows[-1].shape) or "one number"
    if any(row.shared for row in rows):
        figures = f"{shape} · shared weights"
    else:
        figures = f"{shape} · {parameters:,} parameters" if parameters else shape
    title = main.name if main.group == "input" else f"{main.kind} {main.detail}".strip()
    lines = [title, ", ".join(other.strip() for other in others), figures]
    return Box(
        tuple(line for line in lines if line),
        main.group,
        tuple(row.name for row in rows),
        tuple(dict.fromkeys(inputs)),
    )


def _folded(given: list[Box]) -> tuple[list[Box], list[Repeat]]:
    """Equal parts in a row as one, with their number."""
    parts = _parts(given)
    looks = [_look(given, part) for part in parts]
    kept: list[Box] = []
    repeats: list[Repeat] = []
    moved: dict[int, int] = {}
    place = 0
    while place < len(parts):
        length, number = _run(looks, place)
        drawn = [box for part in parts[place : place + length] for box in part]
        first = len(kept)
        for offset, box in enumerate(drawn):
            again = [given[box + turn * len(drawn)] for turn in range(number)]
            for turn in range(number):
                moved[box + turn * len(drawn)] = first + offset
            names = tuple(name for one in again for name in one.names)
            inputs = tuple(moved[source] for source in given[box].inputs)
            kept.append(replace(given[box], names=names, inputs=inputs))
        if number > 1:
            repeats.append(Repeat(first, len(kept) - 1, number))
        place += length * number
    return kept, repeats


def _parts(given: list[Box]) -> list[range]:
    """The stretches that end in a narrow place: a box that no edge leads past."""
    ends = []
    farthest = 0
    reach = [0] * len(given)
    for place, box in enumerate(given):
        for source in box.inputs:
            reach[source] = place
    for place in range(len(given)):
        if farthest <= place:
            ends.append(place)
        farthest = max(farthest, reach[place])
    starts = [0, *(end + 1 for end in ends[:-1])]  # nothing leads past the last box
    return [range(start, end + 1) for start, end in zip(starts, ends, strict=True)]


def _look(given: list[Box], part: range) -> tuple[object, ...]:
    """What two parts must have in common to be drawn as one."""
    return tuple(
        (given[place].lines, tuple(place - source for source in given[place].inputs))
        for place in part
    )


def _run(looks: list[tuple[object, ...]], place: int) -> tuple[int, int]:
    """How many parts from `place` on are repeated, and how many times; the longest such run."""
    best = (1, 1)
    for length in range(1, LONGEST + 1):
        number = 1
        unit = looks[place : place + length]
        while looks[place + number * length : place + (number + 1) * length] == unit:
            number += 1
        if number > 1 and length * number > best[0] * best[1]:
            best = (length, number)
    return best
