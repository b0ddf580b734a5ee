"""Arrays sorted into one folder per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from kbuilder.errors import Key
from kbuilder.late import np
from kbuilder.sources._class_folders import ClassFolders
from kbuilder.tables.foreign_arrays import ArrayError, of_file
from kbuilder.tables.sequences import stacked

STACKED = '''def stacked(arrays):
    """Arrays of one shape as one array, others as objects."""
    alike = len({array.shape for array in arrays}) == 1
    return np.stack(arrays) if alike else objects(arrays)'''
"""What a script makes of the arrays of all files."""


class ArrayFolder(ClassFolders):
    """A folder with one folder of arrays (.npy, as numpy.save writes them) per class.

    The columns are `array`, what a file holds, and `label`, the name of its class folder, in one
    form of Unicode (NFC). All arrays have one shape; those of sequences (time, d), and of videos
    (frames, height, width, channels), may differ in their length. Files in folders within a class
    folder are of the class too. A folder that holds `train` and `test`, or `val`, however they are
    spelled, is read as the parts. Files that need pickle are not read. Hidden files, and what other
    programs leave behind, are not looked at; what else is not read is said.
    """

    endings: ClassVar[tuple[str, ...]] = (".npy",)
    usual: ClassVar[tuple[str, ...]] = (".npy",)
    column: ClassVar[str] = "array"
    one: ClassVar[str] = "an array"
    many: ClassVar[str] = "arrays"
    joined: ClassVar[str] = "stacked"
    beside: ClassVar[str] = (
        "Arrays that lie beside each other, one of them the target, are columns: "
        "`data: {source: arrays, path: …, columns: {x: X, y: y}, target: y}`."
    )

    def _values(
        self, files: Sequence[Path], key: Key
    ) -> tuple[Sequence[object], Mapping[int, str]]:
        """The arrays, read without pickle."""
        held: list[object] = [None] * len(files)
        wrong: dict[int, str] = {}
        for number, file in enumerate(files):
            try:
                held[number] = of_file(file)
            except ArrayError as error:
                wrong[number] = str(error)
        return held, wrong

    def _column(self, held: Sequence[object], files: Sequence[Path], key: Key) -> np.ndarray:
        return stacked([np.asarray(value) for value in held], list(map(str, files)), key)

    def _script(self, files: Sequence[Path]) -> tuple[str, ...]:
        return ("np.load(file)", STACKED)
