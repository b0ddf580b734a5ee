"""Words of data in Markdown, as GitHub and Hugging Face show it: whatever they are, text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kbuilder.errors import cut, on_one_line

MARKUP = str.maketrans({mark: f"&#{ord(mark)};" for mark in '\\`*_{}[]<>#|~&$!@:"^'})
"""What may be markup, a link, a formula or the end of a cell, each as a reference to itself."""
SIMPLE = re.compile(r"[^\W_](?:[\w .%-]*[\w.%])?")
"""A word that a code span shows as it is."""
LONG = 80
"""Characters of a word that are shown, at most."""


def code(word: object) -> str:
    """A word of data as code, on one line, cut where it is long."""
    text = cut(on_one_line(str(word)), LONG)
    return f"`{text}`" if SIMPLE.fullmatch(text) else f"<code>{plain(text)}</code>"


def plain(text: str) -> str:
    """A text on one line in which nothing is markup; it is not for the beginning of a line."""
    return on_one_line(text).translate(MARKUP).replace("www.", "www&#46;")


def words(known: Iterable[object], most: int = 20) -> str:
    """Words of data with commas between them, cut after `most` with the count of the rest."""
    items = list(known)
    shown = ", ".join(map(code, items[:most]))
    return shown if len(items) <= most else f"{shown} and {len(items) - most:,} more"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table.

    Args:
        head: Its columns.
        rows: The cells of each row, in which data is `code` or `plain`.
    """
    body = [head, ["---"] * len(head), *rows]
    return ["", *(f"| {' | '.join(cells)} |" for cells in body), ""]
