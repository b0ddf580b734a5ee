"""A picture of a network, as SVG."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import networks
import pytest
from shared import calls_of

from kbuilder.describing.boxes import boxes
from kbuilder.describing.diagram import COLOURS, as_svg
from kbuilder.describing.kinds import GROUPS
from kbuilder.describing.network import describe

SVG = "{http://www.w3.org/2000/svg}"
# Width of a letter as a share of its size, in the widest of the usual fonts.
LETTER = {"kind": 13 * 0.66, "figures": 12 * 0.58}


def parsed(network: Any, title: str = "a net") -> ElementTree.Element:
    return ElementTree.fromstring(as_svg(describe(network()), title))


def numbers(rectangle: ElementTree.Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(rectangle.attrib[n]) for n in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def box_of(group: ElementTree.Element) -> ElementTree.Element:
    found = group.find(f"{SVG}rect")
    assert found is not None
    return found


@pytest.mark.parametrize("network", networks.ALL, ids=lambda network: network.__name__)
def test_it_shows_every_layer_with_its_text_inside_its_box(network: Any) -> None:
    picture = parsed(network)
    groups = picture.findall(f".//{SVG}g[@class='box']")
    told = [group.findtext(f"{SVG}title") or "" for group in groups]
    rows = describe(network()).rows
    assert sorted(", ".join(told).split(", ")) == sorted(row.name for row in rows)
    for group in groups:
        left, top, right, bottom = numbers(box_of(group))
        for text in group.findall(f"{SVG}text"):
            half = len(text.text or "") * LETTER[text.attrib["class"]] / 2
            assert left < float(text.attrib["x"]) - half
            assert float(text.attrib["x"]) + half < right
            assert top + 9 < float(text.attrib["y"]) < bottom - 3


@pytest.mark.parametrize("network", networks.ALL, ids=lambda network: network.__name__)
def test_every_arrow_goes_from_box_to_box_within_the_picture(network: Any) -> None:
    picture = parsed(network)
    found, _ = boxes(describe(network()).rows)
    rectangles = [numbers(box_of(g)) for g in picture.findall(f".//{SVG}g[@class='box']")]
    arrows = picture.findall(f".//{SVG}path[@class='line']")
    edges = [(source, place) for place, box in enumerate(found) for source in box.inputs]
    drawn = [tuple(map(int, arrow.attrib["data-edge"].split())) for arrow in arrows]
    assert sorted(drawn) == sorted(edges)
    for arrow, (source, target) in zip(arrows, drawn, strict=True):
        x, y, *_ = map(float, re.findall(r"-?[\d.]+", arrow.attrib["d"]))
        end = float(arrow.attrib["d"].rpartition("V")[2])
        assert rectangles[source][0] <= x <= rectangles[source][2]
        assert y == pytest.approx(rectangles[source][3], abs=0.15)
        assert end == pytest.approx(rectangles[target][1], abs=0.15)
    [moved] = [g for g in picture if "transform" in g.attrib]
    x, y = map(float, re.findall(r"-?[\d.]+", moved.attrib["transform"]))
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    assert (picture.attrib["width"], picture.attrib["height"]) == (f"{width:.0f}", f"{height:.0f}")
    for left, top, right, bottom in rectangles:
        assert x + left >= 0 <= y + top
        assert x + right <= width
        assert y + bottom <= height


def test_repeated_units_have_a_frame_around_them_with_their_number() -> None:
    picture = parsed(networks.residual)
    said = [text.text for text in picture.findall(f".//{SVG}text[@class='times']")]
    assert said == ["× 3", "× 2", "× 2"]
    frames = [numbers(frame) for frame in picture.findall(f".//{SVG}rect[@class='frame']")]
    places = [numbers(box_of(g)) for g in picture.findall(f".//{SVG}g[@class='box']")]
    inside = [
        [a[0] < b[0] and a[1] < b[1] and b[2] < a[2] and b[3] < a[3] for b in places].count(True)
        for a in frames
    ]
    assert inside == [3, 3, 3]


def test_it_is_told_to_those_who_do_not_see_it_and_escapes_what_it_names() -> None:
    picture = parsed(networks.branches, "rain & <snow> \x01\ud800")
    assert picture.findtext(f"{SVG}title") == "rain & <snow> \ufffd\ufffd"
    assert picture.attrib["role"] == "img"
    description = picture.findtext(f"{SVG}desc") or ""
    assert description.startswith("623 parameters · 4,268 multiply-adds for one example. ")
    assert "photo, Conv2D 2, 3 × 3, Flatten, a < b & 'c' \"d\", Dense 4, relu" in description


def test_it_needs_no_other_file_and_has_colours_for_light_and_dark() -> None:
    text = as_svg(describe(networks.lenet()), "lenet")
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "@media (prefers-color-scheme: dark)" in text
    assert set(COLOURS) == set(GROUPS)


def test_work_grows_with_the_layers_and_not_with_their_square() -> None:
    few, many = networks.residual(), networks.resnet50()
    calls = [
        calls_of(lambda model=model: as_svg(describe(model), "resnet")) / len(model.layers)  # type: ignore[misc]
        for model in (few, many)
    ]
    assert calls[1] < 1.5 * calls[0], calls
