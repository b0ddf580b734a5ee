"""The parts of the report, and the page that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kbuilder.reporting.figures import Figure
from kbuilder.reporting.words import Words

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Args:
        caption: What it shows.
        head: The titles of its columns.
        rows: Its cells; numbers are written with four digits after the point, or as they are.
        shades: How dark each cell is, from 0 to 1, in the order of `rows`; none: not at all.
        pictures: A picture for each row, as a URL; none: there are none.
        folded: Whether it is shown only when it is asked for.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    shades: Sequence[Sequence[float | None]] = ()
    pictures: Sequence[str] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page under a title of its own.

    Args:
        title: The title.
        lines: Sentences.
        tables, figures: What stands below them.
        texts: Texts as they are, such as a recipe, by their title.
    """

    title: str
    lines: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


def render(title: str, sections: Sequence[Section], words: Words) -> str:
    """The page as HTML; what comes from data is text in it, never markup.

    Args:
        title: What the run is called.
        sections: Its parts, the first of which sums up.
        words: The language of the page.
    """
    return str(template("report.html").render(
        title=title, sections=sections, say=words.say, language=words.language
    ))  # fmt: skip


@cache
def template(name: str) -> Any:
    """A template of this folder, which takes what it is given as text."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["cell"] = cell
    return environment.from_string((FOLDER / name).read_text(encoding="utf-8"))


def cell(value: Any) -> str:
    """A cell as text: numbers with four digits after the point, counts with commas."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if value != value:
        return "–"
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:,.2f}"
