"""Folders of frames sorted into one folder per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from kbuilder.contracts import Choice, Script
from kbuilder.errors import CallError, DataError, Key
from kbuilder.late import np
from kbuilder.sources._class_folders import ClassFolders
from kbuilder.sources.image_folder import ImageFolder
from kbuilder.spec import Count
from kbuilder.tables import pictures
from kbuilder.tables.cells import Words
from kbuilder.tables.class_files import ClassFiles
from kbuilder.tables.naturally import natural
from kbuilder.tables.picture_heads import LARGEST, PictureError, look
from kbuilder.tables.sequences import stacked
from kbuilder.tables.table import Table


class VideoFolder(ClassFolders):
    """A folder with one folder per class of folders, each with the frames of one video as images.

    The columns are `video`, the frames of a folder, and `label`, the name of its class folder, in
    one form of Unicode (NFC). Frames stand in the order of their names, in which numbers count as
    such: frame_2.png comes before frame_10.png. Each is read as an image of an image_folder is,
    laid on white, and resized to one size; pixels of 16 bits are refused. A folder that holds
    `train` and `test`, or `val`, is read as the parts. Hidden files, and what other programs leave
    behind, are not looked at; what else is not read is said.
    """

    height: Count | None = None
    """Height that frames are resized to, in pixels; left out: that of most, at most 224."""
    width: Count | None = None
    """Width that frames are resized to, in pixels; left out: that of most, at most 224."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colour; left out: 1 if all frames to learn from are grey."""

    endings: ClassVar[tuple[str, ...]] = ImageFolder.endings
    usual: ClassVar[tuple[str, ...]] = ImageFolder.usual
    column: ClassVar[str] = "video"
    one: ClassVar[str] = "a frame"
    many: ClassVar[str] = "frames"
    within: ClassVar[int] = 2
    beside: ClassVar[str] = "Expected a folder per video in the folder of its class."

    @classmethod
    def takes(cls, file: Path) -> bool:
        """Whether a file is a frame, by its ending or its first bytes."""
        return ImageFolder.takes(file)

    def settle(self) -> dict[str, Choice]:
        """The parts, as any folder; the size and the channels of the frames to learn from."""
        choices = super().settle()
        open_ = [name for name in ("height", "width", "channels") if getattr(self, name) is None]
        if not open_ or not self.path.is_dir():
            return choices
        heads = []
        for file in self._files("path", self._roots()).files:
            try:
                heads.append(look(file.read_bytes()))
            except (OSError, PictureError):
                continue  # which `load` says
        if not heads:
            return choices
        (width, height), count = Counter(head.size for head in heads).most_common(1)[0]
        why = f"{count:,} of {len(heads):,} frames are {width} × {height} pixels"
        grey = all(head.grey for head in heads)
        found = {
            "height": Choice(min(height, LARGEST), why),
            "width": Choice(min(width, LARGEST), why),
            "channels": Choice(1, "all frames are grey") if grey
            else Choice(3, "there are colours in the frames"),
        }  # fmt: skip
        return {**choices, **{name: found[name] for name in open_}}

    def script(self, words: Words | None = None) -> Script:
        """None: no script reads them."""
        raise CallError(
            "a script reads no folders of frames. Expected the source array_folder, of videos as "
            ".npy files, or arrays."
        )

    def _files(self, field: str, roots: Mapping[str, Path]) -> ClassFiles:
        found = super()._files(field, roots)
        loose = [file for file in found.files if file.parent.parent == roots[field]]
        if loose:
            raise DataError(
                f"{loose[0]} lies in the folder of its class. {self.beside}", key=("data", field)
            )
        return found

    def _table(self, found: ClassFiles, origin: str, key: Key) -> Table:
        """A row per folder of frames, under the name of the folder."""
        frames = super()._table(found, origin, key)
        clips: dict[str, list[int]] = {}
        for row, name in enumerate(frames.labels):
            clips.setdefault(str(Path(str(name)).parent), []).append(row)
        held = frames.columns[self.column]
        for rows in clips.values():
            rows.sort(key=lambda row: natural(Path(str(frames.labels[row])).name))
        videos = [np.stack([held[row] for row in rows]) for rows in clips.values()]
        columns = {self.column: stacked(videos, list(clips), key)}
        if "label" in frames.columns:
            first = [rows[0] for rows in clips.values()]
            columns["label"] = frames.columns["label"][first]
        return replace(frames, columns=columns, labels=list(clips))

    def _values(
        self, files: Sequence[Path], key: Key
    ) -> tuple[Sequence[object], Mapping[int, str]]:
        """The pixels of each file, (height, width, channels) uint8."""
        settled = self
        if None in (self.height, self.width, self.channels):
            update = {name: choice.value for name, choice in self.settle().items()}
            settled = self.model_copy(update=update)
        sizes = settled.height or 1, settled.width or 1, settled.channels or 3
        return pictures.read_all(files, lambda content: pictures.pixels(content, *sizes))
