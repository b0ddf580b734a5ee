"""What the sources share that read one folder of files per class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from kbuilder.contracts import Choice, Script
from kbuilder.errors import CallError, DataError, Key, listed, missing_file
from kbuilder.late import np
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.sources import _folder_script
from kbuilder.spec import DataPath, Ignored, Names, Spec, Unreadable
from kbuilder.spec import Words as Written
from kbuilder.tables import several
from kbuilder.tables.cells import Words
from kbuilder.tables.class_files import ClassFiles, in_short, of_any, of_classes, refuse_broken
from kbuilder.tables.keeping import Keep, of_arrays
from kbuilder.tables.layout import Layout, laid_out, unwrapped, walk
from kbuilder.tables.table import Part, Table

LOOKED = 1_000
"""Files that are looked at, to know what a folder holds."""


class ClassFolders(Spec):
    """Abstract: a folder with one folder of files per class; each file is a row.

    Files in folders within a class folder are of the class too. A folder that holds `train` and
    `test`, or `train` and `val`, however they are called, is read as the parts. Hidden files, and
    what other programs leave behind, are not looked at; what else is not read is said.
    """

    path: DataPath
    """The folder of class folders, or of `train`, `val` and `test`, relative to the recipe."""
    validation_path: DataPath | None = None
    """Another folder of class folders, with the files for validation."""
    test_path: DataPath | None = None
    """Another folder of class folders, with the files to test on."""
    classes: Written | None = None
    """The class folders that are read; left out: all."""
    unreadable: Unreadable = "error"
    """What files are that cannot be read: an error, or skipped and counted."""
    target: Names = ("label",)
    """The column to predict."""
    ignore: Ignored
    origin: str | None = None
    """Where the folder can be had; said when it is not there."""
    checks: Checks
    split: Split

    endings: ClassVar[tuple[str, ...]]
    """What the names of its files end in, in lower case."""
    usual: ClassVar[tuple[str, ...]]
    """Those that messages name."""
    column: ClassVar[str]
    """The column of what a file holds."""
    one: ClassVar[str]
    """What a file holds, for people: an image."""
    many: ClassVar[str]
    """What the files hold."""
    within: ClassVar[int] = 1
    """How many folders a file lies in, that of its class included, at least."""
    joined: ClassVar[str] = "objects"
    """The function of a script that makes a column of what the files hold."""
    beside: ClassVar[str] = ""
    """What is said of files that lie beside each other, in no class folder; a sentence."""

    @classmethod
    def holds(cls, path: Path) -> int:
        """How many of its files a folder holds, as far as is looked."""
        return sum(cls.takes(file) for file in islice(walk(path), LOOKED))

    @classmethod
    def takes(cls, file: Path) -> bool:
        """Whether a file is one of its own, by its name."""
        return file.suffix.lower() in cls.endings

    def settle(self) -> dict[str, Choice]:
        """The folders of the parts, where they are found in another."""
        if not self.path.is_dir():
            return {}
        layout = self._layout()
        choices = {}
        if layout.steps:
            reason = f"{layout.reason}: the folders of {layout.train} are the classes"
            choices["path"] = Choice(self.path, reason)
        for part in ("validation", "test"):
            found = getattr(layout, part)
            if found is not None and getattr(self, f"{part}_path") is None:
                choices[f"{part}_path"] = Choice(found, f"it is the {found.name} of {self.path}")
        return choices

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read all files to learn from, and to test on."""
        roots = self._roots()
        train = self._of_classes("path", roots)
        others = tuple(f"not read in {self.path}: {other}" for other in self._layout().others)
        train = replace(train, notes=(*others, *train.notes))
        return train, self._of_classes("test_path", roots) if "test_path" in roots else None

    def validation(self, train: Table, words: Words | None = None) -> Table | None:
        """Read the files for validation, if there are some."""
        roots, field = self._roots(), "validation_path"
        return self._of_classes(field, roots) if field in roots else None

    def files(self) -> Sequence[Path]:
        """All files in the folders, also those that are not read."""
        given = (self.path, self.validation_path, self.test_path)
        return list(dict.fromkeys(file for path in given if path for file in walk(path)))

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """Files of another folder of class folders; of one folder, one file, or a pattern."""
        return self.gather([path], words, keep)

    def gather(self, paths: Sequence[Path], words: Words | None = None, keep: Keep = ()) -> Table:
        """The files of several paths, in their order; those of a folder sorted by name."""
        found = ClassFiles((), ())
        for given in paths:
            for path in several.matching(given) or (given,):
                if path.is_dir():
                    found += of_any(path, self)
                elif path.exists() or path.is_symlink():
                    found += ClassFiles((path,), (None,))
                else:
                    raise DataError(
                        f"there is no {path}. Expected a folder of {self.many}, or {self.one}."
                    )
        table = self._table(found, listed(map(str, paths), 3), ())
        return replace(table, kept=of_arrays(keep, table))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The files of another folder, which is read whole."""
        return self.read(path, words, keep).parts(size, start)

    def script(self, words: Words | None = None) -> Script:
        """The files of each folder, and the names of its class folders."""
        roots = self._roots()
        files = [file for field in roots for file in self._files(field, roots).files]
        if self.unreadable == "skip" and (wrong := self._values(files, ("data",))[1]):
            raise CallError(
                f"a script reads every file, and {len(wrong):,} of {len(files):,} cannot be read, "
                f"such as {files[min(wrong)]}. Expected {self.many} that can: remove the others."
            )
        read, *functions = self._script(files)
        code = _folder_script.reading(
            self.column, self.many, self.endings, self.classes, read, self.joined
        )
        lines = ["rows = read(path)"]
        lines += [f"{field.removesuffix('_path')} = read({field})" for field in [*roots][1:]]
        return Script(tuple(lines), (*functions, code), _folder_script.IMPORTS, roots)

    def _script(self, files: Sequence[Path]) -> tuple[str, ...]:
        """The expression of what `file` holds, and the functions that it needs.

        Args:
            files: Those that are read.

        Raises:
            CallError: if no script could read them.
        """
        raise NotImplementedError

    def _values(
        self, files: Sequence[Path], key: Key
    ) -> tuple[Sequence[object], Mapping[int, str]]:
        """What the files hold, and why some cannot be read, by their number in the list.

        Raises:
            DataError: if nobody knows how they are written.
        """
        raise NotImplementedError

    def _column(self, held: Sequence[object], files: Sequence[Path], key: Key) -> np.ndarray:
        """What the files hold as a column.

        Raises:
            DataError: if they make none.
        """
        column = np.empty(len(held), dtype=object)
        for row, value in enumerate(held):
            column[row] = value
        return column

    def _layout(self) -> Layout:
        return laid_out(self.path, self.takes, self.many, ("data", "path"))

    def _roots(self) -> dict[str, Path]:
        """The folder of class folders of each part, by its field.

        Raises:
            DataError: if one is not there, or the parts are not clear.
        """
        given = {
            field: path
            for field in ("path", "validation_path", "test_path")
            if (path := getattr(self, field)) is not None
        }
        for field, path in given.items():
            if not path.is_dir():
                expected = "a folder of class folders"
                raise missing_file(path, self.origin, ("data", field), expected)
        layout = self._layout()
        found = {
            "path": layout.train,
            "validation_path": layout.validation,
            "test_path": layout.test,
        }
        given = {field: unwrapped(path, self.takes)[0] for field, path in given.items()}
        both = {**found, **given, "path": layout.train}
        return {field: path for field, path in both.items() if path is not None}

    def _files(self, field: str, roots: Mapping[str, Path]) -> ClassFiles:
        """The files of a part."""
        return of_classes(roots[field], self, self.classes, field == "path", ("data", field))

    def _of_classes(self, field: str, roots: Mapping[str, Path]) -> Table:
        """The files of a part, with their labels."""
        path, key, found = roots[field], ("data", field), self._files(field, roots)
        table = self._table(found, str(path), key)
        gone = sorted({str(label) for label in found.labels} - set(table["label"].tolist()))
        if gone and field == "path":
            raise DataError(
                f"of {listed(gone)} in {path} none of the {self.many} can be read: "
                f"{table.notes[-1]}. Fix them, or name the others in `data.classes`.",
                key=key,
            )
        return table

    def _table(self, found: ClassFiles, origin: str, key: Key) -> Table:
        """What the files hold that can be read, with their labels where all have one."""
        held, broken_ones = self._values(found.files, key)
        odd = {
            n: f"it is not {self.one}, by its name"
            for n, file in enumerate(found.files)
            if not self.takes(file)
        }
        wrong = {**odd, **broken_ones}
        broken = [f"{found.files[n]} ({wrong[n]})" for n in sorted(wrong)]
        if self.unreadable == "error" or len(wrong) == len(found.files):
            refuse_broken(broken, self, key)
        notes = list(found.notes)
        if broken:
            count = f"{len(broken):,} of {len(found.files):,} {self.many}"
            notes.append(f"{count} are left out, since they cannot be read: {in_short(broken)}")
        good = [n for n in range(len(found.files)) if n not in wrong]
        files = [found.files[n] for n in good]
        columns = {self.column: self._column([held[n] for n in good], files, key)}
        labels = [found.labels[n] for n in good]
        if None not in labels:
            columns["label"] = np.array(labels, dtype=object)
        names = list(map(str, files))
        return Table(columns, origin, names, notes=tuple(notes), files=True)
