"""What can be seen of a column before anybody knows what it means."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from kbuilder.tables.values import Kind, is_number, kind_of, missing

LOOKED = 100
"""Values that a profile gives as examples, at most."""


@dataclass(frozen=True)
class Profile:
    """What can be seen of a column without knowing what it means.

    Args:
        kind: The kind of its values.
        rows: Number of rows.
        missing: Number of missing values.
        distinct: Number of different values that are not missing; 0 for arrays and bytes.
        whole: Whether all values are whole numbers.
        words: Mean number of words in a string; 0 for all else.
        numeric: Share of the strings that read as a number.
        shape: Shape of one row, where it is an array.
        dtype: Name of the array's dtype.
        low, high: Least and greatest value of a number or an array.
        examples: Some of the different values of numbers and strings, in the order of the rows.
    """

    kind: Kind
    rows: int
    missing: int = 0
    distinct: int = 0
    whole: bool = False
    words: float = 0.0
    numeric: float = 0.0
    shape: tuple[int, ...] = ()
    dtype: str = ""
    low: float = float("nan")
    high: float = float("nan")
    examples: tuple[Any, ...] = ()

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.rows - self.missing

    @property
    def reads_as_text(self) -> bool:
        """Whether strings read like sentences: several words each, and most of them different."""
        return self.words >= 4 and self.distinct > 0.5 * self.present

    @property
    def counts_classes(self) -> bool:
        """Whether numbers look like classes: a few different whole ones, each many times."""
        few = 2 < self.distinct <= 20 and self.present >= 10 * self.distinct
        return self.kind == "number" and self.whole and few

    @property
    def holds_flags(self) -> bool:
        """Whether each row is an array of 0 and 1."""
        flags = self.whole and self.low >= 0 and self.high == 1
        return self.kind == "array" and len(self.shape) == 1 and flags

    @property
    def names_rows(self) -> bool:
        """Whether strings name single rows: many, and most of them different."""
        return self.distinct > 20 and self.distinct > 0.5 * self.present


def profile(values: np.ndarray) -> Profile:
    """Look at a column once, for the rules that infer its kind and its task."""
    kind = kind_of(values)
    rows = len(values)
    if kind == "array":
        numeric = values.dtype.kind in "iufb" and values.size > 0
        return Profile(
            kind=kind, rows=rows, shape=values.shape[1:], dtype=values.dtype.name,
            whole=bool(numeric and np.all(values == np.floor(values))),
            low=float(values.min()) if numeric else float("nan"),
            high=float(values.max()) if numeric else float("nan"),
        )  # fmt: skip
    absent = missing(values)
    there = values[~absent]
    if kind == "number":
        examples = tuple(dict.fromkeys(there[:LOOKED].tolist()))
        distinct = len(set(there.tolist()) if there.dtype == object else np.unique(there))
        there = there.astype(np.float64)
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=distinct,
            whole=bool(np.all(there == np.floor(there))), dtype=values.dtype.name,
            low=float(there.min()) if len(there) else float("nan"),
            high=float(there.max()) if len(there) else float("nan"), examples=examples,
        )  # fmt: skip
    if kind == "string":
        counts, present = Counter(there.tolist()), max(1, len(there))
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=len(counts),
            words=sum(len(text.split()) * count for text, count in counts.items()) / present,
            numeric=sum(count for text, count in counts.items() if is_number(text)) / present,
            examples=tuple(islice(counts, LOOKED)),
        )  # fmt: skip
    return Profile(kind=kind, rows=rows, missing=int(absent.sum()))
