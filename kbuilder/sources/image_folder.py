"""Images sorted into one folder per class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from kbuilder.errors import Key
from kbuilder.sources._class_folders import ClassFolders, refuse_broken

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".bmp": "BMP"}


class ImageFolder(ClassFolders):
    """A folder with one folder of images (JPEG, PNG, GIF, BMP) per class.

    The columns are `image`, the encoded file, and `label`, the name of its folder. A folder that
    holds just `train` and `test` is read as the two parts.
    """

    endings: ClassVar[tuple[str, ...]] = tuple(FORMATS)
    column: ClassVar[str] = "image"
    one: ClassVar[str] = "an image"
    many: ClassVar[str] = "images"

    def _script(self) -> tuple[str, ...]:
        return ("file.read_bytes()",)

    def _values(self, files: Sequence[Path], key: Key) -> Sequence[object]:
        """The encoded files, each looked at whole."""
        broken = [f"{file} ({reason})" for file in files if (reason := _unreadable(file))]
        refuse_broken(broken, self.many, key)
        return [file.read_bytes() for file in files]


def _unreadable(file: Path) -> str | None:
    """Why the image cannot be read, or None."""
    from PIL import Image, UnidentifiedImageError

    if not file.is_file():
        return "it is no regular file"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                if image.format not in FORMATS.values():
                    return f"its content is {image.format}, not JPEG, PNG, GIF or BMP"
                image.load()
    except UnidentifiedImageError:
        return "it is no image" if file.stat().st_size else "it is empty"
    except (OSError, SyntaxError, ValueError) as error:
        return str(error)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return "it has more pixels than an image should"
    return None
