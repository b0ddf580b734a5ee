"""What can be seen of a column before anybody knows what it means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from kbuilder.late import np
from kbuilder.tables import clips, number_lists, sequences, sets, tokens
from kbuilder.tables.dictionary import counted
from kbuilder.tables.values import Kind, is_number, kind_of, missing

NAME = 40
"""Characters of the name of a label, at most."""
SHARED = 0.95
"""Of the names in sets so many come three times or more."""
LISTS = 0.9
"""Of the values so many are lists, where a column holds lists."""
REPEATED = 2.5
"""So often a word comes in short texts, in the mean."""
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Characters of scripts that have no blanks between words: Thai, Lao, Burmese, Khmer, Japanese,
Chinese."""
EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
WORD = re.compile(rf"[{UNSPACED}{EMOJI}]|[^\s{UNSPACED}{EMOJI}]+")
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
        words: Mean number of words in a string; 0 for all else. In scripts without blanks each
            character is one.
        repetition: How often a word comes in different strings, in the mean.
        unspaced: Whether most words are characters of such scripts.
        numeric: Share of the strings that read as a number.
        shape: Shape of one row, where it is an array.
        dtype: Name of the array's dtype.
        steps: The most numbers, or lists of numbers, in one of the lists that the values are, or
            that texts hold in unlike lengths; 0: there are no such lists, or lists of whole numbers
            alone, which may be names.
        low, high: Least and greatest value of a number or an array.
        separator: What stands between the names of a set, where values are sets: a mark, or "[]"
            for lists, also as JSON and Python write them; empty: they are none.
        numbered: Whether the names of sets are numbers.
        gaps: Whether a number of an array is missing.
        numbers: How many numbers each text or list holds; 0: they are none, or of unlike length.
        measures: Whether texts hold several numbers each, most of them with decimals.
        tokens: How many different whole numbers rows of them hold, where they may stand for words:
            arrays with 0 at their ends in unlike numbers, or lists in which some come again; 0:
            they do not look so.
        one_hot: Whether each row is an array of zeros with exactly one 1.
        even: Whether all sets that are not empty have as many names, and more than one.
        examples: Some of the different values of numbers and strings, in the order of the rows.
    """

    kind: Kind
    rows: int
    missing: int = 0
    distinct: int = 0
    whole: bool = False
    words: float = 0.0
    repetition: float = 0.0
    unspaced: bool = False
    numeric: float = 0.0
    shape: tuple[int, ...] = ()
    dtype: str = ""
    steps: int = 0
    low: float = float("nan")
    high: float = float("nan")
    separator: str = ""
    numbered: bool = False
    even: bool = False
    gaps: bool = False
    numbers: int = 0
    measures: bool = False
    tokens: int = 0
    one_hot: bool = False
    examples: tuple[Any, ...] = ()

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.rows - self.missing

    @property
    def reads_as_text(self) -> bool:
        """Whether strings read like sentences: most are different, of several words each, or of
        some that come again."""
        several = self.words >= 4 or (self.words >= 1.5 and self.repetition >= REPEATED)
        return (
            several
            and self.distinct > 0.5 * self.present
            and (self.words >= 4 or self.distinct > 20)
        )

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
        there = values[~np.isnan(values)] if values.dtype.kind == "f" else values.ravel()
        numeric = values.dtype.kind in "iufb" and there.size > 0
        seen = Profile(
            kind=kind, rows=rows, shape=values.shape[1:], dtype=values.dtype.name,
            whole=bool(numeric and np.all(there == np.floor(there))),
            low=float(there.min()) if numeric else float("nan"),
            high=float(there.max()) if numeric else float("nan"), gaps=there.size < values.size,
        )  # fmt: skip
        numbered = seen.whole and seen.low >= 0 and len(seen.shape) - (seen.shape[-1] == 1) <= 1
        return replace(
            seen, one_hot=seen.holds_flags and _one_hot(values),
            tokens=tokens.in_arrays(values) if numbered else 0,
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
        counts, present = counted(there), max(1, len(there))
        total = weighed = unspaced = 0
        different = set[str]()
        for text, count in counts.items():  # the words of all texts at once would take much room
            found = WORD.findall(text)
            total, weighed = total + len(found), weighed + len(found) * count
            unspaced += _unspaced(found)
            different.update(word.lower() for word in found)
        measured = number_lists.measures(counts)
        whole = number_lists.are_whole(counts)
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=len(counts),
            words=weighed / present,
            repetition=total / max(1, len(different)),
            unspaced=total > 0 and unspaced > 0.5 * total,
            numeric=sum(count for text, count in counts.items() if is_number(text)) / present,
            examples=tuple(islice(counts, LOOKED)), measures=measured,
            numbers=number_lists.count(counts, measured),
            steps=0 if whole else number_lists.longest(counts, measured),
            **_of_sets(list(counts), _separator(counts)),
        )  # fmt: skip
    if clips.are_clips(there):
        first = max(there.tolist(), key=len)
        return Profile(
            kind="array", rows=rows, missing=int(absent.sum()), shape=first.shape,
            dtype=first.dtype.name,
        )  # fmt: skip
    if sequences.uneven(there) and not sequences.may_be_names(there):
        return Profile(
            kind="list", rows=rows, missing=int(absent.sum()), steps=max(map(len, there.tolist()))
        )
    if kind != "list":
        return Profile(kind=kind, rows=rows, missing=int(absent.sum()))
    lists = there.tolist()
    named = all(map(sets.holds_names, lists))
    return Profile(
        kind=kind, rows=rows, missing=int(absent.sum()), numbers=number_lists.count(lists),
        tokens=tokens.in_lists(lists) if named else 0,
        **(_of_sets(lists, sets.LISTS) if named else {}),
    )  # fmt: skip


def _one_hot(values: np.ndarray) -> bool:
    """Whether each row of flags has exactly one 1, but for rows that lack some."""
    if values.shape[1] < 2:
        return False
    ones = np.nansum(values, axis=1)
    return bool(np.all((ones == 1) | np.isnan(values.astype(np.float64)).any(axis=1)))


def _of_sets(values: list[Any], mark: str) -> dict[str, Any]:
    """What is seen of sets; nothing, if there is nothing between names."""
    if not mark:
        return {}
    rows = [sets.labels_in(sets.as_text(value), mark) for value in values]
    sizes = {len(row) for row in rows if row}
    return {
        "separator": mark,
        "numbered": any(rows) and all(is_number(name) for row in rows for name in row),
        "even": len(sizes) == 1 and sizes != {1},
    }


def separator_of(values: np.ndarray) -> str:
    """What stands between the labels of a column that is one of sets, whatever it looks like."""
    there = values[~missing(values)] if values.ndim == 1 else values[:0]
    texts = [value for value in there.tolist() if isinstance(value, str)]
    return _separator(Counter(texts)) or sets.mark_of(texts)


def _separator(counts: Counter[str]) -> str:
    """What stands between the names of sets: they repeat, each with others beside it."""
    present = sum(counts.values())
    lists = sum(n for text, n in counts.items() if sets.is_list(text))
    if lists >= LISTS * present > 0:
        return sets.LISTS
    for mark in sets.SEPARATORS:
        names: Counter[str] = Counter()
        several = 0
        for text, count in counts.items():
            parts = [part.strip() for part in text.split(mark)]
            if any(len(part) > NAME for part in parts):
                break
            several += count * (len(parts) > 1)
            names.update({part: count for part in parts if part})
        else:
            shared = sum(n for n in names.values() if n >= 3)
            common = shared >= SHARED * sum(names.values())
            if several >= 0.1 * present and len(names) < len(counts) and common:
                return mark
    return ""


def _unspaced(words: Sequence[str]) -> int:
    """How many words are characters of scripts without blanks."""
    return sum(1 for word in words if re.match(f"[{UNSPACED}]", word))
