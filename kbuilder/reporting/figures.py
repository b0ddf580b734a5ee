"""Figures of the report, drawn by matplotlib as SVG that takes the colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#010203", "#040506"
"""Stand for the colours of text and of lines; the page has others by day and by night."""
SERIES = ("#3b7dd8", "#d9772b", "#3c9d6b", "#b0529c", "#8a7a3a", "#5b6ee1", "#c94f4f", "#4aa3a3")
STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "kbuilder", "text.parse_math": False,
    "font.family": "sans-serif", "font.size": 10, "text.color": INK, "axes.edgecolor": FAINT,
    "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.titlecolor": INK,
    "axes.grid": True, "grid.color": FAINT, "grid.alpha": 0.35, "axes.spines.top": False,
    "axes.spines.right": False, "legend.frameon": False, "figure.facecolor": "none",
    "axes.facecolor": "none", "savefig.facecolor": "none", "axes.unicode_minus": False,
}  # fmt: skip
POINTS = 300
"""Points of a curve, at most."""
DOTS = 1000
"""Points of a scatter plot, at most."""
Draw = Callable[[Sequence["Axes"]], None]


class Figure(NamedTuple):
    """A picture in the page.

    Args:
        svg: The picture, as a part of HTML.
        caption: What it shows, for who sees it and who does not.
    """

    svg: str
    caption: str


def drawn(
    draw: Draw,
    caption: str,
    panels: int = 1,
    size: tuple[float, float] | None = None,
    left: float = 0.14,
) -> Figure:
    """A picture of so many panels side by side.

    Args:
        draw: Draws into the axes of the panels.
        caption: What it shows.
        panels: How many there are; >= 1.
        size: Width and height, in inches of matplotlib's; None: those of so many panels.
        left: The share of a panel's width that is for what stands left of it.
    """
    import warnings

    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    style: Any = {**STYLE, "axes.prop_cycle": cycler(color=SERIES)}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripts that the measuring font lacks: browsers have them
        canvas = Canvas(figsize=size or (4.4 * panels, 3.2), layout=None)
        FigureCanvasSVG(canvas)
        axes = canvas.subplots(1, panels, squeeze=False)[0].tolist()
        below = 0.5 / canvas.get_size_inches()[1]
        canvas.subplots_adjust(left / panels, below, 1 - 0.03 / panels, 1 - below * 0.6, 0.24)
        draw(axes)
        text = io.StringIO()
        canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return Figure(_fitted(text.getvalue(), caption), caption)


def plotted(draw: Draw, panels: int = 1) -> Any:
    """A figure of matplotlib, of so many panels side by side, which a notebook shows.

    Args:
        draw: Draws into the axes of the panels.
        panels: How many there are; >= 1.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    class Shown(Canvas):
        """A figure that shows itself, whether or not pyplot is in use."""

        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png")
            return content.getvalue()

    canvas = Shown(figsize=(4.4 * panels, 3.2), layout="constrained")
    FigureCanvasAgg(canvas)
    draw(canvas.subplots(1, panels, squeeze=False)[0].tolist())
    return canvas


def _fitted(svg: str, caption: str) -> str:
    """SVG as a part of a page: as wide as its place, in the page's colours, with names of its own.

    Args:
        svg: A file of matplotlib's.
        caption: From which the names are made, which are unlike in each picture of a page.
    """
    import html
    import zlib

    own = f"f{zlib.crc32(caption.encode()):08x}"
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{own}-', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{own}-", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None, "matplotlib says it"
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    label = f'role="img" aria-label="{html.escape(caption)}"'
    svg = f"<svg {spaces} {box[0]} {label}>{svg[svg.index('>') + 1 :]}"
    svg = svg.replace(INK, "currentColor").replace(FAINT, "var(--faint)")
    return re.sub(r"\n\s*", " ", svg)


def thinned(*columns: np.ndarray, most: int = POINTS) -> tuple[np.ndarray, ...]:
    """Points of a curve: so many at most, evenly, the first and the last among them."""
    rows = np.unique(np.linspace(0, len(columns[0]) - 1, min(most, len(columns[0]))).astype(int))
    return tuple(column[rows] for column in columns)


def some(*columns: np.ndarray, most: int = DOTS) -> tuple[np.ndarray, ...]:
    """The same rows of each column: so many at most, drawn at random, always the same."""
    count = len(columns[0])
    rows = np.sort(np.random.default_rng(0).permutation(count)[:most])
    return tuple(column[rows] for column in columns)
