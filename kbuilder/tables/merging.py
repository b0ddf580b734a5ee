"""The parts of a long column of words as one column, of which no more than a part is in memory.

Equal words of several parts become one: those with one hash are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from kbuilder.tables import scratch
from kbuilder.tables.dictionary_array import DictionaryArray
from kbuilder.tables.words_file import together

AT_ONCE = 2**20
"""Words that are looked at, at once."""


class _Seen(NamedTuple):
    """The words of all parts one after the other, those of a part all different.

    Args:
        words: The words, part by part.
        hashes: A hash of each. (n,) uint64
        codes: The place of each row's word among them, -1 where it is missing. (rows,) int32
    """

    words: list[Any]
    hashes: np.ndarray
    codes: np.ndarray


def merged(parts: Iterable[np.ndarray], rows: int) -> np.ndarray | None:
    """Columns below each other as one column that holds each different word once.

    Args:
        parts: The columns, each of which knows its words.
        rows: How many rows they have in all, fewer than 2³¹.

    Returns:
        The column, its words in the order of the parts; None: two words have one hash.
    """
    with scratch.growing() as file:
        seen = _seen(parts, rows, file)
        known = _first_of_each(seen.hashes)
        codes, size = _codes(known)
        words = together(
            partial(_new, seen.words, known), size, lambda what, *of: scratch.empty(*of)
        )
        if not _are_same(seen.words, known, codes, words):
            return None
    for start in range(0, rows, AT_ONCE):
        some = seen.codes[start : start + AT_ONCE]
        there = some >= 0
        some[there] = codes[some[there]]
    return DictionaryArray.of(seen.codes, words)


def _seen(parts: Iterable[np.ndarray], rows: int, file: scratch.Growing) -> _Seen:
    import pandas as pd
    import pyarrow as pa

    codes = scratch.empty((rows,), np.int32)
    hashes = scratch.empty((rows,), np.uint64)
    words: list[Any] = []
    done = count = 0
    for part in parts:
        places, own = part.compact()  # type: ignore[attr-defined]  # it knows its words
        if isinstance(own, np.ndarray):
            own = pa.array(own.tolist(), pa.large_string())
        codes[done : done + len(places)] = np.where(places < 0, -1, places.astype(np.int32) + count)
        objects = own.to_numpy(zero_copy_only=False)
        hashes[count : count + len(own)] = pd.util.hash_array(objects, categorize=False)
        words.append(file.keep(own))
        done, count = done + len(places), count + len(own)
    assert done == rows, "these are all parts"
    return _Seen(words, hashes[:count], codes)


def _first_of_each(hashes: np.ndarray) -> np.ndarray:
    """The first place at which the hash of each place is. (n,) int32"""
    first = scratch.empty(hashes.shape, np.int32)
    shares = max(1, len(hashes) // AT_ONCE)
    for share in range(shares):
        inside = np.concatenate([
            start + np.flatnonzero(hashes[start : start + AT_ONCE] % shares == share)
            for start in range(0, len(hashes), AT_ONCE)
        ] or [np.empty(0, np.intp)])  # fmt: skip
        own = hashes[inside]
        order = np.argsort(own, kind="stable")
        own, inside = own[order], inside[order]
        begins = np.flatnonzero(np.append(True, own[1:] != own[:-1])[: len(own)])
        first[inside] = np.repeat(inside[begins], np.diff(np.append(begins, len(own))))
    return first


def _codes(first: np.ndarray) -> tuple[np.ndarray, int]:
    """The place of each word among the different ones, and how many differ."""
    codes = scratch.empty(first.shape, np.int32)
    count = 0
    for start, some in _parts(first):
        new = some == np.arange(start, start + len(some))
        ranks = np.cumsum(new, dtype=np.int64) + (count - 1)
        codes[start : start + len(some)] = ranks  # of those that are not the first, too
        count = int(ranks[-1]) + 1
    for start, some in _parts(first):
        codes[start : start + len(some)] = codes[some]  # what comes first is there by now
    return codes, count


def _parts(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    return ((start, values[start : start + AT_ONCE]) for start in range(0, len(values), AT_ONCE))


def _own(words: list[Any], values: np.ndarray) -> Iterator[tuple[Any, int, np.ndarray]]:
    """The words of each part, and the first of their places, with what is known of them."""
    start = 0
    for part in words:
        yield part, start, values[start : start + len(part)]
        start += len(part)


def _new(words: list[Any], first: np.ndarray) -> Iterator[Any]:
    """The words of each part that none before it has."""
    import pyarrow as pa

    for part, start, known in _own(words, first):
        yield part.filter(pa.array(known == np.arange(start, start + len(part))))


def _are_same(words: list[Any], first: np.ndarray, codes: np.ndarray, different: Any) -> bool:
    """Whether words that have the hash of one before them are that one."""
    import pyarrow as pa

    for part, start, known in _own(words, first):
        again = pa.array(known != np.arange(start, start + len(part)))
        theirs = different.take(pa.array(codes[start : start + len(part)]).filter(again))
        if not theirs.equals(part.filter(again)):
            return False
    return True
