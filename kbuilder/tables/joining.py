"""Several columns of numbers as one column of arrays: pixel0 to pixel783 as a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from kbuilder.errors import DataError, cut, listed, nearest
from kbuilder.lines import to_line
from kbuilder.tables.naturally import natural
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number, kind_of, missing

MANY = 64
"""Columns of one stem that may be meant as one array, at least."""
WILD = re.compile(r"[*?\[]")


def chosen(written: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns that patterns and names mean: those of a pattern in natural order.

    A column that is called like a pattern is that column.

    Args:
        written: Names, and patterns with *, ? or [0-9], as a recipe has them.
        names: The columns that there are.

    Raises:
        DataError: if one means no column, or a column is meant twice.
    """
    known, found = set(names), list[str]()
    for one in written:
        if one in known:
            found.append(one)
            continue
        matching = sorted((n for n in names if fnmatchcase(n, one)), key=natural)
        if not matching:
            what = "no column matches" if WILD.search(one) else "there is no column"
            raise DataError(
                f"{what} {one!r}. There are: {listed(names)}.", suggestion=nearest(one, names)
            )
        found += matching
    twice = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    if twice:
        raise DataError(f"{listed(map(repr, twice))} is named twice. Expected each column once.")
    return found


def joined(table: Table, name: str, members: Sequence[str], shape: Sequence[int]) -> Table:
    """The table with one column of arrays in place of several of numbers. (rows, *shape)

    Args:
        table: The rows; a table that has the arrays already stays as it is.
        name: What the new column is called.
        members: The columns, in the order of their numbers.
        shape: The shape of a row.

    Raises:
        DataError: if columns are missing, or hold anything but finite numbers; a number that is
            missing is NaN.
    """
    if not expect(table, name, members):
        return table
    arrays = np.stack([_numbers(table, name, member) for member in members], axis=1)
    if arrays.dtype.kind in "iu" and arrays.size and 0 <= arrays.min() <= arrays.max() <= 255:
        arrays = arrays.astype(np.uint8)
    columns: dict[str, np.ndarray] = {}
    others = set(members[1:])
    for column, values in table.columns.items():
        if column == members[0]:
            columns[name] = arrays.reshape(len(arrays), *shape)
        elif column not in others:
            columns[column] = values
    return replace(table, columns=columns, joined={**table.joined, name: tuple(members)})


def expect(table: Table, name: str, members: Sequence[str]) -> bool:
    """Whether a table has the columns that arrays are made of; if not, it has the arrays.

    Raises:
        DataError: if it has neither, naming the columns that are missing.
    """
    gone = [member for member in members if member not in table.columns]
    if gone and name not in table.columns:
        raise DataError(
            f"{table.origin} has no column {listed(map(repr, gone))}, of the {len(members):,} that "
            f"{name!r} is made of ({ends(members)}). It has: {listed(table.columns)}.",
            key=("features", name),
            suggestion=nearest(gone[0], [n for n in table.columns if n not in members]),
        )
    return not gone


def _numbers(table: Table, name: str, member: str) -> np.ndarray:
    """The numbers of a column, NaN where one is missing. (rows,)"""
    values = table[member]
    if values.ndim > 1 or values.dtype.kind not in "iuf":
        gone = missing(values)
        if values.ndim > 1 or (kind_of(values) != "number" and not gone.all()):
            raise _no_number(table, name, member, np.flatnonzero(~gone).tolist())
        floats = np.full(len(values), np.nan)
        floats[~gone] = values[~gone].astype(np.float64)
        values = floats
    endless = np.flatnonzero(np.isinf(values)).tolist()
    if endless:
        raise DataError(
            f"column {member!r}, which {name!r} is made of, holds a number that is infinite "
            f"({table.row(endless[0])}). Expected finite numbers.",
            key=("features", name),
        )
    return values


def _no_number(table: Table, name: str, member: str, rows: list[int]) -> DataError:
    values = table[member]
    odd = [row for row in rows if not is_number(str(values[row]))] or rows
    word = cut(str(values[odd[0]]))
    line = to_line(("data", "missing"), [word])
    return DataError(
        f"column {member!r}, which {name!r} is made of, holds {word!r} ({table.row(odd[0])}). "
        f"Expected numbers alone. If that means missing, write `{line}`; if the column is none of "
        f"them, other `columns`.",
        key=("features", name),
    )


def ends(names: Sequence[str]) -> str:
    """Columns by the first and the last: pixel0 … pixel783."""
    return listed(names) if len(names) < 4 else f"{names[0]}, {names[1]} … {names[-1]}"


@dataclass(frozen=True)
class Run:
    """Columns of one stem with running numbers.

    Args:
        stem: What their names begin with.
        names: The columns, in natural order.
        sizes: How many numbers each place of their names runs through: (784,), or (8, 8).
    """

    stem: str
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def pattern(self) -> str:
        """What matches them."""
        return f"{self.stem}*" if self.stem else "[0-9]*"

    @property
    def picture(self) -> list[int] | None:
        """The shape of a picture that they may be; None: they are too many or too few for one."""
        if len(self.sizes) == 2 and min(self.sizes) >= 8:
            return [*self.sizes, 1]
        side = math.isqrt(len(self.names))
        return [side, side, 1] if len(self.sizes) == 1 and side**2 == len(self.names) else None


def runs(names: Sequence[str]) -> list[Run]:
    """The stems that many columns have, followed by numbers that run without a gap."""
    stems: dict[str, list[tuple[int, ...]]] = {}
    owners: dict[str, list[str]] = {}
    for name in names:
        known = re.fullmatch(r"(.*?)(\d+(?:[_.x-]\d+)*)", name)
        if known:
            stems.setdefault(known[1], []).append(tuple(map(int, re.findall(r"\d+", known[2]))))
            owners.setdefault(known[1], []).append(name)
    found = []
    for stem, places in stems.items():
        if len(places) < MANY or len({len(place) for place in places}) > 1:
            continue
        each = [sorted(set(column)) for column in zip(*places, strict=True)]
        whole = all(one[-1] - one[0] + 1 == len(one) for one in each)
        sizes = tuple(map(len, each))
        if whole and math.prod(sizes) == len(places) == len(set(places)):
            found.append(Run(stem, tuple(sorted(owners[stem], key=natural)), sizes))
    return found
