"""Columns that name pictures by their paths become columns of what the files hold.

A path is relative to the file of the rows, below `root` where the feature names one; of rows that
come from no file, to the working folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Feature, Pathed
from kbuilder.errors import DataError, cut
from kbuilder.lines import to_line
from kbuilder.tables import pictures
from kbuilder.tables.layout import walk
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of, missing

SHOWN = 5
"""Pictures that a message names."""
LOOKED = 20_000
"""Files that are looked through for one that is not where it should be."""
LOST = "there is no such file"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
ELSEWHERE = re.compile(r"[A-Za-z]:[\\/]|\\\\|/")
"""What an absolute path begins with, here or on Windows."""


def named(table: Table, features: Mapping[str, Feature]) -> dict[str, Pathed]:
    """The columns of pictures whose values are names of files."""
    return {
        name: feature
        for name, feature in features.items()
        if isinstance(feature, Pathed) and feature.takes_paths and name in table.columns
        and kind_of(table[name]) in ("string", "number")
    }  # fmt: skip


def opened(table: Table, features: Mapping[str, Feature], skip: bool = False) -> Table:
    """The table with what the files hold in place of their paths.

    A file that several rows name is read and held once.

    Args:
        table: The rows.
        features: The features by column.
        skip: Leave out the rows of files that cannot be read, and say so in `notes`; otherwise
            they are an error.

    Raises:
        DataError: naming all files that cannot be read, with their rows.
    """
    columns = dict(table.columns)
    wrong: dict[int, str] = {}
    for column, feature in named(table, features).items():
        values, reasons = _read(table, column, feature)
        columns[column] = values
        if reasons and (not skip or len(reasons) == len(table)):
            raise _refused(table, column, feature, reasons)
        said = {row: f"{_quoted(table[column][row])} ({why})" for row, why in reasons.items()}
        wrong = {**said, **wrong}
    table = replace(table, columns=columns)
    if not wrong:
        return table
    rows = sorted(wrong)
    few = "; ".join(f"{table.row(row)}: {wrong[row]}" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    note = (
        f"{len(rows):,} of {len(table):,} rows are left out, since their pictures cannot be read: "
        f"{few}{more}"
    )
    kept = table.take(np.setdiff1d(np.arange(len(table)), rows))
    return replace(kept, notes=(*table.notes, note))


def _read(table: Table, column: str, feature: Pathed) -> tuple[np.ndarray, dict[int, str]]:
    """What the files hold, and by row why some cannot be read."""
    values = np.empty(len(table), dtype=object)
    paths: dict[int, Path] = {}
    reasons: dict[int, str] = {}
    gone = missing(table[column])
    for row, name in enumerate(table[column].tolist()):
        if gone[row]:
            reasons[row] = "it is missing"
            continue
        if ADDRESS.match(str(name)):
            raise DataError(
                f"column {column!r} holds addresses such as {_quoted(name)}, and pictures are not "
                "downloaded: what stands there may be another tomorrow. Expected files: download "
                "them, and write their paths.",
                key=("features", column),
            )
        paths[row] = _path(table.folder(row), feature, name)
    files = {path: number for number, path in enumerate(dict.fromkeys(paths.values()))}
    held, wrong = pictures.read_all(list(files))
    for row, path in paths.items():
        values[row] = held[files[path]]
        if files[path] in wrong:
            there = path.exists() or path.is_symlink()
            reasons[row] = wrong[files[path]] if there else LOST
    return values, dict(sorted(reasons.items()))


def _path(folder: Path, feature: Pathed, name: Any) -> Path:
    """Where the file of a row is: backslashes divide folders if there is no such file."""
    word = _word(name) + (feature.ending or "")
    start = folder / feature.root if feature.root else folder
    path = start / word
    if "\\" in word and not path.exists():
        return start / PureWindowsPath(word).as_posix()
    return path


def _word(name: Any) -> str:
    """A value as the name of a file: a whole number without a point."""
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name)


def _quoted(name: Any) -> str:
    if name is None or name != name:
        return "no path"
    return repr(cut(_word(name), 80))


def _refused(table: Table, column: str, feature: Pathed, reasons: Mapping[int, str]) -> DataError:
    """The error for files that cannot be read: all of them, with what would help."""
    few = [
        f"{_quoted(table[column][row])} in {table.row(row)} ({why})"
        for row, why in list(reasons.items())[:SHOWN]
    ]
    more = f" and {len(reasons) - SHOWN:,} more" if len(reasons) > SHOWN else ""
    lost = [row for row, why in reasons.items() if why == LOST]
    hint = _hint(table, column, feature, lost[0]) if lost else ""
    ignore = to_line(("data", "ignore"), [column])
    skip = to_line(("data", "unreadable"), "skip")
    return DataError(
        f"column {column!r} names {len(reasons):,} pictures of {len(table):,} that cannot be read: "
        f"{'; '.join(few)}{more}. {hint}Fix the paths or the files; or leave these rows out, "
        f"`{skip}`, or the column, `{ignore}`.",
        key=("features", column),
    )


def _hint(table: Table, column: str, feature: Pathed, row: int) -> str:
    """Where a file is that is not where it should be, as a sentence with the line; or nothing."""
    folder, word = table.folder(row), _word(table[column][row])
    name = PureWindowsPath(word).name  # which knows both marks
    tail = PureWindowsPath(word.lstrip("/\\")).as_posix().split("/")
    found: list[Path] = []
    with suppress(OSError, DataError):  # what cannot be looked into helps nobody
        found = [
            path
            for path in islice(walk(folder), LOOKED)
            if name in (path.name, path.stem) or path.name == name + (feature.ending or "")
        ]
    where = f"below {folder}" if str(folder) != "." else "below the working folder"
    if not found:
        return f"No file of that name is {where}. "
    best = max(found, key=lambda path: _shared(path.relative_to(folder).parts[:-1], tail[:-1]))
    inner = best.relative_to(folder)
    if ELSEWHERE.match(word):
        return f"The path is of another machine; such a file is here: {inner}. Write such paths. "
    ending = feature.ending or ("" if best.name == name else best.suffix)
    above = inner.parts[: len(inner.parts) - len(tail)]
    if inner.parts[len(above) : -1] != tuple(tail[:-1]):
        return f"Such a file is here: {inner}. "
    written: dict[str, Any] = {"kind": catalog.name_of(feature)}
    written |= {"root": "/".join(above)} if above else {}
    written |= {"ending": ending} if ending else {}
    return f"Such a file is here: {inner}: `{to_line(('features', column), written)}`. "


def _shared(parts: Sequence[str], tail: Sequence[str]) -> int:
    """How many folders two paths share at their ends."""
    count = 0
    for mine, its in zip(reversed(parts), reversed(tail), strict=False):
        if mine != its:
            break
        count += 1
    return count


def unnamed(table: Table, columns: Sequence[str]) -> str:
    """What is said where a column without a use may name pictures; or nothing."""
    kinds = (catalog.find("features", name)() for name in catalog.names("features"))
    pictures = next(kind for kind in kinds if isinstance(kind, Pathed))
    for column in columns:
        values = table[column]
        there = np.flatnonzero(~missing(values))
        if not len(there) or kind_of(values) not in ("string", "number"):
            continue
        hint = _hint(table, column, pictures, int(there[0]))
        if "`" in hint:
            return f" Column {column!r} may name pictures. {hint}".rstrip()
    return ""
