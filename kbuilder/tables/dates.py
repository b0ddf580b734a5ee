"""How dates and times are written, as patterns that Python and TensorFlow both read."""

from __future__ import annotations

import re
from functools import lru_cache

TIME = (
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?\s*"
    r"(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
DIGITS = (
    r"(\d{1,2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([AaPp]\.?[Mm]\.?)?\s*"
    r"(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
"""A time after the digits of a date: with colons or without, or the hour alone."""
LATER = rf"(?:(?:\s*[T,]\s*|\s+){TIME})?"
MONTH = r"(\d{1,2}|[A-Za-z]{3,9})\.?"
NAMED = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[A-Za-z]{0,6}"
OF_YEAR = rf"(0?[1-9]|1[0-2]|{NAMED})\.?"
LIKELY = r"(1[6-9]\d{2}|2[01]\d{2})"
"""A year that stands beside a month alone, as in many a code."""
YEAR = r"(\d{4}|\d{2})"
FORMATS = {
    "ymd": rf"(\d{{4}})\s*[-/.년]\s*{MONTH}\s*[-/.월]\s*(\d{{1,2}})\s*[일.]?{LATER}",
    "compact": rf"(\d{{4}})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:\s*[T,]?\s*{DIGITS})?",
    "dmy": rf"(\d{{1,2}})[-/. ]\s*{MONTH}[-/., ]\s*{YEAR}{LATER}",
    "mdy": rf"{MONTH}[-/. ]\s*(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]\s*{YEAR}{LATER}",
    "time": TIME,
    "ym": rf"{LIKELY}\s*[-/.년 ]?\s*{OF_YEAR}\s*월?",
    "my": rf"{OF_YEAR}[-/., ]\s*{LIKELY}",
}
"""How a date is written, by its order: year, month and day, or one after the other. Each may have
a time after it, but for a month alone, which is its first day."""
PLACES = {"ymd": (1, 2, 3), "compact": (1, 2, 3), "dmy": (3, 2, 1), "mdy": (3, 1, 2)}
"""The groups of year, month and day."""
OF_MONTH = {"ym": (1, 2), "my": (2, 1)}
"""The groups of year and month, where there is no day."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
REMEMBERED = 4096
"""Words of which is remembered whether they are dates: the same days come again."""


@lru_cache(REMEMBERED)
def is_date(word: str, order: str) -> bool:
    """Whether the layer `DateParts` reads a word as a date; without TensorFlow, for single words.

    Args:
        word: Without blanks at its ends.
        order: One of `FORMATS`.
    """
    found = re.fullmatch(FORMATS[order], word, re.ASCII)
    if found is None:
        return False
    if order in OF_MONTH:
        year, month = (found[group] for group in OF_MONTH[order])
        return _is_day(year, month, "1")
    timed = 0 if order == "time" else 3
    hour, minute, second = (int(found[timed + n] or 0) for n in (1, 2, 3))
    if found[timed + 5]:  # am or pm
        hour = hour % 12 + 12 * found[timed + 5].lower().startswith("p")
    if hour > 23 or minute > 59 or second > 60:
        return False
    return order == "time" or _is_day(*(found[group] for group in PLACES[order]))


def _is_day(year: str, month: str, day: str) -> bool:
    """Whether there is such a day, of a month by its number or its English name."""
    short = month[:3].lower()
    number = int(month) if month.isdigit() else MONTHS.index(short) + 1 if short in MONTHS else 0
    if not 1 <= number <= 12:
        return False
    full = int(year) + (0 if len(year) > 2 else 2000 if int(year) < 69 else 1900)
    leap = full % 4 == 0 and (full % 100 != 0 or full % 400 == 0)
    longest = 30 + (number in (1, 3, 5, 7, 8, 10, 12)) if number != 2 else 28 + leap
    return 1 <= int(day) <= longest
