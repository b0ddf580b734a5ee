"""Values that a served model does not know: counted by column, as `predict` warns of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from kbuilder.exports import KNOWN, READS
from kbuilder.serving.signature import Columns
from kbuilder.tables import dates, sequences, sets, tokens
from kbuilder.tables.values import MISSING_INTEGER, is_number, spellings


class Strangers:
    """Counts values that a model does not know, and says so once for each column.

    What clients send is not printed.

    Args:
        inputs: The inputs as `kbuilder.json` describes them.
        say: Called with a line for the log.
    """

    def __init__(self, inputs: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> None:
        self.say = say
        self.counts: Counter[str] = Counter()
        self._unlike = {one["column"]: one.get("unlike", UNKNOWN) for one in inputs}
        self._told = _watching([one for one in inputs if one.get(KNOWN)])
        self._untold = _watching([one for one in inputs if not one.get(KNOWN)])
        self._texts = {one["name"]: one["column"] for one in inputs if one.get(READS)}

    def see(self, columns: Columns, read: Columns, known: bool = False) -> None:
        """Count what is in the rows of a request that was answered.

        Args:
            columns: The rows, by input.
            read: By input of texts, in which rows the export knows a word.
            known: Whether the export tells that nothing is strange of the inputs of which it does.
        """
        for watch in self._untold if known else [*self._untold, *self._told]:
            for column, strange in watch.count(columns).items():
                self._add(column, strange)
        for name, known_words in read.items():  # an export of before says it of none
            self._add(self._texts[name], int((~known_words).sum()))

    def _add(self, column: str, strange: int) -> None:
        if strange and not self.counts[column]:
            self.say(
                f"column {column!r} has a value that is {self._unlike[column]}; /metrics counts "
                "them in kbuilder_unknown_values"
            )
        self.counts[column] += strange


UNKNOWN = "unknown to the model"


class _Watch(Protocol):
    """What knows strange values of some inputs."""

    def count(self, columns: Columns) -> Mapping[str, int]:
        """How many there are, by column."""


class _Names:
    """Words, labels and whole numbers: those that are none of a list."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        values = described.get("vocabulary") or described["labels"]
        self.name, self.column = described["name"], described["column"]
        self.separator = described.get("separator")
        self.known: frozenset[str | int]
        self.missing: frozenset[str | int | float]
        if described["dtype"] != "string":
            self.known = frozenset(values)
            self.missing = frozenset({*map(int, _numbers(described)), MISSING_INTEGER})
        else:
            self.known = frozenset({*values, *spellings(values)})
            # exports of before do not say what means missing
            self.missing = frozenset({*described.get("missing", []), ""})
        plain = self.known | self.missing
        self.plain = plain | {word.encode() for word in plain if isinstance(word, str)}

    def count(self, columns: Columns) -> Mapping[str, int]:
        values = np.ravel(columns[self.name]).tolist()
        if self.plain.issuperset(values):  # most requests hold nothing else
            return {self.column: 0}
        others = Counter([value for value in values if value not in self.plain])
        return {self.column: sum(count for value, count in others.items() if self._strange(value))}

    def _strange(self, value: Any) -> bool:
        """Whether a value is there and unknown; of a set, whether no label is known."""
        if not isinstance(value, str | bytes):
            return value not in self.known and value not in self.missing
        word = _word(value)
        if self.separator is None:
            return word not in self.known and word not in self.missing
        labels = sets.labels_in(word, self.separator) if word not in self.missing else []
        return bool(labels) and self.known.isdisjoint(labels)


class _Dates:
    """Words that are no dates, or none that are written as those of training."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.name, self.column = described["name"], described["column"]
        self.order = described["date"]
        self.missing = frozenset({*described.get("missing", []), ""})

    def count(self, columns: Columns) -> Mapping[str, int]:
        words = Counter(map(_word, np.ravel(columns[self.name]).tolist()))
        strange = (
            count
            for word, count in words.items()
            if word not in self.missing and not dates.is_date(word, self.order)
        )
        return {self.column: sum(strange)}


class _Tokens:
    """Whole numbers that stand for words: unknown ones, and those that are not read."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.name, self.column = described["name"], described["column"]
        self.known = np.array(described["tokens"], np.int64)
        self.length, self.padding = described["length"], described["padding"]

    def count(self, columns: Columns) -> Mapping[str, int]:
        _, strange = tokens.strange(columns[self.name], self.known, self.length, self.padding)
        return {self.column: int(strange.sum())}


class _Steps:
    """Sequences of more steps than are read."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.name, self.column = described["name"], described["column"]
        self.most, self.padding = described["steps"], described["padding"]

    def count(self, columns: Columns) -> Mapping[str, int]:
        rows = columns[self.name]
        if not rows.size or rows.shape[1] <= self.most:
            return {self.column: 0}
        begin, end = sequences.ends(rows.reshape(*rows.shape[:2], -1), self.padding)
        return {self.column: int((end - begin > self.most).sum())}


class _Ranges:
    """Numbers that are far from those of training, of all columns at once."""

    def __init__(self, described: Sequence[Mapping[str, Any]]) -> None:
        self.columns = {one["name"]: one["column"] for one in described}
        bounds = np.array([one["range"] for one in described], np.float64)
        self.least, self.most = bounds.T[..., None]
        self.missing = {one["name"]: _numbers(one) for one in described}

    def count(self, columns: Columns) -> Mapping[str, int]:
        rows = np.stack([columns[name] for name in self.columns])
        away = (rows < self.least) | (rows > self.most)
        if not away.any():
            return {}
        return {
            column: int((far & ~np.isin(values, self.missing[name])).sum())
            for (name, column), far, values in zip(self.columns.items(), away, rows, strict=True)
        }


ALONE: dict[str, Callable[[Mapping[str, Any]], _Watch]] = {
    "vocabulary": _Names, "labels": _Names, "date": _Dates, "tokens": _Tokens, "steps": _Steps,
}  # fmt: skip
"""What watches an input that is described with a key."""


def _watching(inputs: Sequence[Mapping[str, Any]]) -> list[_Watch]:
    """What watches some inputs."""
    found = [watch(one) for one in inputs for key, watch in ALONE.items() if one.get(key)]
    ranges = [one for one in inputs if "range" in one]
    return [*found, *([_Ranges(ranges)] if ranges else [])]


def _word(value: str | bytes) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip()


def _numbers(described: Mapping[str, Any]) -> list[float]:
    """The numbers that mean missing; of an input of whole numbers the whole ones."""
    marks = [float(mark) for mark in described.get("missing", []) if is_number(mark)]
    whole = described["dtype"] == "int64"
    return [mark for mark in marks if mark == mark and (not whole or mark % 1 == 0)]
