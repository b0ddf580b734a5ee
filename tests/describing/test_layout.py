"""Where the boxes of a diagram are, and the lines between them."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import networks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbuilder.describing.boxes import boxes
from kbuilder.describing.diagram import size
from kbuilder.describing.layout import Layout, Place, arrange
from kbuilder.describing.network import describe

Sizes = list[tuple[float, float]]
Inputs = list[tuple[int, ...]]


def parts(network: Any) -> tuple[Sizes, Inputs]:
    found, _ = boxes(describe(network()).rows)
    return [size(box) for box in found], [box.inputs for box in found]


def middle(place: Place) -> float:
    return place.x + place.width / 2


def hold(layout: Layout, sizes: Sizes, inputs: Inputs) -> None:
    """What every picture promises."""
    assert [(place.width, place.height) for place in layout.places] == sizes
    for one, other in combinations(layout.places, 2):
        beside = one.right <= other.x or other.right <= one.x
        assert beside or one.bottom <= other.y or other.bottom <= one.y
    edges = {(source, place) for place, sources in enumerate(inputs) for source in sources}
    assert set(layout.lines) == edges
    for (upper, lower), line in layout.lines.items():
        above, below = layout.places[upper], layout.places[lower]
        assert line[0].top == above.bottom < below.y == line[-1].bottom
        assert above.x <= line[0].x <= above.right
        assert below.x <= line[-1].x <= below.right
        for before, after in pairwise(line):
            assert before.top <= before.bottom < after.top <= after.bottom
        for stretch in line[1:-1]:
            for place in layout.places:
                apart = stretch.bottom <= place.y or place.bottom <= stretch.top
                assert apart or stretch.x < place.x or place.right < stretch.x


@pytest.mark.parametrize("network", networks.ALL, ids=lambda network: network.__name__)
def test_no_boxes_overlap_and_every_line_joins_its_boxes(network: Any) -> None:
    sizes, inputs = parts(network)
    hold(arrange(sizes, inputs), sizes, inputs)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_so_it_is_with_any_graph(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 14))
    sizes = [data.draw(st.sampled_from([(100.0, 40.0), (250.0, 57.0)])) for _ in range(number)]
    inputs = [
        tuple(data.draw(st.lists(st.integers(0, place - 1), unique=True, max_size=3)))
        if place
        else ()
        for place in range(number)
    ]
    hold(arrange(sizes, inputs), sizes, inputs)


def test_a_chain_and_what_passes_it_by_stay_straight() -> None:
    layout = arrange([(100.0, 40.0)] * 4, [(), (0,), (1,), (2, 0)])
    assert len({middle(place) for place in layout.places}) == 1
    [first, second] = layout.lanes[0, 3]
    assert first.x == second.x > layout.places[1].right


def test_branches_stand_side_by_side_below_the_middle_of_their_fork() -> None:
    layout = arrange([(100.0, 40.0)] * 4, [(), (0,), (0,), (1, 2)])
    fork, left, right, join = layout.places
    assert left.y == right.y
    assert left.right < right.x
    assert middle(fork) == pytest.approx((middle(left) + middle(right)) / 2, abs=1)
    assert middle(join) == pytest.approx(middle(fork), abs=1)


def test_cells_that_take_from_the_last_two_do_not_become_a_staircase() -> None:
    inputs: Inputs = [(), (0,)]
    ends = [0, 1]
    for _ in range(30):
        first = len(inputs)
        inputs += [
            (ends[-1],),
            (ends[-2],),
            (first, first + 1),
            (ends[-1],),
            (first + 2, first + 3),
        ]
        ends.append(len(inputs) - 1)
    layout = arrange([(100.0, 40.0)] * len(inputs), inputs)
    hold(layout, [(100.0, 40.0)] * len(inputs), inputs)
    right = max(place.right for place in layout.places)
    assert right - min(place.x for place in layout.places) < 1500
