"""Numbers as people and accountants write them: with decimal commas, grouped digits, currencies.

Scripts bring `written_plainly` along, printed as it stands here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.tables.values import is_number, missing

CURRENCY = r"(?:[$€£¥₩₹%]|USD|EUR|GBP|KRW)"
SIGNS = rf"{CURRENCY}|[\s\u00a0\u202f]"
"""What stands beside the digits of an amount."""
DIGITS = (
    r"(?:\d{1,3}(?:[.,' _\u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:[eE][-+]?\d+)?"
)
LOOSE = rf"\(?(?:[-+]?(?:{CURRENCY}\s?)?|{CURRENCY}\s?[-+]){DIGITS}(?:\s?{CURRENCY})?\)?"
"""A number as people and accountants write it."""
POINTED = r"[-+]?(?![1-9]\d{0,2}(?:\.\d{3})+$)\d[\d,]*\.\d+(?:[eE][-+]?\d+)?"
"""A number with a point before its decimals, which groups no digits."""

MARKED = r"\d{1,3}(?:([ '_\u00a0\u2009\u202f])\d{3})+(?:[.,]\d+)?"
"""A number whose digits are grouped by blanks, apostrophes or lines."""
US = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"
EUROPEAN = r"(?:\d{1,3}(?:\.\d{3})+|\d+),\d+"
"""Numbers in which commas group digits, or come before decimals."""
GROUPED = r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+"
"""A number whose points may group its digits."""

MOSTLY = 0.95
"""The share of words that must be numbers, for a column to be one of them."""


def written_plainly(there: Any, decimal: Any, thousands: Any) -> Any:
    """Numbers, written as Python writes them; None, if a word is none as they are written.

    Digits are grouped by three: where "," groups, "1,5" is no number, and not 15. A column
    that has decimals behind a point alone is read so, though others have them behind a comma.
    """
    if decimal is None and thousands is None:
        return there
    plain = there.str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    plain = plain.str.replace(SIGNS, "", regex=True)
    mark = "" if thousands in (None, " ") else re.escape(thousands)
    grouped = rf"(?:\d{{1,3}}(?:{mark}\d{{3}})+|\d+)" if mark else r"\d+"
    number = rf"[-+]?{grouped}(?:{re.escape(decimal or '.')}\d+)?(?:[eE][-+]?\d+)?"
    if not (there.str.fullmatch(LOOSE) & plain.str.fullmatch(number)).all():
        pointed = decimal == "," and thousands != "."
        return there if pointed and there.str.fullmatch(POINTED).any() else None
    if thousands is not None:
        plain = plain.str.replace(thousands, "", regex=False)
    return plain.str.replace(",", ".", regex=False) if decimal == "," else plain


def written_otherwise(words: Collection[str]) -> list[dict[str, str]]:
    """How a recipe may say that words are numbers, written otherwise than Python writes them.

    Returns:
        Fields of the source, several where the words do not say which is meant; none, if they are
        no numbers.
    """
    if not written_as_numbers(words) or two_ways(words):
        return []
    marks = {mark if mark in "'_" else " " for mark in map(_mark_in, words) if mark}
    if len(marks) == 1:
        return [{"thousands": mark} for mark in marks]
    plain = [_unsigned(word) for word in words]
    us = [word for word in plain if re.fullmatch(US, word)]
    eu = [word for word in plain if re.fullmatch(EUROPEAN, word)]
    only_us = any("." in word or word.count(",") > 1 for word in us)
    only_eu = any(word not in us for word in eu)
    grouped = any(re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", word) for word in eu)
    european = {"decimal": ",", **({"thousands": "."} if grouped else {})}
    if only_eu and not only_us:
        return [european]
    if only_us and not only_eu:
        return [{"thousands": ","}]
    if us or eu:
        return [{"thousands": ","}, european]
    signed = any(re.search(rf"{CURRENCY}|[()]", word) for word in words)
    return [{"decimal": "."}] if signed and all(map(is_number, plain)) else []


def way_to_read(values: np.ndarray) -> str:
    """What ends an error about values that are no numbers: the lines with which they are.

    Empty, if they are none however they are read.
    """
    ways = written_otherwise(list(dict.fromkeys(map(str, values[~missing(values)].tolist()))))
    lines = " or ".join(f"`{to_line(('data',), way)}`" for way in ways)
    return f"; if they are written otherwise, write {lines}" if lines else ""


def written_as_numbers(words: Collection[str]) -> bool:
    """Whether nearly all words are numbers, as people and accountants write them."""
    others, few = 0, (1 - MOSTLY) * len(words) + 1
    for word in words:
        others += re.fullmatch(LOOSE, word) is None
        if others > few:  # the rest need no look: there may be many
            return False
    return bool(words) and len(words) - others >= MOSTLY * len(words)


def two_ways(words: Collection[str]) -> tuple[str, str] | None:
    """Of numbers that are written in two ways one of each: with "," and with "." before decimals.

    No recipe says how to read them. Words that may be meant in both ways are none of them.
    """
    commas = (w for w in words if re.fullmatch(EUROPEAN, p := _unsigned(w)) and not _is_us(p))
    points = (word for word in words if re.fullmatch(POINTED, _unsigned(word)))
    comma, point = next(commas, None), next(points, None)
    return None if comma is None or point is None else (comma, point)


def _mark_in(word: str) -> str:
    """The blank, apostrophe or line that groups the digits of a number; empty: none does."""
    found = re.fullmatch(MARKED, word.strip("()+- $€£¥₩%"))
    return found[1] if found else ""


def _is_us(plain: str) -> bool:
    return re.fullmatch(US, plain) is not None


def _unsigned(word: str) -> str:
    """The digits of an amount, and what stands between them."""
    return re.sub(SIGNS, "", word).strip("()+- ")
