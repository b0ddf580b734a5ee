"""Whole numbers that name something: ids, keys, numbers of customers. They measure nothing."""

from __future__ import annotations

import math
import re

import numpy as np

from kbuilder.data.stamps import stamps

LEAST = 50
"""Numbers that it takes, to tell a rule from chance."""
DIFFERENT = 0.98
"""The share of numbers that differ from all others, where they are names."""
PAIRS = 10
"""Pairs of equal numbers that chance would give, at least, for their absence to tell something."""
DIGITS = 10**15
"""No measure has so many digits."""
EVEN = 1.36
"""The Kolmogorov-Smirnov distance from an even spread, times the root of how many there are: in
95 of 100 even spreads it is less."""
MANY = 300
"""Numbers that it takes, for a spread that looks even to be it."""
WIDE = 10**6
"""A range that an even spread over is no measure's; in a narrower one, the name has to say id."""
CALLED = re.compile(r"(?i:(?:^|[\W_])(?:id|no|nr|key|number|code)$)|(?<=[a-z])I[Dd]$")
"""Names of ids."""
TIMES = ((5e8, 2.3e9), (5e11, 2.3e12), (5e14, 2.3e15), (5e17, 2.3e18))
"""Times from 1985 to 2042, as seconds since 1970, thousandths of them, and so on."""


def naming(column: str, numbers: np.ndarray) -> str:
    """Why numbers look like names of rows; empty: they do not.

    Args:
        column: The name of the column.
        numbers: The values of a column that are not missing. (n,)
    """
    exact = numbers.dtype == object  # whole ones beyond 64 bits
    if len(numbers) < LEAST or not (exact or np.all(np.isfinite(numbers))):
        return ""
    if not (exact or np.all(numbers == np.floor(numbers))):
        return ""
    values, counts = np.unique(numbers, return_counts=True)
    low, high = int(values[0]), int(values[-1])
    if len(values) < DIFFERENT * len(numbers) or _times(low, high) or _years(low, high):
        return ""
    if stamps(values) is not None:
        return ""
    if max(-low, high) >= DIGITS:
        return f"its whole numbers have up to {len(str(max(-low, high)))} digits, and differ"
    step = math.gcd(*np.diff(values).astype(np.int64).tolist())
    room = (high - low) // step + 1
    expected = len(numbers) ** 2 / 2 / room
    pairs = int(np.sum(counts * (counts - 1)) // 2)
    if expected >= PAIRS and pairs < expected / PAIRS:
        few = "all" if not pairs else "nearly all"
        return (
            f"{few} of its whole numbers differ; of numbers that measure something about "
            f"{expected:,.0f} would come twice"
        )
    called = high - low >= WIDE or CALLED.search(column)
    if len(numbers) >= MANY and expected < PAIRS and called and _even(values, low, high):
        return f"its whole numbers differ, and are spread evenly from {low:,} to {high:,}"
    return ""


def _times(low: int, high: int) -> bool:
    """Whether all may be times since 1970."""
    return any(first <= low and high <= last for first, last in TIMES)


def _years(low: int, high: int) -> bool:
    """Whether all may be years."""
    return low >= 1800 and high <= 2200


def _even(values: np.ndarray, low: int, high: int) -> bool:
    """Whether they are spread evenly between their ends."""
    where = (values.astype(np.float64) - low) / (high - low)
    even = np.arange(1, len(values) + 1) / len(values)
    return float(np.abs(where - even).max() * np.sqrt(len(values))) < EVEN
