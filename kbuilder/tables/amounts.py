"""Numbers as people and accountants write them: with decimal commas, grouped digits, currencies.

Scripts bring `written_plainly` along, printed as it stands here.
"""

from __future__ import annotations

import re
from typing import Any

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
