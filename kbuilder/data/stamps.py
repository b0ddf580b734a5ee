"""Whole numbers that look like dates and times: 20240131, 202401, seconds since 1970."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

LEAST = 5
"""Different numbers that it takes for written dates; of others one in eight or fewer looks so."""
ENOUGH = 20
"""Different numbers that it takes for counted times."""
LOOKED = 1000
"""Numbers that are looked at, at most."""
WRITTEN = (
    (8, "%Y%m%d", "compact"), (6, "%Y%m", "ym"), (10, "%Y%m%d%H", "compact"),
    (12, "%Y%m%d%H%M", "compact"), (14, "%Y%m%d%H%M%S", "compact"), (6, "%y%m%d", ""),
    (8, "%d%m%Y", ""), (8, "%m%d%Y", ""),
)  # fmt: skip
"""Digits of a date that is written as a number, how `strptime` reads it, and the format of the kind
`datetime`; empty: it has none."""
YEARS = (1800, 2200)
COUNTED = {"unix": 0, "unix_ms": 3, "unix_us": 6, "unix_ns": 9}
"""By the format, the decimal digits of a second that counted times have."""
TIMES = (5e8, 2.3e9)
"""Seconds since 1970 from 1985 to 2042."""
UNITS = {0: "seconds", 3: "milliseconds", 6: "microseconds", 9: "nanoseconds"}


class Stamps(NamedTuple):
    """How numbers are dates or times.

    Args:
        what: In words.
        format: Of the kind `datetime`; empty: it does not read them.
    """

    what: str
    format: str


def stamps(numbers: np.ndarray) -> Stamps | None:
    """How numbers look like dates or times; None: they do not.

    Args:
        numbers: Numbers, of which none is missing. (n,)
    """
    if numbers.dtype.kind == "f" and not (np.isfinite(numbers).all() and np.all(numbers % 1 == 0)):
        return None
    values = np.unique(numbers)
    if len(values) < LEAST or values[0] < 10_000 or values[-1] > 2.3e18:
        return None
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), LOOKED)).astype(int))
    some = [int(value) for value in values[places].tolist()]
    words = [str(value) for value in some]
    for digits, way, format in WRITTEN:
        if {len(word) for word in words} == {digits} and all(_is_date(one, way) for one in words):
            return Stamps(f"dates, such as {words[0]}", format)
    for format, digits in COUNTED.items():
        second = 10**digits
        if len(some) < ENOUGH or not TIMES[0] * second <= some[0] <= some[-1] <= TIMES[1] * second:
            continue
        if math.gcd(*some) % (1000 * second) == 0:  # as amounts are, and no times
            continue
        first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=some[0] / second)
        what = f"{UNITS[digits]} since 1970, such as {some[0]} ({first:%Y-%m-%d})"
        return Stamps(what, format)
    return None


def _is_date(word: str, way: str) -> bool:
    """Whether a word is a date in one way of writing."""
    try:
        return YEARS[0] <= datetime.strptime(word, way).year <= YEARS[1]
    except ValueError:
        return False
