"""What can be seen of a column before anybody knows what it means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from zlib import crc32

from kbuilder.late import np
from kbuilder.tables import clips, number_lists, sequences, sets, tokens
from kbuilder.tables.dictionary import Counted, counted
from kbuilder.tables.values import Kind, is_number, kind_of, missing

NAME = 40
"""Characters of the name of a label, at most."""
SHARED = 0.95
"""Of the names in sets so many come three times or more."""
LISTS = 0.9
"""Of the values so many are lists, where a column holds lists."""
REPEATED = 2.5
"""So often a word comes in short texts, in the mean."""
NAMES = 50_000
"""Different texts of several words from which on they are no names of a category."""
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Characters of scripts that have no blanks between words: Thai, Lao, Burmese, Khmer, Japanese,
Chinese."""
EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
WORD = re.compile(rf"[{UNSPACED}{EMOJI}]|[^\s{UNSPACED}{EMOJI}]+")
UNSPACED_WORD = re.compile(f"[{UNSPACED}]")
LOOKED = 100
"""Values that a profile gives as examples, at most."""
MOST = 2**20
"""Different words that are held at once: some 100 MB."""


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
        some that come again. Of very many rows fewer are different."""
        several = self.words >= 4 or (self.words >= 1.5 and self.repetition >= REPEATED)
        many = self.words >= 4 and self.distinct > NAMES
        return (
            several
            and (self.distinct > 0.5 * self.present or many)
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
    there = values[~absent] if absent.any() else values
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
        different = _Different()
        for text, count in counts.items():  # the words of all texts at once would take much room
            found, alone = _words(text)
            total, weighed = total + len(found), weighed + len(found) * count
            unspaced += alone
            different.add(map(str.lower, found))
        measured = number_lists.measures(counts)
        whole = number_lists.are_whole(counts)
        return Profile(
            kind=kind, rows=rows, missing=int(absent.sum()), distinct=len(counts),
            words=weighed / present,
            repetition=total / max(1, different.count()),
            unspaced=total > 0 and unspaced > 0.5 * total,
            numeric=sum(count for text, count in counts.items() if is_number(text)) / present,
            examples=tuple(islice(counts, LOOKED)), measures=measured,
            numbers=number_lists.count(counts, measured),
            steps=0 if whole else number_lists.longest(counts, measured),
            **_of_sets(counts, _separator(counts)),
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


class _Different:
    """How many words differ: of many millions nearly, by those whose hash ends in some zeros."""

    def __init__(self) -> None:
        self.words = set[str]()
        self.apart = 1
        """Of so many words one is held."""

    def add(self, words: Iterable[str]) -> None:
        self.words.update(words if self.apart == 1 else filter(self._is_held, words))
        while len(self.words) > MOST:
            self.apart *= 2
            self.words = set(filter(self._is_held, self.words))

    def _is_held(self, word: str) -> bool:
        return crc32(word.encode(errors="replace")) % self.apart == 0

    def count(self) -> int:
        return len(self.words) * self.apart


def _of_sets(values: Iterable[Any], mark: str) -> dict[str, Any]:
    """What is seen of sets; nothing, if there is nothing between names."""
    if not mark:
        return {}
    sizes, numbered = set[int](), True
    for value in values:
        names = sets.labels_in(sets.as_text(value), mark)
        if names:
            sizes.add(len(names))
            numbered = numbered and all(map(is_number, names))
    return {
        "separator": mark,
        "numbered": bool(sizes) and numbered,
        "even": len(sizes) == 1 and sizes != {1},
    }


def separator_of(values: np.ndarray) -> str:
    """What stands between the labels of a column that is one of sets, whatever it looks like."""
    there = values[~missing(values)] if values.ndim == 1 else values[:0]
    texts = [value for value in there.tolist() if isinstance(value, str)]
    return _separator(Counter(texts)) or sets.mark_of(texts)


def _separator(counts: Counter[str] | Counted) -> str:
    """What stands between the names of sets: they repeat, each with others beside it."""
    present = counts.total()
    if present and _are_lists(counts, present):
        return sets.LISTS
    for mark in sets.SEPARATORS:
        several = 0
        for text, count in counts.items():
            parts = text.split(mark)
            if len(text) > NAME and any(len(part.strip()) > NAME for part in parts):
                break
            several += count * (len(parts) > 1)
        else:
            if several >= 0.1 * present and _repeat(counts, mark):
                return mark
    return ""


def _are_lists(counts: Counter[str] | Counted, present: int) -> bool:
    """Whether nearly all texts are lists."""
    lists = others = 0
    for text, count in counts.items():
        if sets.is_list(text):
            lists += count
        else:
            others += count
            if others > (1 - LISTS) * present + 1:  # most columns: the rest need no look
                return False
    return lists >= LISTS * present


def _repeat(counts: Counter[str] | Counted, mark: str) -> bool:
    """Whether the names between marks are fewer than the texts, and most of them come again."""
    names: Counter[str] = Counter()
    for text, count in counts.items():
        parts = (part.strip() for part in text.split(mark))
        names.update({part: count for part in parts if part})
        if len(names) >= len(counts):
            return False
    shared = sum(n for n in names.values() if n >= 3)
    return len(names) < len(counts) and shared >= SHARED * sum(names.values())


def is_unspaced(values: np.ndarray) -> bool:
    """Whether most words of texts are characters of scripts without blanks."""
    total = unspaced = 0
    for text in counted(values[~missing(values)]):
        found, alone = _words(text)
        total, unspaced = total + len(found), unspaced + alone
    return total > 0 and unspaced > 0.5 * total


def _words(text: str) -> tuple[list[str], int]:
    """The words of a text, and how many are characters of scripts without blanks."""
    if text.isascii():
        return text.split(), 0
    words = WORD.findall(text)
    return words, sum(1 for word in words if UNSPACED_WORD.match(word))
