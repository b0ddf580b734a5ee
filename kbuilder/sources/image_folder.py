"""Images sorted into one folder per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from kbuilder.errors import CallError, Key
from kbuilder.sources._class_folders import ClassFolders
from kbuilder.tables import pictures

MARKS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
"""What a picture begins with, whatever it is called."""


class ImageFolder(ClassFolders):
    """A folder with one folder of images (JPEG, PNG, GIF, BMP, WebP, TIFF) per class.

    The columns are `image`, the encoded file, and `label`, the name of its class folder, in one
    form of Unicode (NFC). Files in folders within a class folder are of the class too. A folder
    that holds `train` and `test`, or `val`, however they are spelled, is read as the parts. A file
    without a known ending is an image if it begins like one. Hidden files, and what other programs
    leave behind, are not looked at; what else is not read is said.
    """

    endings: ClassVar[tuple[str, ...]] = (*pictures.ENDINGS, *pictures.OTHER_ENDINGS)
    usual: ClassVar[tuple[str, ...]] = pictures.ENDINGS
    column: ClassVar[str] = "image"
    one: ClassVar[str] = "an image"
    many: ClassVar[str] = "images"
    beside: ClassVar[str] = (
        "A table with a column of their paths is read too: `data: {path: labels.csv}`."
    )

    @classmethod
    def takes(cls, file: Path) -> bool:
        """Whether a file is one of its own, by its ending or its first bytes."""
        return file.suffix.lower() in cls.endings or _begins_like_one(file)

    def _script(self, files: Sequence[Path]) -> tuple[str, ...]:
        odd = [file for file in files if file.suffix.lower() not in self.endings]
        if odd:
            raise CallError(
                f"a script reads images by their endings, and {odd[0]} has another. Expected files "
                f"ending in {', '.join(self.usual)}."
            )
        return ("file.read_bytes()",)

    def _values(
        self, files: Sequence[Path], key: Key
    ) -> tuple[Sequence[object], Mapping[int, str]]:
        """The encoded files, each looked at whole."""
        held: list[object] = [None] * len(files)
        wrong: dict[int, str] = {}
        for number, file in enumerate(files):
            try:
                held[number] = pictures.read(file)
            except pictures.PictureError as error:
                wrong[number] = str(error)
        return held, wrong


def _begins_like_one(file: Path) -> bool:
    """Whether a file has the first bytes of a picture."""
    if not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            head = opened.read(32)
    except OSError:
        return False
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) > 26
    tiff = head[:4] in (b"II*\0", b"MM\0*") and not file.suffix  # raw files begin so too
    return head.startswith(MARKS) or head[8:12] == b"WEBP" or bitmap or tiff
