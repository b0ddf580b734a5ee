"""The head of a JPEG that has nothing but pixels: no Exif, no profile, nothing to turn.

Pillow says the same of it in thirty times the time; whatever else a JPEG has is left to Pillow.
"""

from __future__ import annotations

from typing import NamedTuple

PASSED = (0xC4, 0xDD, 0xE0, 0xFE)
"""Segments that say nothing of what is seen: Huffman tables, restarts, JFIF, comments."""
QUANTIZATION, FRAMES, SCAN = 0xDB, (0xC0, 0xC2), 0xDA
TABLE = 65
"""Bytes of a quantization table of 8 bits."""


class Head(NamedTuple):
    """Size in pixels, and whether there are no colours."""

    width: int
    height: int
    grey: bool


def head(content: bytes) -> Head | None:
    """What a JPEG says of itself up to its scan; None: it is no plain one, or may be damaged."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at, found, size = 2, None, len(content)
    while at + 4 <= size and content[at] == 0xFF:
        kind, end = content[at + 1], at + 2 + (content[at + 2] << 8 | content[at + 3])
        if end > size or end < at + 4:
            return None
        if kind == SCAN:
            return found
        body = content[at + 4 : end]
        if kind in FRAMES and found is None:
            found = _frame(body)
            if found is None:
                return None
        elif kind == QUANTIZATION:
            if len(body) % TABLE or any(body[n] > 15 for n in range(0, len(body), TABLE)):
                return None
        elif kind not in PASSED:
            return None
        at = end
    return None


def _frame(body: bytes) -> Head | None:
    if len(body) < 6 or body[0] != 8 or body[5] not in (1, 3) or len(body) != 6 + 3 * body[5]:
        return None
    height, width = body[1] << 8 | body[2], body[3] << 8 | body[4]
    return Head(width, height, body[5] == 1) if width and height else None
