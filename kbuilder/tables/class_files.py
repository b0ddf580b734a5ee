"""The files of class folders, each with its class; and what of a folder is not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from kbuilder.errors import DataError, Key, listed, nearest
from kbuilder.lines import to_line
from kbuilder.tables.layout import Layout, counted, files, folders, laid_out, one_form, walk

SHOWN = 5
"""Files, or kinds of files, that a message names."""


class Kind(Protocol):
    """What kind of files is looked for.

    Args:
        usual: The endings that messages name.
        one, many: What a file holds, and what several do, for people.
        within: How many folders a file lies in, that of its class included, at least.
        beside: What is said of files that lie in no class folder.
    """

    usual: ClassVar[tuple[str, ...]]
    one: ClassVar[str]
    many: ClassVar[str]
    within: ClassVar[int]
    beside: ClassVar[str]

    @classmethod
    def takes(cls, file: Path) -> bool:
        """Whether a file is of the kind, by its name or its first bytes."""


@dataclass(frozen=True)
class ClassFiles:
    """Files, each with its class.

    Args:
        files: Their paths.
        labels: The class of each; None: it lies in no class folder.
        notes: What was not read, as sentences without their ends.
    """

    files: tuple[Path, ...]
    labels: tuple[str | None, ...]
    notes: tuple[str, ...] = ()

    def __add__(self, other: ClassFiles) -> ClassFiles:
        return ClassFiles(
            (*self.files, *other.files), (*self.labels, *other.labels),
            (*self.notes, *other.notes),
        )  # fmt: skip


def of_classes(
    path: Path, kind: Kind, classes: Sequence[str] | None, whole: bool, key: Key
) -> ClassFiles:
    """The files of a folder of class folders.

    Args:
        path: The folder.
        kind: The kind of the files.
        classes: The class folders that are read; None: all.
        whole: Whether each class has to have a file, as those to learn from.
        key: The place of the folder in the recipe.

    Raises:
        DataError: if there is no such file, or a class has none.
    """
    found = folders(path)
    names = [one_form(folder.name) for folder in found]
    wanted = None if classes is None else [one_form(name) for name in classes]
    gone = [name for name in wanted or () if name not in names]
    if gone and whole:
        raise DataError(
            f"{path} has no folder {listed(gone)}. It has: {listed(names) or 'none'}.",
            key=("data", "classes"),
            suggestion=nearest(gone[0], names),
        )
    chosen = [f for f, n in zip(found, names, strict=True) if wanted is None or n in wanted]
    held = {folder: list(walk(folder)) for folder in chosen}
    mine = {folder: [f for f in inside if kind.takes(f)] for folder, inside in held.items()}
    others = {folder: _others(held[folder], mine[folder]) for folder in chosen}
    beside = files(path)
    loose = [file for file in beside if kind.takes(file)]
    if not any(mine.values()):
        raise _without(path, kind, loose, others, key)
    full = {one_form(folder.name) for folder in chosen if mine[folder]}
    empty = [folder for folder in chosen if one_form(folder.name) not in full]
    if empty and whole:
        seen = [f"{folder.name} ({_counted(others[folder])})" for folder in empty]
        line = to_line(("data", "classes"), sorted(full))
        raise DataError(
            f"{path} has class folders without {kind.many}: {listed(seen, SHOWN)}. Expected files "
            f"ending in {listed(kind.usual)}; or name those to read: `{line}`.",
            key=key,
        )
    unread = {**others, path: _others(beside, loose)}
    notes = list(_unread(path, kind, unread, loose))
    notes += _merged(path, chosen)
    notes += _within(path, chosen, kind) if whole else ()
    pairs = [(file, one_form(folder.name)) for folder in chosen for file in mine[folder]]
    return ClassFiles(tuple(f for f, _ in pairs), tuple(n for _, n in pairs), tuple(notes))


def of_any(path: Path, kind: Kind) -> ClassFiles:
    """The files of any folder, to predict or evaluate: in parts, in class folders, or neither.

    A file has a class if it lies in a folder below that of the class folders.

    Raises:
        DataError: if there are none.
    """
    inside = list(walk(path))
    mine = [file for file in inside if kind.takes(file)]
    others: dict[Path, list[Path]] = {}
    for file in _others(inside, mine):
        others.setdefault(file.parent, []).append(file)
    if not mine:
        raise _without(path, kind, [], others, ())
    try:
        layout = laid_out(path, kind.takes, kind.many, ())
    except DataError:  # to predict, it does not matter what the folders mean
        layout = Layout(path)
    roots = [root for root in (layout.validation, layout.test, layout.train) if root is not None]
    notes = list(_unread(path, kind, others, []))
    if len(roots) > 1:
        notes.append(f"{path} holds {listed(sorted(r.name for r in roots))}, which are all read")
    return ClassFiles(
        tuple(mine), tuple(_class_in(file, roots, kind.within) for file in mine), tuple(notes)
    )


def _others(inside: Sequence[Path], mine: Sequence[Path]) -> list[Path]:
    if len(inside) == len(mine):
        return []
    known = set(mine)
    return [file for file in inside if file not in known]


def _class_in(file: Path, roots: Sequence[Path], within: int) -> str | None:
    """The folder that a file lies in, below one of the folders of class folders."""
    for root in roots:
        if root in file.parents and len(file.relative_to(root).parts) > within:
            return one_form(file.relative_to(root).parts[0])
    return None


def _without(
    path: Path, kind: Kind, loose: Sequence[Path], others: dict[Path, list[Path]], key: Key
) -> DataError:
    """The error for a folder without files of the kind in class folders."""
    expected = f"Expected {'one folder per class, with ' if key else ''}files ending in "
    seen = f" It holds {_counted([f for own in others.values() for f in own])}." if others else ""
    has = f"has no {kind.many}"
    if loose:
        has = f"has {counted(len(loose), kind.many)}, such as {loose[0].name}, and no class folder"
        seen = kind.beside and f" {kind.beside}"
    return DataError(f"{path} {has}.{seen} {expected}{', '.join(kind.usual)}.", key=key)


def _unread(
    path: Path, kind: Kind, others: dict[Path, list[Path]], loose: Sequence[Path]
) -> Iterator[str]:
    """What is not read, in a sentence or two."""
    counts = Counter(
        (file.suffix.lower(), folder.name) for folder, own in others.items() for file in own
    )
    if counts:
        few = [
            f"{count:,} {ending or 'without an ending'} in {name}"
            for (ending, name), count in counts.most_common()
        ]
        said = counted(sum(counts.values()), "other files")
        yield f"not read in {path}: {said}: {listed(few, SHOWN)}"
    if loose:
        said = f"{counted(len(loose), kind.many)} in no class folder"
        yield f"not read in {path}: {said}: {listed((file.name for file in loose), 3)}"


def _within(path: Path, chosen: Sequence[Path], kind: Kind) -> Iterator[str]:
    """What is said where the folders within are the same in each class, as classes would be."""
    inner = [tuple(folder.name for folder in folders(own)) for own in chosen]
    flat = any(kind.takes(file) for own in chosen for file in files(own))
    if len(chosen) > 1 and not flat and len(inner[0]) > 1 and len(set(inner)) == 1:
        yield (
            f"each class folder of {path} holds the same folders, {listed(inner[0], 3)}, whose "
            f"files are of the folder above them: {listed((f.name for f in chosen), 3)}. If the "
            "classes are those below, move them together"
        )


def _merged(path: Path, chosen: Sequence[Path]) -> Iterator[str]:
    """What is said of folders whose names are one name."""
    counts = Counter(one_form(folder.name) for folder in chosen)
    for name, count in counts.items():
        if count > 1:
            yield (
                f"{path} has {count} folders {name!r}, written in several forms of Unicode: they "
                "are one class"
            )


def _counted(found: Sequence[Path]) -> str:
    """How many files there are, by ending: "35 .tif, 1 without an ending"; "no files"."""
    counts = Counter(file.suffix.lower() for file in found)
    few = (f"{count:,} {ending or 'without an ending'}" for ending, count in counts.most_common())
    return listed(few, SHOWN) or "no files"


def refuse_broken(broken: Sequence[str], kind: Kind, key: Key) -> None:
    """Refuse files that cannot be read, each with the reason.

    Raises:
        DataError: if there are any.
    """
    if broken:
        skip = to_line(("data", "unreadable"), "skip")
        also = f", or leave them out: `{skip}`" if key else ""
        raise DataError(
            f"{kind.many} that cannot be read: {in_short(broken)}. Fix or remove the files{also}.",
            key=key,
        )


def in_short(items: Sequence[str]) -> str:
    """Files with reasons, the first few of them."""
    more = f" and {len(items) - SHOWN:,} more" if len(items) > SHOWN else ""
    return f"{'; '.join(items[:SHOWN])}{more}"
