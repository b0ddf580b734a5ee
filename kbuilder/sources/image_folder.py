"""Images sorted into one folder per class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from kbuilder.errors import CallError, Key
from kbuilder.sources._class_folders import ClassFolders
from kbuilder.tables import picture_heads, pictures
from kbuilder.tables.cells import Words
from kbuilder.tables.table import Table

MARKS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
"""What a picture begins with, whatever it is called."""
FEWEST = 3
"""Numbered images in each folder that look like frames, at least."""


class ImageFolder(ClassFolders):
    """A folder with one folder of images (JPEG, PNG, GIF, BMP, WebP, TIFF) per class.

    The columns are `image`, the encoded file, and `label`, the name of its class folder, in one
    form of Unicode (NFC). Files in folders within a class folder are of the class too. A folder
    that holds `train` and `test`, or `val`, however they are spelled, is read as the parts. A file
    without a known ending is an image if it begins like one. Hidden files, and what other programs
    leave behind, are not looked at; what else is not read is said.
    """

    endings: ClassVar[tuple[str, ...]] = (*picture_heads.ENDINGS, *picture_heads.OTHER_ENDINGS)
    usual: ClassVar[tuple[str, ...]] = picture_heads.ENDINGS
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

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read all files; what looks like frames of videos is said."""
        train, test = super().load(words)
        if _are_frames([Path(str(name)) for name in train.labels], self._roots()["path"]):
            note = (
                f"each image of {self.path} is a row of its own, though they lie in folders within "
                "the class folders and are numbered, as the frames of videos: frames of one may "
                "then be in training and in test. `source: video_folder` makes a row of each folder"
            )
            train = replace(train, notes=(*train.notes, note))
        return train, test

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
        return pictures.read_all(files)


def _are_frames(files: Sequence[Path], root: Path) -> bool:
    """Whether images lie in folders within those of classes, numbered one by one in each."""
    folders: dict[Path, list[str]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file.stem)
    return len(folders) > 1 and all(
        folder.parent != root and _are_numbered(stems) for folder, stems in folders.items()
    )


def _are_numbered(stems: Sequence[str]) -> bool:
    """Whether names are alike but for the numbers at their ends, which follow each other."""
    found = [re.fullmatch(r"(.*?)(\d+)", stem) for stem in stems]
    if len(stems) < FEWEST or not all(found):
        return False
    numbers = sorted(int(one[2]) for one in found if one)
    alike = len({one[1] for one in found if one}) == 1
    return alike and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


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
