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

    found = Image.fromarray(np.asarray(coloured(picture, push)))
    times = -(-SIDE // max(found.size))
    return found.resize((found.width * times, found.height * times), Image.Resampling.NEAREST)


def coloured(picture: Any, push: Any) -> Any:
    """The colours of `heat_map`, as a tensor, so that an export has them too.

    Args:
        picture, push: As `heat_map` takes them; arrays or tensors.

    Returns:
        (height, width, 3) uint8
    """
    import tensorflow as tf

    size = tf.cast(tf.abs(push), tf.float64)
    sizes = tf.sort(tf.reshape(size, [-1]))
    place = tf.cast(tf.size(sizes) - 1, tf.float64) * (HIGHEST / 100)
    before, after = (
        tf.gather(sizes, tf.cast(one, tf.int32)) for one in (place // 1, -(-place // 1))
    )
    whole = before + (after - before) * (place % 1)
    whole = tf.where(whole > 0, whole, tf.where(sizes[-1] > 0, sizes[-1], 1.0))
    share = tf.clip_by_value(size / whole, 0.0, 1.0)[..., None]
    grey = tf.clip_by_value(tf.reduce_mean(tf.cast(picture, tf.float64), axis=-1), 0.0, 1.0)
    paper = 1 - FAINT * (1 - grey)
    colour = tf.where((push > 0)[..., None], TOWARDS, AGAINST)
    mixed = (1 - share) * paper[..., None] + share * colour
    return tf.cast(tf.round(mixed * 255), tf.uint8)


def named(label: int | str) -> str:
    """What the file of a row or a column is called: a number as it is; a name without signs that
    not every file may have, and with a sum of the whole, so that no two are alike."""
    if not isinstance(label, str):
        return str(label)
    return f"{re.sub(r'[^a-zA-Z0-9.-]+', '_', label).strip('._')[-60:]}-{crc32(label.encode()):08x}"
