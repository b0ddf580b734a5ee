"""One encoded picture, and how TensorFlow gets to read it.

Fits, evaluations, predictions and servers take each picture through `readable`; what they then
read is the same, and so is what they refuse.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from kbuilder import progress
from kbuilder.late import np
from kbuilder.tables import plain_jpeg
from kbuilder.tables.picture_heads import (
    KINDS,
    PictureError,
    keep_fourth_band,
    look,
    opened,
    plain_picture,
    seen_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

AT_ONCE = 64
"""Files that a thread takes at once."""
SETTINGS = 1_000
"""Settings of JPEG files that are remembered, at most: cameras and programs have a few each."""
DECODED: set[bytes] = set()
"""The settings of JPEG files that were decoded to the end; see `plain_jpeg.settings`."""
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""How Pillow is to turn a picture, by the orientation of Exif; see PIL.Image.Transpose."""


def readable(content: bytes, channels: int) -> bytes:
    """The picture itself if TensorFlow reads it; else a PNG of what a viewer shows.

    Args:
        content: The encoded picture.
        channels: The channels that are wanted: 4 keeps a fourth band that is no alpha.

    Raises:
        PictureError: as `look`, or if it is damaged.
    """
    if plain_picture(content) is not None:
        return content
    with opened(content) as image:
        return content if seen_in(image, content).alone else upright(content, channels)


def load(content: bytes) -> None:
    """Check that a picture is whole: it is decoded, unless a JPEG with its settings has been.

    Raises:
        PictureError: as `look`, or if it is damaged.
    """
    settings = plain_jpeg.settings(content)
    if settings in DECODED:
        return
    with opened(content) as image:
        seen_in(image, content)
        image.load()
    if settings is not None and len(DECODED) < SETTINGS:
        DECODED.add(settings)


def read(file: Path) -> bytes:
    """The content of a file that is a whole picture.

    Raises:
        PictureError: as `load`, or if it cannot be opened.
    """
    if not file.is_file():
        raise PictureError("it is no regular file")
    try:
        with file.open("rb", buffering=0) as binary:
            content = binary.read()
    except OSError as error:
        raise PictureError(f"it cannot be opened: {error.strerror}") from None
    load(content)
    return content


def read_all(
    files: Sequence[Path], use: Callable[[bytes], Any] = lambda content: content
) -> tuple[list[Any], dict[int, str]]:
    """What files of pictures hold, which are read and decoded by all cores.

    Args:
        files: Their paths.
        use: What becomes of the content of each, as it is read; called by several threads.

    Returns:
        What `use` gave, by file, None where it cannot be read; and why not, by number of the file.
    """
    held: list[Any] = []
    wrong: dict[int, str] = {}

    def some(first: int) -> list[Any]:
        found: list[Any] = []
        for number, file in enumerate(files[first : first + AT_ONCE], first):
            try:
                found.append(use(read(file)))
            except PictureError as error:
                found.append(None)
                wrong[number] = str(error)
        return found

    with (
        progress.stage("reading the pictures", len(files), "files") as stage,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for found in pool.map(some, range(0, len(files), AT_ONCE)):
            held += found
            stage.advance(len(found))
    return held, dict(sorted(wrong.items()))


def greatest(content: bytes) -> int:
    """The greatest pixel of a picture of 16 bits; 65,535 if it has colours, or fewer bits."""
    with opened(content) as image:
        if not image.mode.startswith("I;16"):
            return 65_535
        extrema: Any = image.getextrema()
    return int(extrema[1])


def upright(content: bytes, channels: int) -> bytes:
    """A PNG of what a viewer shows of a picture; its transparent pixels stay so.

    Args:
        content: The picture, as Pillow reads it.
        channels: How many are wanted; 4 keeps the fourth band of a TIFF that is no alpha.
    """
    from PIL import Image

    if channels == 4:
        content = keep_fourth_band(content)
    with Image.open(io.BytesIO(content), formats=KINDS) as opened:
        inverted = dict(getattr(opened, "tag_v2", {})).get(262) == 0  # white is 0
        opened.load()
        turn = TURNS.get(opened.getexif().get(274, 1))  # the tag Orientation
        image = opened if turn is None else opened.transpose(Image.Transpose(turn))
    if image.mode.startswith("I;16"):
        if inverted:  # which Pillow does for 8 bits alone
            pixels = np.frombuffer(image.tobytes("raw", "I;16"), "<u2")
            image = Image.frombytes("I;16", image.size, (65_535 - pixels).tobytes())
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L"):
        image = image.convert("RGB")
    image.info.clear()
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return written.getvalue()


def shown(content: bytes) -> tuple[tuple[int, int], bytes]:
    """What a viewer shows of a picture on white: its size, and its pixels. Equal if they look so.

    Raises:
        PictureError: as `load`.
    """
    load(content)
    image = _on_white(content)
    if not image.mode.startswith("I;16"):
        image = image.convert("RGB")
    return image.size, image.tobytes()


def _on_white(content: bytes) -> Image.Image:
    """The picture as a viewer shows it, without alpha."""
    from PIL import Image

    image: Image.Image
    with Image.open(io.BytesIO(upright(content, 3))) as image:
        image.load()
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def pixels(content: bytes, height: int, width: int, channels: int) -> np.ndarray:
    """What a viewer shows of a picture on white, resized. (height, width, channels) uint8

    Args:
        content: The picture, which `load` has read.
        height, width: Size in pixels.
        channels: 1 or 3.

    Raises:
        PictureError: as `look`, and of a picture of 16 bits, which bytes do not hold.
    """
    from PIL import Image

    if look(content).deep:
        raise PictureError(
            "it has 16 bits, and frames keep 8; videos as .npy files in an array_folder keep all"
        )
    image = _on_white(content)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, channels)
