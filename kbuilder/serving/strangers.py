"""Words that a served model does not know: counted by column, as `predict` warns of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kbuilder.serving.signature import Columns
from kbuilder.tables import sets
from kbuilder.tables.values import MISSING_INTEGER, is_number, spellings


@dataclass(frozen=True)
class _Known:
    """What a model knows of a column.

    Args:
        column: Its own name.
        values: The words, labels or whole numbers that it knows.
        missing: Those that mean missing.
        separator: What stands between the labels of a set; None: each value is one name.
    """

    column: str
    values: frozenset[str | int]
    missing: frozenset[str | int]
    separator: str | None = None

    def strange(self, value: Any) -> bool:
        """Whether a value is there and unknown; of a set, whether no label is known."""
        if not isinstance(value, str | bytes):
            return value not in self.values and value not in self.missing
        word = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip()
        if self.separator is None:
            return word not in self.values and word not in self.missing
        labels = sets.labels_in(word, self.separator) if word not in self.missing else []
        return bool(labels) and self.values.isdisjoint(labels)


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
        self._known = {one["name"]: _known(one) for one in inputs if _names(one)}

    def see(self, columns: Columns) -> None:
        """Count what is in the rows of a request that was answered."""
        for name, known in self._known.items():
            values = Counter(np.ravel(columns[name]).tolist())
            strange = sum(count for value, count in values.items() if known.strange(value))
            if strange and not self.counts[known.column]:
                self.say(
                    f"column {known.column!r} has values that the model does not know; /metrics "
                    "counts them in kbuilder_unknown_values"
                )
            self.counts[known.column] += strange


def _names(described: Mapping[str, Any]) -> list[Any]:
    """The words, labels or whole numbers that an input knows."""
    return described.get("vocabulary") or described.get("labels") or []


def _known(described: Mapping[str, Any]) -> _Known:
    values = _names(described)
    missing = described.get("missing", [])  # exports of before do not say it
    if described["dtype"] != "string":
        marks = {int(float(mark)) for mark in missing if is_number(mark) and float(mark) % 1 == 0}
        return _Known(described["column"], frozenset(values), frozenset({*marks, MISSING_INTEGER}))
    return _Known(
        described["column"], frozenset({*values, *spellings(values)}), frozenset({*missing, ""}),
        described.get("separator"),
    )  # fmt: skip
