"""What looks wrong in one column of numbers or words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from kbuilder.contracts import Finding, Timed
from kbuilder.data.naming import naming
from kbuilder.data.seen import ENOUGH, Seen
from kbuilder.data.stamps import stamps
from kbuilder.data.words import also_missing
from kbuilder.errors import listed
from kbuilder.lines import to_line
from kbuilder.tables.cells import missing_but
from kbuilder.tables.dictionary import counted
from kbuilder.tables.values import far_off, kind_of, missing

FEWEST = 10
"""Different numbers that a column must have, to know which are away from others."""
HUGE = 1e20
"""Numbers that nobody measures, but some write for missing."""
SHIFTED = 0.25
"""The population stability index of a column that is another in the test rows."""


def ids(seen: Seen) -> Iterator[Finding]:
    """Columns of whole numbers that name rows, and measure nothing."""
    for column, values in seen.columns.items():
        if seen.recipe.features[column].holds != "numbers" or kind_of(values) != "number":
            continue
        why = naming(column, values[~missing(values)])
        if why:
            line = to_line(("data", "ignore"), [column])
            yield Finding(
                "ids", ("features", column),
                f"column {column!r} looks like ids, which teach nothing of other rows: {why}. "
                f"Leave it out: `{line}`", False, line,
            )  # fmt: skip


def dates(seen: Seen) -> Iterator[Finding]:
    """Columns of whole numbers that look like dates or times, where nobody wrote their kind."""
    for column, values in seen.columns.items():
        numbers = values[~missing(values)]
        if column not in seen.inferred or kind_of(values) != "number":
            continue
        found = stamps(numbers)
        if found is None:
            continue
        key = ("features", column)
        line = to_line(key, {"kind": "datetime", "format": found.format}) if found.format else ""
        dated = f"If they are, write `{line}`" if line else "If they are, write them as 20240131"
        yield Finding(
            "dates", key,
            f"column {column!r} holds whole numbers that look like {found.what}, and are read as "
            f"numbers. {dated}; if not, `{to_line(key, 'number')}`", False, line,
        )  # fmt: skip


def spelling(seen: Seen) -> Iterator[Finding]:
    """Words that differ by case or blanks alone."""
    train = seen.parts.train
    columns = {name: ("features", name) for name, f in seen.recipe.features.items()
               if f.holds == "words"}  # fmt: skip
    goals = {name: ("data", "target") for t in seen.targets if t.task.stratified
             for name in t.columns}  # fmt: skip
    for column, key in {**goals, **columns}.items():
        if kind_of(train[column]) != "string":
            continue
        groups: dict[str, list[str]] = {}
        values = train[column]
        for word in counted(values[~missing(values)]):
            groups.setdefault(" ".join(word.lower().split()), []).append(word)
        alike = [words for words in groups.values() if len(words) > 1]
        if alike:
            few = "; ".join(" and ".join(map(repr, words)) for words in alike[:3])
            yield Finding(
                "spelling", key,
                f"column {column!r} has {len(alike)} words in several spellings, each taken for "
                f"another: {few}. If they are the same, write them alike in the file", sure=True,
            )  # fmt: skip


def missing_words(seen: Seen) -> Iterator[Finding]:
    """Words that mean missing by default and may be values, and numbers that may mean missing."""
    yield from _missing_numbers(seen)
    if getattr(seen.recipe.data, "missing", None) is not None:
        return
    train = seen.parts.train
    goals = {name for target in seen.targets for name in target.columns}
    for column, counts in train.taken.items():
        if column not in goals or kind_of(train[column]) != "string":
            continue
        words = listed(f"{word!r} ({count:,} rows)" for word, count in counts.items())
        line = to_line(("data", "missing"), missing_but(counts))
        yield Finding(
            "missing_words", ("data", "target"),
            f"in the target {column!r} {words} counts as missing, and these rows are left out. "
            f"If it is a class, write `{line}`, which are all words that mean missing then",
            True, line,
        )  # fmt: skip


def _missing_numbers(seen: Seen) -> Iterator[Finding]:
    """Numbers such as -999 that come again and again, away from all others."""
    written = getattr(seen.recipe.data, "missing", ())  # not every source has words
    for column, values in seen.columns.items():
        if written == () or kind_of(values) != "number":
            continue
        numbers = values.astype(np.float64)
        known, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
        if len(known) < FEWEST:
            continue
        spread = {0: known[-1] - known[1], -1: known[-2] - known[0]}
        for end, others in spread.items():
            away = abs(known[end] - known[1 if end == 0 else -2])
            if counts[end] < 3 or away <= others or not _is_mark(known[end]):
                continue
            low, high = (known[1], known[-1]) if end == 0 else (known[0], known[-2])
            word = f"{known[end]:g}"
            line = to_line(
                ("data", "missing"), also_missing(seen.parts.train, [word], written or ())
            )
            yield Finding(
                "missing_words", ("features", column),
                f"column {column!r} has the number {word} in {counts[end]:,} rows, away from all "
                f"others ({low:g} to {high:g}). If it means missing, write `{line}`", True, line,
            )  # fmt: skip


def _is_mark(number: float) -> bool:
    """Whether a number is one that people write for missing: nines alone, or a huge one."""
    digits = f"{abs(number):.10g}"
    return (len(digits) > 1 and set(digits) == {"9"}) or abs(number) >= HUGE


def far_off_numbers(seen: Seen) -> Iterator[Finding]:
    """Numbers that are far off all others, with their rows."""
    for part, table in seen.parts:
        for column, feature in seen.recipe.features.items():
            values = table[column]
            if part != "train" or feature.holds != "numbers" or kind_of(values) != "number":
                continue
            numbers = values.astype(np.float64, copy=False)  # rows may be many: few copies
            there = np.isfinite(numbers)
            if not there.any():
                continue
            away = np.flatnonzero(far_off(numbers if there.all() else numbers[there]))
            away = away if there.all() else np.flatnonzero(there)[away]
            if len(away):
                some = listed((f"{numbers[row]:g} in {table.row(int(row))}" for row in away), 3)
                yield Finding(
                    "far_off", ("features", column),
                    f"column {column!r} has {len(away):,} values far off all others: {some}. They "
                    "count as the nearest of the others; fix or remove them if they are wrong",
                    sure=True,
                )  # fmt: skip


def shift(seen: Seen) -> Iterator[Finding]:
    """Columns that are others in test rows of a file of their own."""
    test = seen.parts.test
    if not seen.own_test or test is None or len(test) < ENOUGH:
        return
    for column, values in seen.columns.items():
        if isinstance(seen.recipe.features[column], Timed):
            continue  # another time is another
        index = _stability(values, test[column])
        if index > SHIFTED:
            yield Finding(
                "shift", ("features", column),
                f"column {column!r} is another in the test rows than in training (population "
                f"stability index {index:.2f}, over {SHIFTED})", sure=True,
            )  # fmt: skip


def _stability(train: np.ndarray, test: np.ndarray) -> float:
    """The population stability index of a column. Source: Siddiqi 2006, Credit Risk Scorecards."""
    if kind_of(train) == "number" and kind_of(test) == "number":
        known = train.astype(np.float64)
        bounds = np.unique(np.nanquantile(known, np.linspace(0, 1, 11)[1:-1]))
        counts = [
            np.bincount(np.searchsorted(bounds, x.astype(np.float64)), minlength=len(bounds) + 1)
            for x in (train, test)
        ]
    else:
        names = Counter(map(str, train.tolist()))
        common = [name for name, _ in names.most_common(20)]
        own = Counter(map(str, test.tolist()))
        counts = [
            np.array([*(c[n] for n in common), sum(c.values()) - sum(c[n] for n in common)])
            for c in (names, own)
        ]
    p, q = ((c + 0.5) / (c.sum() + 0.5 * len(c)) for c in counts)
    return float(np.sum((q - p) * np.log(q / p)))
