"""The head of an encoded picture: what it says, and what of it is refused."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbuilder.tables import plain_jpeg

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
"""What the names of pictures usually end in."""
OTHER_ENDINGS = (
    ".jpe", ".jfif", ".jif", ".apng", ".dib", ".mpo", ".heic", ".heif", ".avif", ".jp2", ".jxl",
)  # fmt: skip
"""What they end in else. What such a file holds decides whether it is read or refused."""
KINDS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
"""What is read, by Pillow's names; MPO is a JPEG with more after it."""
READ = "JPEG, PNG, GIF, BMP, WebP or TIFF"
LARGEST = 224
"""Pixels of a side that pictures are resized to, at most, where nothing else is written."""
MOST = 89_478_485
"""Pixels of a picture at most, at which Pillow warns too; phones take 12 to 50 million."""
SPARSE = 10_000_000
"""Pixels of a picture at most, if one byte of its file stands for more than DENSE of them."""
DENSE = 100
OTHERS = (
    (4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), (4, b"ftyp", "HEIC or a film"),
    (0, b"\xff\x0a", "JPEG XL"), (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\0\0\0\x0cjP", "JPEG 2000"), (0, b"8BPS", "PSD"), (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"), (0, b"<svg", "SVG"), (0, b"<?xml", "XML, as of an SVG"),
    (0, b"<", "HTML"), (0, b"\0\0\1\0", "ICO"), (0, b"P5", "PGM"), (0, b"P6", "PPM"),
    (128, b"DICM", "DICOM"), (0, b"\x93NUMPY", "a NumPy array"), (0, b"SIMPLE  =", "FITS"),
    (0, b"data:", "a data URL"),
)  # fmt: skip
"""What is not read: where some bytes of it stand, these bytes, its name."""
DEPTHS = {(1,), (2,), (4,), (8,), (16,)}
"""Bits of a sample of a TIFF, in all its bands."""
MODES = (
    "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "I;16",
    "I;16B", "I;16L", "I;16N",
)  # fmt: skip
"""What Pillow may call the pixels of a picture that is read."""
BITS_PER_SAMPLE, SAMPLE_FORMAT, ORIENTATION = 258, 339, 0x0112


class PictureError(ValueError):
    """A picture that is not read; its text says why, as `it is empty`."""


class Quiet:
    """No warnings while a thread is within: each plug-in of Pillow has some of its own.

    `warnings.catch_warnings` is for one thread: of two the later would bring back what the earlier
    has set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0  # threads
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")
            self._within += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                self._caught.__exit__(None, None, None)


QUIET = Quiet()


@dataclass(frozen=True)
class Picture:
    """What the head of a file says of a picture.

    Args:
        kind: Its kind, by Pillow's names.
        size: Width and height in pixels, upright.
        grey: Whether it has no colours, but for alpha.
        fourth: Whether it has a fourth band beside red, green and blue that is no alpha.
        deep: Whether its pixels have 16 bits.
        alone: Whether TensorFlow reads it by itself.
    """

    kind: str
    size: tuple[int, int]
    grey: bool
    fourth: bool
    deep: bool
    alone: bool


def look(content: bytes) -> Picture:
    """Look at the head of a picture; no room is made for its pixels.

    Raises:
        PictureError: if it is no picture, of another kind, or larger than a picture should be.
    """
    plain = plain_picture(content)
    if plain is not None:
        return plain
    with opened(content) as image:
        return seen_in(image, content)


def plain_picture(content: bytes) -> Picture | None:
    """What `look` gives of a JPEG that has nothing but pixels; None: it is none.

    Raises:
        PictureError: if it is larger than a picture should be.
    """
    head = plain_jpeg.head(content)
    if head is None:
        return None
    _check_size(head.width, head.height, len(content))
    size = (head.width, head.height)
    return Picture("JPEG", size, head.grey, fourth=False, deep=False, alone=True)


@contextmanager
def opened(content: bytes) -> Iterator[Image.Image]:
    """The picture, opened by Pillow, with its errors as ours."""
    from PIL import Image, UnidentifiedImageError

    _check_size(*_webp_size(content), len(content))
    try:
        with QUIET, Image.open(io.BytesIO(content), formats=KINDS) as image:
            _check_size(*image.size, len(content))
            yield image
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(_named(content)) from None
    except Image.DecompressionBombError:
        raise PictureError(
            f"it has more than {2 * MOST // 10**6} million pixels. Expected {MOST // 10**6} "
            "million at most"
        ) from None
    except Exception as error:  # whatever damaged bytes happen to raise in Pillow
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise PictureError(f"it is damaged: {reason}") from None


def _named(content: bytes) -> str:
    """What a file is that is none of the kinds."""
    if not content:
        return "it is empty"
    start = content[:512].lstrip() if content[:1].isspace() else content[:512]
    for place, magic, name in OTHERS:
        if start[place : place + len(magic)].lower() == magic.lower():
            return f"its content is {name}, not {READ}"
    return "it is no image"


def _check_size(width: int, height: int, size: int) -> None:
    """Refuse what would unpack beyond reason."""
    pixels = width * height
    if pixels > MOST:
        raise PictureError(
            f"it has {width:,} × {height:,} pixels. Expected {MOST // 10**6} million at most"
        )
    if pixels > SPARSE and pixels > DENSE * size:
        raise PictureError(
            f"it has {width:,} × {height:,} pixels in {size:,} bytes. Expected at most "
            f"{SPARSE // 10**6} million, if a byte stands for more than {DENSE}"
        )


def _webp_size(content: bytes) -> tuple[int, int]:
    """The size that a WebP claims, for which Pillow makes room when it opens it; else 0."""
    kind, data = content[12:16], content[20:30]
    if content[8:12] != b"WEBP" or len(data) < 10:
        return 0, 0
    if kind == b"VP8X":
        return _whole(data[4:7]) + 1, _whole(data[7:10]) + 1
    if kind == b"VP8L":
        bits = _whole(data[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _whole(data[6:8]) & 0x3FFF, _whole(data[8:10]) & 0x3FFF


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "little")


def seen_in(image: Image.Image, content: bytes) -> Picture:
    """What an open picture says of itself.

    Args:
        image: The picture, of which the head is read.
        content: Its file.

    Raises:
        PictureError: if nobody knows what is white in it.
    """
    kind, mode = str(image.format), image.mode
    _check_mode(image)
    turned = _orientation(image, content)
    width, height = image.size
    if turned > 4 and kind != "TIFF":  # whose size Pillow gives upright
        width, height = height, width
    return Picture(
        kind=kind,
        size=(width, height),
        grey=mode in ("1", "L", "LA", "La") or mode.startswith("I;16"),
        fourth=keep_fourth_band(content) is not content,
        deep=mode.startswith("I;16") or (kind == "PNG" and content[24] == 16),
        alone=_alone(image, content, turned),
    )


def _check_mode(image: Image.Image) -> None:
    """Refuse pixels of which nobody knows what is white."""
    mode = image.mode
    if mode not in MODES:
        what = {"F": "floating point", "I": "32 bits"}.get(mode, f"the mode {mode}")
        raise PictureError(
            f"it has pixels of {what}, of which nobody knows what is white. Expected 8 or 16 bits, "
            "or an array"
        )
    tags: Any = getattr(image, "tag_v2", None)
    if tags is not None:
        depths = set(tags.get(BITS_PER_SAMPLE, (1,)))
        if tuple(depths) not in DEPTHS or set(tags.get(SAMPLE_FORMAT, (1,))) - {1, 4}:
            bits = ", ".join(map(str, sorted(depths)))
            raise PictureError(f"it has samples of {bits} bits. Expected whole numbers of 8 or 16")
        if depths == {16} and not mode.startswith("I;16"):
            raise PictureError(
                "it has colours of 16 bits, of which Pillow reads the upper 8. Expected a TIFF of "
                "8 bits, or a PNG of 16"
            )


def _orientation(image: Image.Image, content: bytes) -> int:
    """How a viewer turns it, 1 to 8; Pillow reads a PNG whole to know, so only if it may say so."""
    marks = (b"eXIf", b"tiff:Orientation", b"Raw profile type")
    if image.format == "PNG" and not any(mark in content for mark in marks):
        return 1
    return _valid(image.getexif().get(ORIENTATION))


def _valid(value: Any) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _alone(image: Image.Image, content: bytes, turned: int) -> bool:
    """Whether `layers.pictures` reads it as Pillow does."""
    from PIL import Image

    if image.format == "BMP":
        bits, kind = _whole(content[28:30]), _whole(content[30:34])
        return _whole(content[14:18]) >= 40 and bits in (24, 32) and kind == 0
    if image.format not in ("JPEG", "MPO", "PNG"):
        return False
    exif = Image.Exif()
    if isinstance(image.info.get("exif"), bytes) and b"Raw profile type" not in content:
        exif.load(image.info["exif"])
    return _valid(exif.get(ORIENTATION)) == turned


def keep_fourth_band(content: bytes) -> bytes:
    """The same picture; a TIFF whose fourth band has no meaning says that it is alpha.

    Pillow leaves it out else. The tag is ExtraSamples, 338, of one value.
    """
    if content[:4] not in (b"II*\0", b"MM\0*"):
        return content
    big = content[:2] == b"MM"

    def number(place: int, size: int) -> int:
        return int.from_bytes(content[place : place + size], "big" if big else "little")

    start = number(4, 4) + 2
    for place in range(start, start + 12 * number(start - 2, 2), 12):
        if (number(place, 2), number(place + 4, 4), number(place + 8, 2)) == (338, 1, 0):
            alpha = b"\0\2" if big else b"\2\0"
            return content[: place + 8] + alpha + content[place + 10 :]
    return content
