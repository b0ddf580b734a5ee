"""A picture of a network, as SVG: boxes and arrows, in colours for light and dark screens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from kbuilder.describing.boxes import Box, Repeat, boxes
from kbuilder.describing.layout import Layout, Place, Stretch, arrange
from kbuilder.describing.network import Network

# Of each group, the colour of its boxes on a light and on a dark screen.
COLOURS = {
    "input": ("#e3e6ea", "#3a4048"),
    "embedding": ("#fbe7a8", "#5c4a12"),
    "convolution": ("#c4dcf6", "#1f4468"),
    "pooling": ("#bfe8df", "#14504a"),
    "dense": ("#fbd3b4", "#693c18"),
    "recurrent": ("#dccdf4", "#46326e"),
    "attention": ("#f6c9dd", "#6a2647"),
    "normalisation": ("#e6efc4", "#444f1a"),
    "activation": ("#e6efc4", "#444f1a"),
    "dropout": ("#e6efc4", "#444f1a"),
    "join": ("#d9d2c7", "#4b443a"),
    "other": ("#eef0f2", "#2c3036"),
}
NAMED = ("input", "embedding", "convolution", "pooling", "dense", "recurrent", "attention", "join")
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
TITLE, TEXT = 13.0, 12.0  # sizes of letters in pixels
WIDE = {TITLE: 0.68, TEXT: 0.6}  # width of a letter as a share of its size: bold, and plain
LINE, INSIDE, MARGIN, AROUND = 17.0, 10.0, 24.0, 12.0
NARROWEST = 132.0
FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML


def as_svg(network: Network, title: str) -> str:
    """The picture as a file that needs nothing else."""
    drawn, repeats = boxes(network.rows)
    layout = arrange([size(box) for box in drawn], [box.inputs for box in drawn])
    frames = [(frame(layout, repeat), repeat.times) for repeat in repeats]
    around = [*layout.places, *(place for place, _ in frames)]
    around += [lane for lanes in layout.lanes.values() for lane in lanes]
    legend = [group for group in NAMED if group in {box.group for box in drawn}]
    heading = _heading(network)
    left = min(place.x for place in around) - MARGIN
    wide = max(place.right for place in around) + MARGIN - left
    width = max(wide, 2 * MARGIN + max(_length(heading, TEXT), _length(title, TITLE)))
    keys, below = _legend(legend, width)
    height = max(place.bottom for place in around) + MARGIN + below
    shift = (width - wide) / 2 - left
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_description(network, drawn))}</desc>',
        f"<style>{_style()}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0.5 8 4 0 7.5Z"/></marker></defs>',
        '<rect class="ground" width="100%" height="100%"/>',
        f'<text class="title" x="{MARGIN:.0f}" y="30">{escape(title)}</text>',
        f'<text x="{MARGIN:.0f}" y="48">{escape(heading)}</text>',
        *keys,
        f'<g transform="translate({shift:.1f} {below:.1f})">',
        *(_frame(place, times) for place, times in frames),
        *(_line(edge, line) for edge, line in layout.lines.items()),
        *(_box(box, place) for box, place in zip(drawn, layout.places, strict=True)),
        *(_times(place, times) for place, times in frames),
        "</g>",
        "</svg>",
    ]
    return FORBIDDEN.sub("\ufffd", "\n".join(parts) + "\n")


def size(box: Box) -> tuple[float, float]:
    """Width and height of a box, from the lengths of its lines as far as they can be known."""
    first, *others = box.lines
    longest = max(_length(first, TITLE), *(_length(line, TEXT) for line in others))
    return max(NARROWEST, longest + 2 * INSIDE), len(box.lines) * LINE + INSIDE


def frame(layout: Layout, repeat: Repeat) -> Place:
    """What lies around the boxes that are repeated, and the lines between them."""
    inner = range(repeat.first, repeat.last + 1)
    inside = [layout.places[box] for box in inner]
    top = min(place.y for place in inside)
    inside += [
        lane
        for (_, lower), lanes in layout.lanes.items()
        if lower in inner
        for lane in lanes
        if lane.y >= top
    ]
    left = min(place.x for place in inside) - AROUND
    right = max(place.right for place in inside) + AROUND
    bottom = max(place.bottom for place in inside) + AROUND
    return Place(left, top - AROUND, right - left, bottom - top + AROUND)


def _length(text: str, letter: float) -> float:
    return len(text) * letter * WIDE[letter]


def _heading(network: Network) -> str:
    total = network.trainable + network.fixed
    return f"{total:,} parameters · {network.multiply_adds:,} multiply-adds for one example"


def _description(network: Network, drawn: Sequence[Box]) -> str:
    kinds = ", ".join(box.lines[0] for box in drawn)
    return f"{_heading(network)}. {len(network.rows)} layers, from the input on: {kinds}."


def _legend(groups: Sequence[str], width: float) -> tuple[list[str], float]:
    """What the colours mean, and where the picture may begin below it."""
    x, y = MARGIN, 70.0
    parts = []
    for group in groups:
        length = 18 + _length(group, TEXT) + 14
        if x > MARGIN and x + length > width:
            x, y = MARGIN, y + 18
        parts.append(
            f'<rect class="{group}" x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12" rx="3"/>'
            f'<text x="{x + 18:.0f}" y="{y:.0f}">{group}</text>'
        )
        x += length
    return parts, y + 30


def _box(box: Box, place: Place) -> str:
    middle = place.x + place.width / 2
    lines = [
        f'<text class="{"kind" if number == 0 else "figures"}" x="{middle:.1f}" '
        f'y="{place.y + INSIDE / 2 + LINE * (number + 0.75):.1f}">{escape(line)}</text>'
        for number, line in enumerate(box.lines)
    ]
    return (
        f'<g class="box" data-layers={quoteattr(" ".join(box.names))}>'
        f"<title>{escape(', '.join(box.names))}</title>"
        f'<rect class="{box.group}" x="{place.x:.1f}" y="{place.y:.1f}" '
        f'width="{place.width:.1f}" height="{place.height:.1f}" rx="6"/>{"".join(lines)}</g>'
    )


def _line(edge: tuple[int, int], line: Sequence[Stretch]) -> str:
    """An arrow, down each stretch and in a curve to the next."""
    path = f"M{line[0].x:.1f} {line[0].top:.1f}V{line[0].bottom:.1f}"
    for before, after in pairwise(line):
        between = (before.bottom + after.top) / 2
        if abs(before.x - after.x) < 0.5:
            path += f"V{after.bottom:.1f}"
        else:
            path += (
                f"C{before.x:.1f} {between:.1f} {after.x:.1f} {between:.1f} "
                f"{after.x:.1f} {after.top:.1f}V{after.bottom:.1f}"
            )
    return f'<path class="line" data-edge="{edge[0]} {edge[1]}" d="{path}"/>'


def _frame(place: Place, times: int) -> str:
    return (
        f'<rect class="frame" x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="10"><title>repeated {times} times</title></rect>'
    )


def _times(place: Place, times: int) -> str:
    """How often the part is repeated, on the left upper corner of its frame."""
    text = f"× {times}"
    width = _length(text, TITLE) + 12
    return (
        f'<rect class="pill" x="{place.x - width / 2:.1f}" y="{place.y - 9:.1f}" '
        f'width="{width:.1f}" height="18" rx="9"/>'
        f'<text class="times" x="{place.x:.1f}" y="{place.y + 4.5:.1f}">{text}</text>'
    )


def _style() -> str:
    light = "".join(f"rect.{group}{{fill:{pair[0]}}}" for group, pair in COLOURS.items())
    dark = "".join(f"rect.{group}{{fill:{pair[1]}}}" for group, pair in COLOURS.items())
    return (
        f"text{{font:{TEXT:.0f}px {FONT};fill:#1f2328}}"
        f".title{{font-size:16px;font-weight:bold}}"
        f".kind,.times{{font-size:{TITLE:.0f}px;font-weight:bold;text-anchor:middle}}"
        ".figures{text-anchor:middle}"
        ".ground{fill:#ffffff}.line{fill:none;stroke:#6b7480;stroke-width:1.4;"
        "marker-end:url(#arrow)}.head{fill:#6b7480}.box rect{stroke:#6b7480;stroke-opacity:.55}"
        ".frame{fill:#6b7480;fill-opacity:.07;stroke:#6b7480;stroke-dasharray:5 4}"
        f".pill{{fill:#ffffff;stroke:#6b7480}}{light}"
        "@media (prefers-color-scheme: dark){text{fill:#e6e9ed}.ground{fill:#14171b}"
        ".line,.frame,.pill{stroke:#9aa4b0}.head{fill:#9aa4b0}.pill{fill:#14171b}"
        f"{dark}}}"
    )
