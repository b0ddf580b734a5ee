"""The head of a JPEG that has nothing but pixels: no Exif, no profile, nothing to turn.

Pillow says the same of it in thirty times the time; whatever else a JPEG has is left to Pillow.

Source: the markers are those of ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PASSED = (0xC4, 0xDD, 0xE0, 0xFE)
"""Segments that say nothing of what is seen: Huffman tables, restarts, JFIF, comments."""
QUANTIZATION, FRAMES, SCAN = 0xDB, (0xC0, 0xC2), 0xDA
BASELINE = 0xC0
TABLE = 65
"""Bytes of a quantization table of 8 bits."""
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""What ends a scan: any marker but a restart."""
END = b"\xff\xd9"
LONGEST, LARGEST = 65_500, 10_000_000
"""Pixels at most of a side, as decoders have it, and of a picture that has `settings`."""


class Head(NamedTuple):
    """Size in pixels, and whether there are no colours.

    Args:
        baseline: Whether all that is coded comes in one scan, or in one for each colour.
        size: Where the size stands, in bytes.
        scan: Where the first scan begins, in bytes.
    """

    width: int
    height: int
    grey: bool
    baseline: bool
    size: int
    scan: int


def head(content: bytes) -> Head | None:
    """What a JPEG says of itself up to its scan; None: it is no plain one, or may be damaged."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at, frame, size = 2, None, len(content)
    while at + 4 <= size and content[at] == 0xFF:
        kind, end = content[at + 1], at + 2 + (content[at + 2] << 8 | content[at + 3])
        if end > size or end < at + 4:
            return None
        if kind == SCAN:
            return frame and _head(*frame, scan=end)
        body = content[at + 4 : end]
        if kind in FRAMES and frame is None:
            frame = body, kind, at + 5
        elif kind == QUANTIZATION:
            if len(body) % TABLE or any(body[n] > 15 for n in range(0, len(body), TABLE)):
                return None
        elif kind not in PASSED:
            return None
        at = end
    return None


def settings(content: bytes) -> bytes | None:
    """All that a plain JPEG says before its pixels, but its size.

    Of two files with the same settings a decoder gets to the end of both, or of neither: what is
    coded wrongly in a scan is a warning, for which it fills in pixels.

    Returns:
        The settings; None: it is no plain one, is progressive, is large, or has anything but one
        scan up to its end, so that only a decoder can say whether it is whole.
    """
    found = head(content)
    if found is None or not found.baseline or max(found.width, found.height) > LONGEST:
        return None
    ending = MARKER.search(content, found.scan)
    if ending is None or ending[0] != END or found.width * found.height > LARGEST:
        return None
    return content[: found.size] + content[found.size + 4 : found.scan]


def _head(body: bytes, kind: int, size: int, scan: int) -> Head | None:
    """What a frame says; None: it has not 8 bits, or neither one colour nor three."""
    if len(body) < 6 or body[0] != 8 or body[5] not in (1, 3) or len(body) != 6 + 3 * body[5]:
        return None
    height, width = body[1] << 8 | body[2], body[3] << 8 | body[4]
    if not width or not height:
        return None
    return Head(width, height, body[5] == 1, kind == BASELINE, size, scan)
