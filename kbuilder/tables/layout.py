"""How people lay out files in folders: the parts, the classes, folders within folders.

Hidden files and what operating systems and programs leave behind (`__MACOSX`, `Thumbs.db`,
`@eaDir`) are not looked at.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kbuilder.errors import DataError, Key, listed

LEAVINGS = (
    "__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information",
    "__pycache__", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r",
)  # fmt: skip
"""What other programs leave in folders, in lower case; and all whose name begins with a dot."""
PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "validate", "dev"),
    "test": ("test", "tests", "testing"),
}
"""What people call the folders of the three parts, in any case."""
BESIDE = re.compile(r"[\s_.-]*(?:data)?(?:set|data|images?|imgs?|pictures?|texts?|split|folder)s?$")
"""What such a name may have at its end: `training_set`, `testset`, `val-images`; before it anything
may stand: `seg_train`."""


def one_form(name: str) -> str:
    """A name in one form of Unicode, NFC: a Mac writes the accent of é apart, others do not."""
    return unicodedata.normalize("NFC", name)


def counted(count: int, many: str) -> str:
    """A number of things: "1 image", "2 images"."""
    return f"{count:,} {many if count != 1 else many[:-1]}"


def is_leaving(path: Path) -> bool:
    """Whether a file or folder is hidden, or was left by another program."""
    return path.name.startswith(".") or path.name.lower() in LEAVINGS


def folders(path: Path) -> list[Path]:
    """The folders in a folder, in order."""
    return [entry for entry, is_folder in _inside(path) if is_folder]


def files(path: Path) -> list[Path]:
    """All that is in a folder and is no folder, in order; dead links too."""
    return [entry for entry, is_folder in _inside(path) if not is_folder]


def _inside(path: Path) -> Iterator[tuple[Path, bool]]:
    """What is in a folder, in order, and whether each is a folder, or a link to one."""
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:  # which know what they are, without a look at each
        own = path / entry.name
        if not is_leaving(own):
            yield own, own.is_dir() if entry.is_symlink() else entry.is_dir()


def walk(path: Path, above: frozenset[Path] | None = None) -> Iterator[Path]:
    """The files in a folder and in all folders within, in order.

    Args:
        path: The folder.
        above: The folders that hold it: a link to one of them is not followed, others are.

    Raises:
        DataError: if a folder cannot be looked into.
    """
    here = path.resolve()
    above = frozenset(here.parents) if above is None else above
    if here in above:
        return
    try:
        inside = list(_inside(path))
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    for entry, is_folder in inside:
        if is_folder:
            yield from walk(entry, above | {here})
        else:
            yield entry


def part_of(name: str) -> str | None:
    """Which part a folder of such a name has: train, validation or test; None: it is a class."""
    word = re.split(r"[\s_.-]+", BESIDE.sub("", name.strip().lower()))[-1]
    return next((part for part, words in PARTS.items() if word in words), None)


@dataclass(frozen=True)
class Layout:
    """The folders of class folders.

    Args:
        train: Those to learn from.
        validation, test: Those of the other parts; None: there are none.
        steps: How they were found, each as words.
        others: Folders beside them that are not read, each with the reason.
    """

    train: Path
    validation: Path | None = None
    test: Path | None = None
    steps: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """How the folder to learn from was found."""
        return "; ".join(self.steps)


Takes = Callable[[Path], bool]
"""Whether a file is one of those that are looked for, by its name or its first bytes."""


def unwrapped(path: Path, takes: Takes) -> tuple[Path, tuple[str, ...]]:
    """The folder of class folders, where others hold nothing but the next; and how it was found."""
    steps: tuple[str, ...] = ()
    while True:
        inner = folders(path)
        if len(inner) != 1 or not folders(inner[0]) or any(map(takes, files(inner[0]))):
            return path, steps
        steps = (*steps, f"{path} holds one folder, {inner[0].name}, with others in it")
        [path] = inner


def laid_out(path: Path, takes: Takes, many: str, key: Key) -> Layout:
    """The parts in a folder; or the folder itself, if its folders are classes.

    Args:
        path: The folder.
        takes: Which files are looked for.
        many: What they hold, for messages.
        key: Where the folder stands in the recipe.

    Raises:
        DataError: if it holds two folders for one part, or parts without one to learn from.
    """
    path, steps = unwrapped(path, takes)
    if steps and part_of(path.name) == "train":
        return Layout(path, steps=steps)
    inner = folders(path)
    parts = _parts(path, inner, takes, many, key)
    if not parts:
        return Layout(path, steps=steps)
    train, more = unwrapped(parts["train"], takes)
    names = [folder.name for folder in inner if folder in parts.values()]
    steps = (*steps, f"{path} holds {listed(names)}", *more)
    held: dict[str, Path] = {}
    others = [f"{folder.name}, which is no part" for folder in inner if folder.name not in names]
    for part in ("validation", "test"):
        if part not in parts:
            continue
        found, _ = unwrapped(parts[part], takes)
        if folders(found):
            held[part] = found
        elif count := sum(map(takes, files(found))):
            others.append(
                f"{parts[part].name}, with {counted(count, many)} in no class folder "
                "(`kbuilder predict` takes them)"
            )
    return Layout(train, held.get("validation"), held.get("test"), steps, tuple(others))


def _parts(path: Path, inner: list[Path], takes: Takes, many: str, key: Key) -> Mapping[str, Path]:
    """The folder of each part; none, if the folders are classes."""
    parts: dict[str, list[Path]] = {}
    for folder in inner:
        part = part_of(folder.name)
        if part is not None:
            parts.setdefault(part, []).append(folder)
    own = [part for part, found in parts.items() if any(map(_holds_classes, found))]
    beside = len(inner) - sum(map(len, parts.values()))
    if not own or (beside and ("train" not in own or len(parts) == 1)):
        flat = [found[0] for found in parts.values() if any(map(takes, files(found[0])))]
        if flat and not beside and "train" in parts and len(parts) > 1:
            raise DataError(
                f"{path} holds {listed(folder.name for folder in inner)}, and {flat[0].name} holds "
                f"{many} that lie in no class folder. Expected one folder per class in each.",
                key=key,
            )
        return {}
    for part, found in parts.items():
        if len(found) > 1:
            raise DataError(
                f"{path} holds {len(found)} folders for {part}: "
                f"{listed(folder.name for folder in found)}. Expected one. Name those to read by "
                "`path`, `validation_path` and `test_path`.",
                key=key,
            )
    if "train" not in parts:
        raise DataError(
            f"{path} holds {listed(folder.name for folder in inner)}, and no folder to learn from. "
            "Expected one that is called train; or the path of one with class folders.",
            key=key,
        )
    return {part: found[0] for part, found in parts.items()}


def _holds_classes(path: Path) -> bool:
    return bool(folders(path))
