"""What looks wrong in how the rows are divided: repeated ones, windows, parts of few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Finding
from kbuilder.data import windows
from kbuilder.data.hashing import hashed
from kbuilder.data.seen import ENOUGH, SAMPLE, Seen
from kbuilder.errors import DataError, cut, listed
from kbuilder.lines import to_line
from kbuilder.spec import given
from kbuilder.tables import frequency, scratch
from kbuilder.tables.dictionary import counted
from kbuilder.tables.profile import profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import Label, as_label, kind_of, missing, one_of

LOOKED_AT, CLOSE = 20_000, 0.002
"""Stamps that are read, at most, to see whether rows are the steps of a series; and how near to a
whole number it has to be how often each comes, where those are not all."""
FEW = 30
"""Rows of a part whose figures are hardly any."""


def rare_classes(seen: Seen) -> Iterator[Finding]:
    """Classes of which there is no row to test on."""
    for names, task in seen.targets:
        if not task.stratified:
            continue
        train = _classes(seen.parts.train.target(names), task)
        for part, table in seen.parts:
            held = _classes(table.target(names), task)
            lacking = [label for label in train if label not in held]
            if lacking and part != "train":
                yield Finding(
                    "rare_classes", ("data", "split"),
                    f"no row of {listed((repr(cut(str(c))) for c in lacking), 6)} is in {part}: "
                    "its figures say nothing of them", sure=True,
                )  # fmt: skip


def _classes(values: np.ndarray, task: Any) -> Counter[Label]:
    """How many rows each class has."""
    if values.ndim > 1:
        return Counter(task.classes[place] for place in one_of(values))
    if kind_of(values) == "string":
        return Counter(counted(values[~missing(values)]))
    return Counter(as_label(value) for value in values.tolist())


def split(seen: Seen) -> Iterator[Finding]:
    """Parts of few rows, and what the division left out."""
    for note in seen.parts.notes:
        yield Finding("split", ("data", "split"), note, sure=True)
    for column, values in seen.columns.items():
        found = profile(values)
        for by in catalog.names("splits"):
            kind: Any = catalog.find("splits", by)
            match = kind.recognise(found)
            if match is not None:
                line = to_line(("data", "split"), {"by": by, "column": column})
                ignore = to_line(("data", "ignore"), [column])
                yield Finding(
                    "split", ("features", column),
                    f"column {column!r} seems to say how the rows are divided, and is read as an "
                    f"input: {match.reason}. Write `{line}` to divide by it, or `{ignore}`",
                    sure=True,
                )  # fmt: skip
    for part, table in seen.parts:
        if part == "test" and len(table) < FEW:
            yield Finding(
                "split", ("data", "split", part),
                f"{part} has {len(table)} rows: its figures may be off by as much as "
                f"{0.5 / np.sqrt(max(1, len(table))):.0%}", sure=True,
            )  # fmt: skip


def _repeated_pictures(seen: Seen) -> Iterator[Finding]:
    """Pictures that stand in training and are held back too, whatever else is in their rows."""
    for column, hashes in seen.pictures.items():
        again = []
        group = to_line(("data", "split"), {"by": "group", "column": column})
        mend = "Remove what comes twice"
        if not seen.apart.train.files and not seen.own_test:
            mend = f"Keep the rows of a picture together: `{group}`"
        for part, table in seen.apart:
            if part == "train":
                continue
            rows = np.flatnonzero(np.isin(hashed(table[column]), hashes))
            if len(rows):
                first = table.row(int(rows[0]))
                what = f"pictures of {seen.called(part)}"
                again.append(f"{len(rows):,} of {len(table):,} {what} ({first})")
        exactly = ", byte for byte" if kind_of(seen.apart.train[column]) == "bytes" else ""
        if again and len(np.unique(hashes)) > 1:
            yield Finding(
                "repeated_rows", ("features", column),
                f"column {column!r}: {' and '.join(again)} are in the training rows too"
                f"{exactly}: its figures are better than they should be. {mend}", sure=True,
            )  # fmt: skip


def repeated_rows(seen: Seen) -> Iterator[Finding]:
    """Rows that stand in training and are held back too."""
    pictures = list(_repeated_pictures(seen))
    yield from pictures
    if pictures:
        return
    names = [*seen.recipe.features, *(n for t in seen.targets for n in t.columns)]
    train = seen.apart.train
    if len(names) < 2 or len(train) < ENOUGH:
        return
    chance = _chance(train, names)
    known = _rows(train, names)
    known.sort()
    again = []
    for part, table in seen.apart:
        if part != "train":
            count = _among(_rows(table, names), known)
            expected = chance * len(train) * len(table)
            if count > 0.01 * len(table) and count > 10 * expected:
                again.append(f"{count:,} of {len(table):,} rows of {seen.called(part)}")
    if again:
        yield Finding(
            "repeated_rows", ("data", "split"),
            f"{' and '.join(again)} stand in the training rows too: its figures are better "
            "than they should be. Remove rows that come twice from the file", sure=True,
        )  # fmt: skip


def _chance(table: Table, names: Sequence[str]) -> float:
    """How likely two rows are alike, if their columns had nothing to do with each other."""
    chance = 1.0
    for name in names:
        counts = np.unique(hashed(table[name][:SAMPLE]), return_counts=True)[1]
        chance *= float(np.sum((counts / counts.sum()) ** 2))
    return chance


def _rows(table: Table, names: Sequence[str]) -> np.ndarray:
    """A hash of each row. (rows,) uint64"""
    import pandas as pd

    found = scratch.empty((len(table),), np.uint64)
    for start in range(0, len(table), SAMPLE):  # a hash of each cell takes more than the cell
        rows = slice(start, start + SAMPLE)
        columns = pd.DataFrame({name: hashed(table[name][rows]) for name in names})
        found[rows] = pd.util.hash_pandas_object(columns, index=False).to_numpy()
    return found


def _among(hashes: np.ndarray, known: np.ndarray) -> int:
    """How many of some hashes are among others, which are in order."""
    count = 0
    for start in range(0, len(hashes), SAMPLE):
        some = hashes[start : start + SAMPLE]
        places = np.searchsorted(known, some).clip(max=len(known) - 1)
        count += int(np.sum(known[places] == some))
    return count


def overlap(seen: Seen) -> Iterator[Finding]:
    """Windows of a series that share steps with windows of training."""
    train, key = seen.apart.train, ("data", "split")
    for column, feature in seen.recipe.features.items():
        values = train[column]
        if feature.holds != "numbers" or not windows.may_be(values):
            continue
        for part, table in seen.apart:
            shared = windows.shared(train.take(slice(SAMPLE)), table.take(slice(SAMPLE)), column)
            if part == "train" or shared is None:
                continue
            message = (
                f"{shared.rows:,} of {min(len(table), SAMPLE):,} rows of {seen.called(part)} "
                f"share steps of {column!r} with rows of training: they are windows that overlap, "
                "so that its figures are better than they should be. "
            )
            if part == "test" and seen.own_test:
                yield Finding("overlap", key, f"{message}Leave such rows out", sure=True)
                return
            split: Any = seen.recipe.data.split
            own = {"by": catalog.name_of(split), **given(split)} if hasattr(split, "gap") else {}
            line = to_line(key, {"by": "time", **own, "gap": shared.gap})
            if shared.gap:
                more = "and more by as many steps as the target lies ahead"
                message += f"Divide them in their order, with a gap: `{line}`, {more}"
            else:
                line = ""
                message += "Divide them by a column of their time, which rows in any order need"
            yield Finding("overlap", key, message, sure=True, line=line)
            return


def series(seen: Seen) -> Iterator[Finding]:
    """Steps of a series that were held back at random, between others that are nearly alike."""
    at_random, dated = catalog.find("splits", "random"), catalog.find("features", "datetime")
    if not isinstance(seen.recipe.data.split, at_random) or seen.own_test:
        return
    rows = sum(len(table) for _, table in seen.parts)
    share, random = min(1.0, LOOKED_AT / rows), np.random.default_rng(0)
    for column, feature in seen.recipe.features.items():
        if not isinstance(feature, dated):
            continue
        some = [
            table[column][random.permutation(len(table))[: int(share * len(table))]]
            for _, table in seen.parts
        ]
        apart = _steps_of(column, np.concatenate(some), rows)
        if apart is None:
            continue
        line = to_line(("data", "split"), {"by": "time", "column": column})
        follow = to_line(("data",), {"time": column})
        yield Finding(
            "series", ("data", "split"),
            f"the rows are the steps of a series, by {column!r} {apart} apart. Held back at random "
            "they lie between rows of training, and are easier than what comes later. Hold back "
            f"the latest: `{line}`; or forecast the next steps: `{follow}` and `task: forecasting`",
            sure=True, line=line,
        )  # fmt: skip
        return


def _steps_of(column: str, stamps: np.ndarray, rows: int) -> frequency.Frequency | None:
    """The distance of stamps that are even, each as often as the others; None: they are not.

    Args:
        column: For messages.
        stamps: All stamps, or some at random.
        rows: How many there are in all.
    """
    if missing(stamps).any():
        return None
    try:
        different, counts = np.unique(frequency.read(column, stamps), return_counts=True)
    except DataError:
        return None
    if len(different) < ENOUGH:
        return None
    if len(stamps) == rows:
        even = counts.min() == counts.max()
        return frequency.infer([different], True)[0] if even else None
    apart = np.gcd.reduce(np.diff(different))
    times = rows / ((different[-1] - different[0]) / apart + 1)  # that each comes
    if times < 1 - CLOSE or abs(times - round(times)) > CLOSE:
        return None
    return frequency.infer([different[0] + apart * np.arange(ENOUGH)], True)[0]


def unread(seen: Seen) -> Iterator[Finding]:
    """What of the files is no row."""
    notes = dict.fromkeys(note for _, table in seen.parts for note in table.notes)
    for note in notes:
        yield Finding("unread", ("data", "path"), note, sure=True)
