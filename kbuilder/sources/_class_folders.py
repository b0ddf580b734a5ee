"""What the sources share that read one folder of files per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from kbuilder.contracts import Choice, Script
from kbuilder.errors import DataError, Key, listed, missing_file
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Names, Spec
from kbuilder.tables.cells import Words
from kbuilder.tables.keeping import Keep, of_arrays
from kbuilder.tables.table import Part, Table

SHOWN = 5
LOOKED = 1_000
"""Files that are looked at, to know what a folder holds."""


class ClassFolders(Spec):
    """Abstract: a folder with one folder of files per class; each file is a row.

    A folder that holds just `train` and `test` is read as the two parts.
    """

    path: DataPath
    """The folder of class folders, or of `train` and `test`, relative to the recipe."""
    test_path: DataPath | None = None
    """A second folder of class folders, with the files to test on."""
    classes: Names | None = None
    """The class folders that are read; left out: all."""
    target: Names = ("label",)
    """The column to predict."""
    ignore: Names = ()
    """Columns that are not used."""
    origin: str | None = None
    """Where the folder can be had; said when it is not there."""
    checks: Checks
    """What a finding in the rows is, by the name of its check: error, warn or ignore."""
    split: Split
    """How the files are divided."""

    endings: ClassVar[tuple[str, ...]]
    """What the names of its files end in, in lower case."""
    column: ClassVar[str]
    """The column of what a file holds."""
    one: ClassVar[str]
    """What a file holds, for people: an image."""
    many: ClassVar[str]
    """What the files hold."""

    @classmethod
    def holds(cls, path: Path) -> int:
        """How many of its files a folder holds, as far as is looked."""
        files = (file for file in path.rglob("*") if file.is_file())
        return sum(cls.takes(file) for file in islice(files, LOOKED))

    @classmethod
    def takes(cls, file: Path) -> bool:
        """Whether a file is one of its own, by its name."""
        return file.suffix.lower() in cls.endings and not file.name.startswith(".")

    def settle(self) -> dict[str, Choice]:
        """The classes, if some of their files are not read."""
        if not self.path.is_dir():
            return {}
        train, _ = self._parts()
        chosen = self._chosen(train, ("data", "path"))
        left = Counter(
            f.suffix.lower() or "no ending" for folder in chosen for f in _other(self, folder)
        )
        if not left:
            return {}
        kinds = listed(f"{count:,} with {ending}" for ending, count in left.most_common(SHOWN))
        names = tuple(folder.name for folder in chosen)
        return {"classes": Choice(names, f"of their files some are not read: {kinds}")}

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read all files."""
        key: Key = ("data", "path")
        expected = "a folder of class folders"
        if not self.path.is_dir():
            raise missing_file(self.path, self.origin, key, expected)
        if self.test_path is not None and not self.test_path.is_dir():
            raise missing_file(self.test_path, self.origin, ("data", "test_path"), expected)
        train, test = self._parts()
        rows = self._of_classes(train, key)
        return rows, self._of_classes(test, ("data", "test_path")) if test else None

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """Files of another folder of class folders; or of one folder, or one file."""
        if path.is_dir() and any(file.is_file() and self.takes(file) for file in path.iterdir()):
            table = self._load(sorted(path.iterdir()), path.name, ())
        elif path.is_file():
            table = self._load([path], path.name, ())
        elif path.is_dir():
            table = self._of_classes(path, ())
        else:
            raise DataError(f"there is no {path}. Expected a folder of {self.many}, or {self.one}.")
        return replace(table, kept=of_arrays(keep, table))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The files of another folder, which is read whole."""
        return self.read(path, words, keep).parts(size, start)

    def script(self, words: Words | None = None) -> Script:
        """The files of each folder, and its name."""
        chosen = f"\n        and inner.name in {list(self.classes)!r}" if self.classes else ""
        read, *functions = self._script()
        code = (
            "def read(folder):\n"
            f'    """The {self.many} below a folder, and the names of their folders."""\n'
            "    files = [\n"
            "        file\n"
            "        for inner in sorted(Path(folder).iterdir())\n"
            f"        if inner.is_dir() and not inner.name.startswith('.'){chosen}\n"
            "        for file in sorted(inner.iterdir())\n"
            f"        if file.suffix.lower() in {self.endings}\n"
            "        and not file.name.startswith('.')\n"
            "    ]\n"
            "    rows = np.empty(len(files), dtype=object)\n"
            f"    rows[:] = [{read} for file in files]\n"
            "    labels = np.array([file.parent.name for file in files], dtype=object)\n"
            f'    return {{"{self.column}": rows, "label": labels}}'
        )
        train, test = self._parts()
        lines, paths = ["rows = read(path)"], {"path": train}
        if test is not None:
            lines.append("test = read(test_path)")
            paths["test_path"] = test
        return Script(tuple(lines), (*functions, code), ("from pathlib import Path",), paths)

    def _script(self) -> tuple[str, ...]:
        """The expression of what `file` holds, and the functions that it needs."""
        raise NotImplementedError

    def _values(self, files: Sequence[Path], key: Key) -> Sequence[object]:
        """What the files hold.

        Raises:
            DataError: if some cannot be read.
        """
        raise NotImplementedError

    def _parts(self) -> tuple[Path, Path | None]:
        """The folders of the rows to learn from, and to test on."""
        if self.test_path is None and {f.name for f in folders(self.path)} == {"train", "test"}:
            return self.path / "train", self.path / "test"
        return self.path, self.test_path

    def _chosen(self, path: Path, key: Key) -> list[Path]:
        """The class folders that are read."""
        found = folders(path)
        gone = set(self.classes or ()) - {folder.name for folder in found}
        if gone and key:
            raise DataError(
                f"{path} has no folder {listed(sorted(gone))}. "
                f"It has: {listed(folder.name for folder in found)}.",
                key=("data", "classes"),
            )
        return [folder for folder in found if self.classes is None or folder.name in self.classes]

    def _of_classes(self, path: Path, key: Key) -> Table:
        """The files of a folder of class folders, with their labels."""
        # Rows to predict or evaluate are of whatever class they are.
        chosen = self._chosen(path, key) if key else folders(path)
        found = [file for folder in chosen for file in sorted(folder.iterdir())]
        table = self._load(found, str(path), key)
        for folder in chosen:
            others = _other(self, folder)
            if others and not any(map(self.takes, folder.iterdir())):
                raise DataError(
                    f"{folder} has no {self.many}, but others such as {others[0].name}. Expected "
                    f"files ending in {listed(filter(None, self.endings))}.",
                    key=key,
                )
        labels = np.array([Path(str(file)).parent.name for file in table.labels], dtype=object)
        return Table({**table.columns, "label": labels}, table.origin, table.labels)

    def _load(self, found: Sequence[Path], origin: str, key: Key) -> Table:
        """Its own among the files that were found."""
        files = [file for file in found if self.takes(file)]
        if not files:
            raise DataError(
                f"{origin} has no {self.many}. Expected one folder per class, with files ending in "
                f"{', '.join(filter(None, self.endings))}.",
                key=key,
            )
        values = np.empty(len(files), dtype=object)
        values[:] = self._values(files, key)
        return Table({self.column: values}, origin, [str(file) for file in files])


def _other(source: ClassFolders, folder: Path) -> list[Path]:
    """The files in a folder that the source does not read, without hidden ones."""
    files = (file for file in sorted(folder.iterdir()) if not file.name.startswith("."))
    return [file for file in files if file.is_file() and not source.takes(file)]


def folders(path: Path) -> list[Path]:
    """The folders in a folder, in order, without hidden ones."""
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def refuse_broken(broken: Sequence[str], many: str, key: Key) -> None:
    """Refuse files that cannot be read, each with the reason.

    Raises:
        DataError: if there are any.
    """
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        raise DataError(
            f"{many} that cannot be read: {'; '.join(broken[:5])}{more}. Fix or remove the files.",
            key=key,
        )
