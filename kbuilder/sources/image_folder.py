"""Images sorted into one folder per class."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kbuilder.contracts import Script
from kbuilder.errors import DataError, Key, missing_file
from kbuilder.recipe.checks import Checks
from kbuilder.recipe.split import Split
from kbuilder.spec import DataPath, Names, Spec
from kbuilder.tables.cells import Words
from kbuilder.tables.keeping import Keep, of_arrays
from kbuilder.tables.table import Part, Table

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".bmp": "BMP"}


class ImageFolder(Spec):
    """A folder with one folder of images (JPEG, PNG, GIF, BMP) per class.

    The columns are `image`, the encoded file, and `label`, the name of its folder. A folder that
    holds just `train` and `test` is read as the two parts.
    """

    path: DataPath
    """The folder of class folders, or of `train` and `test`, relative to the recipe."""
    test_path: DataPath | None = None
    """A second folder of class folders, with the images to test on."""
    target: Names = ("label",)
    """The column to predict."""
    ignore: Names = ()
    """Columns that are not used."""
    origin: str | None = None
    """Where the folder can be had; said when it is not there."""
    checks: Checks
    """What a finding in the rows is, by the name of its check: error, warn or ignore."""
    split: Split
    """How the images are divided."""

    def load(self, words: Words | None = None) -> tuple[Table, Table | None]:
        """Read all files, and look at the head of each."""
        if not self.path.is_dir():
            raise missing_file(
                self.path, self.origin, ("data", "path"), "a folder of class folders"
            )
        if self.test_path is not None and not self.test_path.is_dir():
            key = ("data", "test_path")
            raise missing_file(self.test_path, self.origin, key, "a folder of class folders")
        train, test = self._parts()
        held = _read(test, ("data", "test_path")) if test else None
        return _read(train, ("data", "path")), held

    def read(self, path: Path, words: Words | None = None, keep: Keep = ()) -> Table:
        """Images of another folder of class folders; or of one folder, or one file, of images."""
        if path.is_dir() and any(file.suffix.lower() in FORMATS for file in path.iterdir()):
            table = _load(sorted(path.iterdir()), path.name, ())
        elif path.is_file():
            table = _load([path], path.name, ())
        elif path.is_dir():
            table = _read(path, ())
        else:
            raise DataError(f"there is no {path}. Expected a folder of images, or an image.")
        return replace(table, kept=of_arrays(keep, table))

    def parts(
        self, path: Path, words: Words, wanted: Sequence[str], size: int, start: int,
        keep: Keep = (),
    ) -> Iterator[Part]:  # fmt: skip
        """The images of another folder, which is read whole."""
        return self.read(path, words, keep).parts(size, start)

    def script(self, words: Words | None = None) -> Script:
        """The files of each folder, and its name."""
        read = (
            "def read(folder):\n"
            '    """The images below a folder as files, and the names of their folders."""\n'
            "    files = [\n"
            "        file\n"
            "        for inner in sorted(Path(folder).iterdir())\n"
            "        if inner.is_dir() and not inner.name.startswith('.')\n"
            "        for file in sorted(inner.iterdir())\n"
            f"        if file.suffix.lower() in {tuple(FORMATS)}\n"
            "        and not file.name.startswith('.')\n"
            "    ]\n"
            "    images = np.empty(len(files), dtype=object)\n"
            "    images[:] = [file.read_bytes() for file in files]\n"
            "    labels = np.array([file.parent.name for file in files], dtype=object)\n"
            '    return {"image": images, "label": labels}'
        )
        train, test = self._parts()
        lines, paths = ["rows = read(path)"], {"path": train}
        if test is not None:
            lines.append("test = read(test_path)")
            paths["test_path"] = test
        return Script(tuple(lines), (read,), ("from pathlib import Path",), paths)

    def _parts(self) -> tuple[Path, Path | None]:
        """The folders of the rows to learn from, and to test on."""
        if self.test_path is None and {f.name for f in _folders(self.path)} == {"train", "test"}:
            return self.path / "train", self.path / "test"
        return self.path, self.test_path


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _read(path: Path, key: Key) -> Table:
    """The images of a folder of class folders, with their labels."""
    found = [file for folder in _folders(path) for file in sorted(folder.iterdir())]
    table = _load(found, str(path), key)
    labels = np.array([Path(str(file)).parent.name for file in table.labels], dtype=object)
    return Table({**table.columns, "label": labels}, table.origin, table.labels)


def _load(found: Sequence[Path], origin: str, key: Key) -> Table:
    """The images among the files that were found, each looked at whole."""
    files = [f for f in found if f.suffix.lower() in FORMATS and not f.name.startswith(".")]
    if not files:
        raise DataError(
            f"{origin} has no images. "
            f"Expected one folder per class, with files ending in {', '.join(FORMATS)}.",
            key=key,
        )
    broken = [f"{file} ({reason})" for file in files if (reason := _unreadable(file))]
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        raise DataError(
            f"images that cannot be read: {'; '.join(broken[:5])}{more}. Fix or remove the files.",
            key=key,
        )
    images = np.empty(len(files), dtype=object)
    images[:] = [file.read_bytes() for file in files]
    return Table({"image": images}, origin, [str(file) for file in files])


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
