"""Videos of a dot that moves: no single frame shows where to."""

from __future__ import annotations

import numpy as np

NAMES = np.array(["left", "right"], dtype=object)


def moving(
    rows: int, frames: int = 6, side: int = 12, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Grey videos and where their dots move: every place of a dot is as likely in both classes.

    Returns:
        (rows, frames, side, side, 1) uint8, and (rows,) words.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    videos = random.integers(0, 30, (rows, frames, side, side, 1)).astype(np.uint8)
    for row, label in enumerate(labels):
        start, height = random.integers(0, side), random.integers(0, side - 1)
        for frame in range(frames):
            column = (start + (2 * label - 1) * frame) % (side - 1)
            videos[row, frame, height : height + 2, column : column + 2] = 255
    return videos, NAMES[labels]
