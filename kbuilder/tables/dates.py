"""How dates and times are written, as patterns that Python and TensorFlow both read."""

from __future__ import annotations

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
