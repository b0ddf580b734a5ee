"""What looks wrong in the rows: columns that give the target away, rows that come twice, and more.

Each check gives findings, with the line to write; `data.checks` says what becomes of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Target
from kbuilder.contracts import Finding, Timed
from kbuilder.data import windows
from kbuilder.data.naming import naming
from kbuilder.data.split import Parts
from kbuilder.errors import DataError, cut, listed
from kbuilder.lines import to_line
from kbuilder.recipe.checks import DEFAULTS, Check
from kbuilder.recipe.recipe import Recipe
from kbuilder.spec import given
from kbuilder.tables.cells import missing_but
from kbuilder.tables.profile import profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import Label, as_label, far_off, kind_of, missing, one_of

NEARLY = 0.999
"""A correlation with the target, or a share of rows, that is nearly all."""
ENOUGH = 50
"""Rows that a check needs, to tell a rule from chance."""
FEW = 30
"""Rows of a part whose figures are hardly any."""
SHIFTED = 0.25
"""The population stability index of a column that is another in the test rows."""
SAMPLE = 100_000
"""Rows that a check looks at, at most."""


@dataclass(frozen=True)
class Looked:
    """What the checks look at.

    Args:
        recipe: With features and tasks.
        parts: The rows of training, validation and test.
        targets: What is predicted.
        own_test: Whether the test rows are from a file of their own.
    """

    recipe: Recipe
    parts: Parts
    targets: Sequence[Target]
    own_test: bool

    @cached_property
    def _some(self) -> Table:
        return self.parts.train.take(slice(SAMPLE))

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """The scalar columns of the training rows that are features."""
        train = self._some
        kinds = {name: kind_of(train[name]) for name in self.recipe.features}
        return {n: train[n] for n, kind in kinds.items() if kind in ("number", "string")}

    @cached_property
    def pictures(self) -> dict[str, np.ndarray]:
        """A hash of each picture of the training rows, by column. (rows,) uint64 each"""
        features = self.recipe.features.items()
        return {
            name: _hashed(self.parts.train[name])
            for name, feature in features
            if feature.holds == "pictures"
        }

    def target(self, names: Sequence[str]) -> np.ndarray:
        """A target of the same rows."""
        return self._some.target(names)


def check(looked: Looked) -> tuple[Finding, ...]:
    """What the checks find, the errors apart.

    Raises:
        DataError: with all findings that are errors.
    """
    verdicts = {**DEFAULTS, **getattr(looked.recipe.data, "checks", {})}  # not every source has it
    found = [
        finding
        for name, look in CHECKS.items()
        if verdicts.get(name, "warn") != "ignore"
        for finding in look(looked)
    ]
    wrong = [one for one in found if one.sure and verdicts.get(one.check, "warn") == "error"]
    if wrong:
        allow = ", ".join(dict.fromkeys(
            f"`{to_line(('data', 'checks'), {one.check: 'warn'})}`" for one in wrong
        ))  # fmt: skip
        said = "\n".join(one.message for one in wrong)
        raise DataError(f"{said}\nIf all is as it should be, write {allow}.", key=wrong[0].key)
    return tuple(found)


def _leak(looked: Looked) -> Iterator[Finding]:
    """Columns that say the target, or nearly."""
    for names, task in looked.targets:
        values = looked.target(names)
        if values.ndim > 1 or len(values) < ENOUGH or kind_of(values) not in ("number", "string"):
            continue
        for column, cells in looked.columns.items():
            key = ("features", column)
            line = to_line(("data", "ignore"), [column])
            ignore = f"`{line}`"
            goal = listed(map(repr, names))
            if task.stratified:
                how = _determines(cells, values)
            else:
                how = _follows(cells, values)
            if how == "same":
                message = f"column {column!r} gives the target {goal} away: each says the other"
                yield Finding("leak", key, f"{message}. Leave it out: {ignore}.", True, line)
            elif how:
                message = f"column {column!r} nearly says the target {goal}: {how}"
                yield Finding(
                    "leak", key, f"{message}. If it is known only afterwards, write {ignore}.",
                    False, line,
                )  # fmt: skip


def _determines(cells: np.ndarray, labels: np.ndarray) -> str:
    """How a column says the class of a row: "same", in words, or not at all."""
    import pandas as pd

    if (~missing(cells)).sum() < ENOUGH:
        return ""
    name, names = pd.factorize(cells, use_na_sentinel=False)
    label, known = pd.factorize(labels, use_na_sentinel=False)
    if len(known) < 2 or len(names) > min(0.1 * len(cells), 1000):
        return ""  # too many values to tell a rule from chance
    together = np.bincount(name * len(known) + label, minlength=len(names) * len(known))
    right = int(together.reshape(len(names), len(known)).max(axis=1).sum())
    chance = np.bincount(label).max() / len(cells)
    if right == len(cells) and len(names) == len(known):
        return "same"
    if right >= NEARLY * len(cells) and chance < 0.99:
        return f"its {len(names)} values tell the class of {right / len(cells):.1%} of the rows"
    return ""


def _follows(cells: np.ndarray, numbers: np.ndarray) -> str:
    """How a column says a number: "same", in words, or not at all."""
    if kind_of(cells) != "number" or kind_of(numbers) != "number":
        return ""
    x, y = cells.astype(np.float64), numbers.astype(np.float64)
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < ENOUGH or not x[there].std() > 0 or not y[there].std() > 0:
        return ""
    if np.array_equal(x[there], y[there]):
        return "same"
    related = abs(float(np.corrcoef(x[there], y[there])[0, 1]))
    return f"its correlation with it is {related:.4f}" if related >= NEARLY else ""


def _sum(looked: Looked) -> Iterator[Finding]:
    """Columns that the target is the sum of, or the difference."""
    for names, task in looked.targets:
        values = looked.target(names)
        if task.stratified or values.ndim > 1 or kind_of(values) != "number":
            continue
        numbers = {
            column: cells.astype(np.float64)
            for column, cells in looked.columns.items()
            if kind_of(cells) == "number"
        }
        goal = values.astype(np.float64)
        if not 2 <= len(numbers) <= 60:
            continue
        matrix = np.stack([*numbers.values(), np.ones(len(goal))], axis=1)
        there = np.isfinite(matrix).all(axis=1) & np.isfinite(goal)
        if there.sum() < max(ENOUGH, 3 * len(numbers)):
            continue
        scale = np.abs(matrix[there]).max(axis=0)
        scale[scale == 0] = 1.0
        weights = np.linalg.lstsq(matrix[there] / scale, goal[there], rcond=None)[0] / scale
        rest = goal[there] - matrix[there] @ weights
        if np.abs(rest).max() > 1e-6 * goal[there].std():
            continue
        part = {c: w for c, w in zip(numbers, weights, strict=False) if abs(w) > 1e-6}
        if len(part) > 1:
            formula = " ".join(map(_term, part.items())).removeprefix("+ ")
            message = f"the target {listed(map(repr, names))} is {formula}, in every row"
            line = to_line(("data", "ignore"), list(part))
            yield Finding(
                "sum", ("data", "target"),
                f"{message}. If these are known only afterwards, leave one out of `{line}`, or all",
                True, line,
            )  # fmt: skip


def _term(weighted: tuple[str, float]) -> str:
    """A column and its weight in a sum: "+ tip"."""
    column, weight = weighted
    factor = "" if abs(abs(weight) - 1) < 1e-6 else f"{abs(weight):.4g} × "
    return f"{'+' if weight > 0 else '-'} {factor}{column}"


def _ids(looked: Looked) -> Iterator[Finding]:
    """Columns of whole numbers that name rows, and measure nothing."""
    for column, values in looked.columns.items():
        if looked.recipe.features[column].holds != "numbers" or kind_of(values) != "number":
            continue
        why = naming(column, values[~missing(values)])
        if why:
            line = to_line(("data", "ignore"), [column])
            yield Finding(
                "ids", ("features", column),
                f"column {column!r} looks like ids, which teach nothing of other rows: {why}. "
                f"Leave it out: `{line}`", False, line,
            )  # fmt: skip


def _spelling(looked: Looked) -> Iterator[Finding]:
    """Words that differ by case or blanks alone."""
    train = looked.parts.train
    columns = {name: ("features", name) for name, f in looked.recipe.features.items()
               if f.holds == "words"}  # fmt: skip
    goals = {name: ("data", "target") for t in looked.targets if t.task.stratified
             for name in t.columns}  # fmt: skip
    for column, key in {**goals, **columns}.items():
        if kind_of(train[column]) != "string":
            continue
        groups: dict[str, list[str]] = {}
        for word in dict.fromkeys(v for v in train[column].tolist() if v):
            groups.setdefault(" ".join(word.lower().split()), []).append(word)
        alike = [words for words in groups.values() if len(words) > 1]
        if alike:
            few = "; ".join(" and ".join(map(repr, words)) for words in alike[:3])
            yield Finding(
                "spelling", key,
                f"column {column!r} has {len(alike)} words in several spellings, each taken for "
                f"another: {few}. If they are the same, write them alike in the file", sure=True,
            )  # fmt: skip


def _missing_words(looked: Looked) -> Iterator[Finding]:
    """Words that mean missing by default, in columns where they may be values."""
    if getattr(looked.recipe.data, "missing", None) is not None:
        return
    train = looked.parts.train
    goals = {name for target in looked.targets for name in target.columns}
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


def _rare_classes(looked: Looked) -> Iterator[Finding]:
    """Classes of which there is no row to test on."""
    for names, task in looked.targets:
        if not task.stratified:
            continue
        train = Counter(_classes(looked.parts.train.target(names), task))
        for part, table in looked.parts:
            held = set(_classes(table.target(names), task))
            lacking = [label for label in train if label not in held]
            if lacking and part != "train":
                yield Finding(
                    "rare_classes", ("data", "split"),
                    f"no row of {listed((repr(cut(str(c))) for c in lacking), 6)} is in {part}: "
                    "its figures say nothing of them", sure=True,
                )  # fmt: skip


def _classes(values: np.ndarray, task: Any) -> list[Label]:
    """The class of each row."""
    if values.ndim == 1:
        return [as_label(value) for value in values.tolist()]
    return [task.classes[place] for place in one_of(values)]


def _split(looked: Looked) -> Iterator[Finding]:
    """Parts of few rows, and what the division left out."""
    for note in looked.parts.notes:
        yield Finding("split", ("data", "split"), note, sure=True)
    for column, values in looked.columns.items():
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
    for part, table in looked.parts:
        if part == "test" and len(table) < FEW:
            yield Finding(
                "split", ("data", "split", part),
                f"{part} has {len(table)} rows: its figures may be off by as much as "
                f"{0.5 / np.sqrt(max(1, len(table))):.0%}", sure=True,
            )  # fmt: skip


def _alike(looked: Looked) -> Iterator[Finding]:
    """Pictures that are all the same."""
    for column, hashes in looked.pictures.items():
        if len(hashes) > 1 and len(np.unique(hashes)) == 1:
            line = to_line(("data", "ignore"), [column])
            yield Finding(
                "alike", ("features", column),
                f"column {column!r} has the same picture in each of {len(hashes):,} training "
                f"rows, which teaches nothing. Leave it out, `{line}`, or fix the files",
                True, line,
            )  # fmt: skip


def _repeated_pictures(looked: Looked) -> Iterator[Finding]:
    """Pictures that stand in training and are held back too, whatever else is in their rows."""
    for column, seen in looked.pictures.items():
        again = []
        group = to_line(("data", "split"), {"by": "group", "column": column})
        mend = "Remove what comes twice"
        if not looked.parts.train.files and not looked.own_test:
            mend = f"Keep the rows of a picture together: `{group}`"
        for part, table in looked.parts:
            if part == "train":
                continue
            rows = np.flatnonzero(np.isin(_hashed(table[column]), seen))
            if len(rows):
                first = table.row(int(rows[0]))
                again.append(f"{len(rows):,} of {len(table):,} pictures of {part} ({first})")
        exactly = ", byte for byte" if kind_of(looked.parts.train[column]) == "bytes" else ""
        if again and len(np.unique(seen)) > 1:
            yield Finding(
                "repeated_rows", ("features", column),
                f"column {column!r}: {' and '.join(again)} are in the training rows too"
                f"{exactly}: its figures are better than they should be. {mend}", sure=True,
            )  # fmt: skip


def _repeated_rows(looked: Looked) -> Iterator[Finding]:
    """Rows that stand in training and are held back too."""
    pictures = list(_repeated_pictures(looked))
    yield from pictures
    if pictures:
        return
    names = [*looked.recipe.features, *(n for t in looked.targets for n in t.columns)]
    train = looked.parts.train
    if len(names) < 2 or len(train) < ENOUGH:
        return
    chance = _chance(train, names)
    seen = _rows(train, names)
    again = []
    for part, table in looked.parts:
        if part != "train":
            count = int(np.isin(_rows(table, names), seen).sum())
            expected = chance * len(train) * len(table)
            if count > 0.01 * len(table) and count > 10 * expected:
                again.append(f"{count:,} of {len(table):,} rows of {part}")
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
        counts = np.unique(_hashed(table[name][:SAMPLE]), return_counts=True)[1]
        chance *= float(np.sum((counts / counts.sum()) ** 2))
    return chance


def _rows(table: Table, names: Sequence[str]) -> np.ndarray:
    """A hash of each row. (rows,) uint64"""
    import pandas as pd

    columns = pd.DataFrame({name: _hashed(table[name]) for name in names})
    return pd.util.hash_pandas_object(columns, index=False).to_numpy()


def _hashed(values: np.ndarray) -> np.ndarray:
    """A hash of each value, whatever it is: a number, a text, a list, an array. (rows,) uint64"""
    import pandas as pd

    whole = values.dtype.kind in "iub" and values.ndim == 1
    if whole and np.array_equal(values, values.astype(np.float64).astype(values.dtype)):
        values = values.astype(np.float64)  # as they are where one is missing
    if values.ndim > 1:
        values = np.array([row.tobytes().hex() for row in values], dtype=object)
    try:
        return pd.util.hash_array(values)
    except TypeError:  # lists and the like
        return pd.util.hash_array(np.array([_whole(value) for value in values], dtype=object))


def _whole(value: object) -> str:
    """A value as a text that no unlike value has: NumPy leaves out the middle of large arrays."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return str(value)


def _overlap(looked: Looked) -> Iterator[Finding]:
    """Windows of a series that share steps with windows of training."""
    train, key = looked.parts.train, ("data", "split")
    for column, feature in looked.recipe.features.items():
        values = train[column]
        if feature.holds != "numbers" or not windows.may_be(values):
            continue
        for part, table in looked.parts:
            shared = windows.shared(train.take(slice(SAMPLE)), table.take(slice(SAMPLE)), column)
            if part == "train" or shared is None:
                continue
            message = (
                f"{shared.rows:,} of {min(len(table), SAMPLE):,} rows of {part} share steps of "
                f"{column!r} with rows of training: they are windows that overlap, so that its "
                "figures are better than they should be. "
            )
            if part == "test" and looked.own_test:
                yield Finding("overlap", key, f"{message}Leave such rows out", sure=True)
                return
            split: Any = looked.recipe.data.split
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


def _far_off(looked: Looked) -> Iterator[Finding]:
    """Numbers that are far off all others, with their rows."""
    for part, table in looked.parts:
        for column, feature in looked.recipe.features.items():
            values = table[column]
            if part != "train" or feature.holds != "numbers" or kind_of(values) != "number":
                continue
            numbers = values.astype(np.float64)
            rows = np.flatnonzero(np.isfinite(numbers))
            away = rows[far_off(numbers[rows])] if len(rows) else rows
            if len(away):
                some = listed((f"{numbers[row]:g} in {table.row(int(row))}" for row in away), 3)
                yield Finding(
                    "far_off", ("features", column),
                    f"column {column!r} has {len(away):,} values far off all others: {some}. They "
                    "count as the nearest of the others; fix or remove them if they are wrong",
                    sure=True,
                )  # fmt: skip


def _shift(looked: Looked) -> Iterator[Finding]:
    """Columns that are others in test rows of a file of their own."""
    test = looked.parts.test
    if not looked.own_test or test is None or len(test) < ENOUGH:
        return
    for column, values in looked.columns.items():
        if isinstance(looked.recipe.features[column], Timed):
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


def _unread(looked: Looked) -> Iterator[Finding]:
    """What of the files is no row."""
    notes = dict.fromkeys(note for _, table in looked.parts for note in table.notes)
    for note in notes:
        yield Finding("unread", ("data", "path"), note, sure=True)


CHECKS: Mapping[Check, Callable[[Looked], Iterator[Finding]]] = {
    "leak": _leak, "sum": _sum, "ids": _ids, "missing_words": _missing_words, "spelling": _spelling,
    "far_off": _far_off, "rare_classes": _rare_classes, "repeated_rows": _repeated_rows,
    "overlap": _overlap,
    "alike": _alike, "shift": _shift, "split": _split, "unread": _unread,
}  # fmt: skip
"""The checks, in the order in which their findings are said."""
