"""Pictures with what pushes an answer."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

import numpy as np

SIDE = 192
"""Pixels of the longer side, at least: of smaller pictures each pixel is enlarged."""
FAINT = 0.5
"""How much of its contrast the picture keeps below the colours."""
TOWARDS, AGAINST = np.array([0.84, 0.15, 0.16]), np.array([0.12, 0.40, 0.75])
"""Red and blue, which also the colour-blind tell apart."""
HIGHEST = 99.5
"""The percentile of what pushes that gets the full colour: a single pixel would rule otherwise."""


def heat_map(picture: np.ndarray, push: np.ndarray) -> Any:
    """A picture in grey, red where it pushes towards what is explained, and blue against it.

    Args:
        picture: 0 to 1, (height, width, channels).
        push: The contribution of each pixel, (height, width).

    Returns:
        The picture, of Pillow.
    """
    from PIL import Image

    grey = np.clip(picture.astype(np.float64).mean(axis=-1), 0, 1)
    paper = 1 - FAINT * (1 - grey)
    whole = np.percentile(np.abs(push), HIGHEST) or np.abs(push).max() or 1.0
    share = np.clip(np.abs(push) / whole, 0, 1)[..., None]
    colour = np.where((push > 0)[..., None], TOWARDS, AGAINST)
    mixed = (1 - share) * paper[..., None] + share * colour
    found = Image.fromarray((mixed * 255).round().astype(np.uint8))
    times = -(-SIDE // max(found.size))
    return found.resize((found.width * times, found.height * times), Image.Resampling.NEAREST)


def named(label: int | str) -> str:
    """What the file of a row or a column is called: a number as it is; a name without signs that
    not every file may have, and with a sum of the whole, so that no two are alike."""
    if not isinstance(label, str):
        return str(label)
    return f"{re.sub(r'[^a-zA-Z0-9.-]+', '_', label).strip('._')[-60:]}-{crc32(label.encode()):08x}"
