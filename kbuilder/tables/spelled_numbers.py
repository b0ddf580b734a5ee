"""Words that are numbers, as Python writes them: plain ones go the quick way, to the same bit."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from kbuilder.late import np
from kbuilder.tables.amounts import LOOSE
from kbuilder.tables.values import exact

if TYPE_CHECKING:
    import pandas as pd

CODE = r"^[+-]?0\d"
"""A number that begins with a zero is a code."""
PLAIN = r"^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
"""A number that every reader takes for the same one."""

WIDE = {"\u2212": "-", "\uff0b": "+", "\uff0d": "-", "\uff0e": "."}
"""Signs as typesetters and wide letters have them."""


def numbers_of(there: pd.Series) -> np.ndarray | None:
    """Words as numbers, whole ones exactly; None, if one of them is none, or a code."""
    import pandas as pd

    if not len(there):
        return np.empty(0)
    quick = plain(there)
    if quick is not None:
        return quick
    try:
        numbers = pd.to_numeric(there).to_numpy()
    except (ValueError, OverflowError):
        return None
    if there.str.contains(CODE).any():
        return None
    if numbers.dtype.kind in "iu":
        return numbers
    large = numbers.dtype.kind != "f" or bool(np.any(np.abs(numbers) >= 2**53))
    if large and there.str.fullmatch(r"[+-]?\d+").all():
        return exact([int(word) for word in there])
    return numbers.astype(np.float64)


def plain(there: pd.Series) -> np.ndarray | None:
    """What pandas makes of plain words in five times the time; None: they are not all plain, all
    there, and below 2⁵³."""
    import pyarrow as pa
    from pyarrow import compute

    words = pa.array(there, pa.large_string())
    if words.null_count or not compute.match_substring_regex(words[:1], PLAIN)[0].as_py():
        return None
    if not compute.all(compute.match_substring_regex(words, PLAIN)).as_py():
        return None
    numbers: np.ndarray = compute.cast(words, pa.float64()).to_numpy()
    if not np.all(np.abs(numbers) < 2**53):
        return None
    whole = np.all(numbers == np.floor(numbers))
    if whole and not compute.any(compute.match_substring_regex(words, "[.eE]")).as_py():
        return numbers.astype(np.int64)
    return numbers


def in_ascii(words: pd.Series) -> pd.Series:
    """Words, of which numbers have ASCII digits and signs, whatever script they are written in."""
    import pyarrow as pa
    from pyarrow import compute

    ascii_alone = compute.all(compute.string_is_ascii(pa.array(words, pa.large_string())))
    if ascii_alone.as_py() or not all(re.fullmatch(LOOSE, _ascii(w)) for w in words):
        return words
    return words.map(_ascii)


def _ascii(word: str) -> str:
    if word.isascii():
        return word
    digits = ((str(unicodedata.decimal(c)) if c.isdecimal() else WIDE.get(c, c)) for c in word)
    return "".join(digits)
