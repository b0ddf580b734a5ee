"""One table from several files: row after row, columns matched by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import NoReturn

from kbuilder import progress
from kbuilder.errors import DataError, Key, cut, listed
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.tables.cells import spread
from kbuilder.tables.table import Table
from kbuilder.tables.values import TRUTH, exact, is_number, kind_of, missing

MOST = 8
"""Files that a message lists in the line to write."""
CALLED = {"number": "numbers", "string": "words", "truth": "truth values"}
"""What a message calls the values of a kind."""


def matching(path: Path) -> tuple[Path, ...] | None:
    """The files of a pattern such as `sales-*.csv`, sorted; None, if it is the name of a file."""
    if not has_magic(str(path)) or path.exists():
        return None
    names = glob(str(path), recursive=True)  # noqa: PTH207 - it leaves out hidden files
    return tuple(sorted(map(Path, names)))


def refuse(files: Sequence[Path], at: int, message: str, key: Key, also: str = "") -> NoReturn:
    """Refuse a file that is unlike the first.

    Args:
        files: All files.
        at: Which of them is.
        message: In what it differs, as a sentence without its end.
        key: The place of the files in the recipe.
        also: What else helps, as a sentence.

    Raises:
        DataError: with the line that leaves it out.
    """
    rest = [str(file.absolute()) for number, file in enumerate(files) if number != at]
    out = "leave it out"
    if key and len(rest) <= MOST:
        out += f": `{to_line(key, rest if len(rest) > 1 else rest[0])}`"
    also = f" {also}" if also else ""
    raise DataError(f"{message}.{also} Change {files[at].name}, or {out}.", key=key)


def read(
    files: Sequence[Path],
    one: Callable[[Path], Table],
    ignore: Collection[str] = (),
    key: Key = (),
) -> Table:
    """The rows of one file or of several, each read by `one`; the rest as `joined` takes it."""
    if len(files) == 1:
        return one(files[0])
    tables = []
    with progress.stage(f"reading {len(files):,} files", len(files), "files") as stage:
        for file in files:
            tables.append(one(file))
            stage.advance()
    return joined(files, tables, ignore, key)


def joined(
    files: Sequence[Path], tables: Sequence[Table], ignore: Collection[str] = (), key: Key = ()
) -> Table:
    """The rows of several files as one table.

    A column of which one file has numbers and another has words is refused: in a single file it
    would be of words. A column without a value is like any other.

    Args:
        files: Where the tables are from.
        tables: The rows of each.
        ignore: Columns that are not used; they may be missing from some.
        key: The place of the files in the recipe, for messages.

    Raises:
        DataError: if the columns of two differ, or their values do, naming both.
    """
    import pandas as pd

    first, names = files[0].name, list(tables[0].columns)
    for at, table in enumerate(tables):
        more = [name for name in table.columns if name not in names and name not in ignore]
        less = [name for name in names if name not in table.columns and name not in ignore]
        if more or less:
            has = f"has {listed(map(repr, more))}" if more else ""
            lacks = f"lacks {listed(map(repr, less))}" if less else ""
            both = ", and ".join(part for part in (has, lacks) if part)
            line = to_line(("data", "ignore"), [*ignore, *more, *less])
            refuse(
                files, at, f"{files[at].name} {both}, unlike {first}", key,
                f"Expected equal columns. Do without: `{line}`.",
            )  # fmt: skip
    kept = [name for name in names if all(name in table.columns for table in tables)]
    kinds = {name: _kind(name, files, tables, key) for name in kept}
    columns = {
        name: _column([table.columns[name] for table in tables], kind)
        for name, kind in kinds.items()
    }
    twice = {name for name, count in Counter(f.name for f in files).items() if count > 1}
    labels: list[str | int] = []
    for file, table in zip(files, tables, strict=True):
        named = Table(table.columns, str(file) if file.name in twice else file.name, table.labels)
        labels += [named.row(row) for row in range(len(named))]
    taken: dict[str, Counter[str]] = {}
    for table in tables:
        for name, words in table.taken.items():
            taken.setdefault(name, Counter()).update(words)
    known: Mapping[str, Mapping[str, int]] = {n: taken[n] for n in kept if n in taken}
    rest = [table.kept for table in tables if table.kept is not None]
    carried = pd.concat(rest, ignore_index=True) if rest else None
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    folders = [table.folder(row) for table in tables for row in range(len(table))]
    return Table(
        columns, listed((file.name for file in files), 3), labels, known, carried, notes,
        folders=folders if len(set(folders)) > 1 else folders[:1],
    )  # fmt: skip


def _kind(name: str, files: Sequence[Path], tables: Sequence[Table], key: Key) -> str | None:
    """The kind of a column's values, in all files; None: it has none."""
    kinds = [_kind_of(table.columns[name]) for table in tables]
    known = [at for at, kind in enumerate(kinds) if kind is not None]
    if not known:
        return None
    first, other = known[0], next((at for at in known if kinds[at] != kinds[known[0]]), None)
    if other is None:
        return kinds[first]
    said = [
        f"{CALLED.get(str(kinds[at]), str(kinds[at]))} in {files[at].name}"
        for at in (first, other)
    ]  # fmt: skip
    names = f"all are names: `{to_line(('features', name), 'category')}`."
    also = f"If {names}"
    words = next((at for at in (first, other) if kinds[at] == "string"), None)
    if words is not None:
        values = tables[words].columns[name]
        there = np.flatnonzero(~missing(values)).tolist()
        row = next((row for row in there if not is_number(str(values[row]))), there[0])
        word = str(values[row])
        also = f"The first word is {cut(word)!r} ({tables[words].row(row)}). "
        if "number" in (kinds[first], kinds[other]) and not is_number(word):
            taken = [word for table in tables for words in table.taken.values() for word in words]
            line = to_line(("data", "missing"), list(dict.fromkeys([*taken, word])))
            also += f"If that means missing: `{line}`; if {names}"
        else:
            also += f"If {names}"
    return refuse(files, other, f"column {name!r} has {' and '.join(said)}", key, also)


def _kind_of(values: np.ndarray) -> str | None:
    """What kind of values a column has; None, if all are missing."""
    if values.ndim == 1 and missing(values).all():
        return None
    kind = kind_of(values)
    if kind == "string" and set(values[~missing(values)]) <= set(TRUTH):
        return "truth"
    return kind


def _column(values: Sequence[np.ndarray], kind: str | None) -> np.ndarray:
    """A column of all files, as if it stood in one."""
    if kind == "number":
        return _numbers(values)
    if kind is None:
        return np.full(sum(map(len, values)), np.nan)
    if len({(part.dtype, part.shape[1:]) for part in values}) == 1:
        return np.concatenate(values)
    whole = np.full(sum(map(len, values)), None, dtype=object)
    row = 0
    for part in values:
        gone = missing(part)
        for value, absent in zip(part, gone, strict=True):
            whole[row] = None if absent else value
            row += 1
    return whole


def _numbers(values: Sequence[np.ndarray]) -> np.ndarray:
    """Numbers, whole ones exactly where all are whole."""
    gone = np.concatenate([missing(part) for part in values])
    there = [part[~missing(part)] for part in values]
    whole = [part for part in there if part.dtype.kind != "f" and len(part)]
    broken = [part for part in there if part.dtype.kind == "f" and len(part)]
    large = any(max(-int(part.min()), int(part.max())) > 2**53 for part in whole)
    if broken and not (large and all(np.all(part == np.trunc(part)) for part in broken)):
        return spread(np.concatenate([part.astype(np.float64) for part in there]), gone)
    if len({part.dtype for part in whole}) == 1 and not broken:
        return spread(np.concatenate(whole), gone)
    return spread(exact([int(number) for part in there for number in part]), gone)
