"""The order of names in which people count."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """The key by which names are sorted as people do: p2 before p10."""
    pieces = re.split(r"(\d+)", name)
    return tuple((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces)
