"""A picture of a few training images and videos, as they are and as augmentation changes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import files
from kbuilder.columns import Arrays, Columns
from kbuilder.errors import CallError, listed, printable
from kbuilder.features.image import Image
from kbuilder.features.video import Video
from kbuilder.tables.table import Table

ROWS = 8
CHANGED = 7
CELL = 64  # smaller images are enlarged to about this many pixels, each pixel a square
GAP = 2
LABEL = 112  # width of the column of labels
TITLE = 18  # height of the line above the images
LETTERS = 16  # of a label that are shown


def write(path: Path, columns: Columns, table: Table, arrays: Arrays, seed: int) -> None:
    """Write the picture as a PNG file.

    A row has a label, the image as it is, and changed ones where the feature has `augment`; of a
    video, some of its frames in their order, and all rows once more as changed. Where several
    features are images or videos, theirs stand below each other.

    Args:
        path: The file; one that is there is replaced.
        columns: Learned features and task.
        table, arrays: The training rows, raw and preprocessed.
        seed: Of the choice of rows and of what is changed.

    Raises:
        CallError: if no feature is an image or a video.
    """
    import keras

    keras.utils.set_random_seed(seed)
    chosen = np.random.default_rng(seed).permutation(len(table))[:ROWS]
    keys = columns.keys()
    strips: list[list[list[np.ndarray]]] = []
    for column, feature in columns.features.items():
        if isinstance(feature, Image):
            strips.append(_strip(feature, arrays[keys[column]][chosen]))
        elif isinstance(feature, Video):
            strips += _frames(feature, arrays[keys[column]][chosen])
    if not strips:
        raise CallError(
            "samples show images and videos, and no feature is one. "
            f"The features are: {listed(columns.features)}."
        )
    values = table.target(columns.target)[chosen]
    labels = [printable(_label(value)) for value in values] * len(strips)
    shown = [feature for feature in columns.features.values() if isinstance(feature, Image | Video)]
    changed = any(isinstance(feature, Image) and feature.augment for feature in shown)
    titles = ["as it is, then as in training"] if changed else []
    videos = [feature for feature in shown if isinstance(feature, Video)]
    titles += ["frames in their order"] if videos else []
    titles += ["then as in training"] if any(feature.augment for feature in videos) else []
    picture = _picture([cells for strip in strips for cells in strip], labels, "; ".join(titles))
    with files.new_file(path) as file:
        picture.save(file, "PNG")


def _frames(feature: Video, videos: np.ndarray) -> list[list[list[np.ndarray]]]:
    """For each row some frames that are no padding, in order: bytes of (height, width, 3).

    Returns:
        The strip of the videos as they are, and that of changed ones where there is `augment`.
    """
    import keras

    inputs = keras.Input(videos.shape[1:], dtype=videos.dtype.name)
    signal = feature.embed(inputs)
    outputs = [signal.tensor] if signal.mask is None else [signal.tensor, signal.mask]
    embedded = keras.Model(inputs, outputs)
    strips: list[list[list[np.ndarray]]] = []
    bounds = 0.0, 1.0
    for training in (False, True) if feature.augment else (False,):
        found = [np.asarray(one) for one in embedded(videos, training=training)]
        if not training:
            bounds = min(0.0, float(found[0].min())), max(1.0, float(found[0].max()))
        rows = []
        for row, video in enumerate(found[0]):
            real = video[found[1][row]] if len(found) > 1 else video
            picked = np.linspace(0, len(real) - 1, min(len(real), 1 + CHANGED)).round().astype(int)
            rows.append(_shown(real[picked] if len(real) else video[:1], bounds))
        strips.append(rows)
    return strips


def _shown(pixels: np.ndarray, bounds: tuple[float, float]) -> list[np.ndarray]:
    """Pixels as bytes of (height, width, 3), enlarged.

    Args:
        pixels: (n, height, width, channels).
        bounds: What becomes 0, and what becomes 255.
    """
    enlarged = max(1, CELL // max(pixels.shape[1:3]))
    shown = np.clip((pixels - bounds[0]) / (bounds[1] - bounds[0]), 0, 1)
    shown = shown.repeat(enlarged, axis=1).repeat(enlarged, axis=2)
    seen = np.round(shown[..., :3] * 255).astype(np.uint8)  # a fourth channel has no colour
    return list(np.broadcast_to(seen, (*shown.shape[:-1], 3)))


def _strip(feature: Image, pixels: np.ndarray) -> list[list[np.ndarray]]:
    """For each row the image, and it changed: bytes of (height, width, 3)."""
    import keras

    inputs = keras.Input(pixels.shape[1:], dtype=pixels.dtype.name)
    embedded = keras.Model(inputs, feature.embed(inputs).tensor)
    columns = [embedded(pixels, training=False).numpy()]
    bounds = min(0.0, float(columns[0].min())), max(1.0, float(columns[0].max()))
    if feature.augment:
        columns += [embedded(pixels, training=True).numpy() for _ in range(CHANGED)]
    return [_shown(row, bounds) for row in np.stack(columns, axis=1)]


def _label(value: Any) -> str:
    """A target as a short text."""
    if isinstance(value, float | np.floating):
        text = f"{value:.4g}"
    elif isinstance(value, np.ndarray | list | tuple):
        text = listed(_label(item) for item in value)
    else:
        text = str(value)
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _picture(rows: list[list[np.ndarray]], labels: list[str], title: str) -> Any:
    """The rows of images below each other, each with its label on the left."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    sizes = [cells[0].shape for cells in rows]
    width = max(LABEL + (GAP + size[1]) * len(row) for row, size in zip(rows, sizes, strict=True))
    height = TITLE + sum(GAP + size[0] for size in sizes)
    picture = Pillow.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=12)
    draw.text((LABEL, 2), title, "black", font)
    top = TITLE
    for cells, label in zip(rows, labels, strict=True):
        draw.text((2, top + 2), label, "black", font)
        for place, cell in enumerate(cells):
            left = LABEL + place * (GAP + cell.shape[1])
            picture.paste(Pillow.fromarray(cell), (left, top))
        top += GAP + cells[0].shape[0]
    return picture
