"""How the stamps of a series are spelled, so that those that come next are spelled alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from kbuilder.tables.dates import MONTHS

EPOCH = datetime(1970, 1, 1)
NUMBER = "number"
WHOLE = r"[+-]?\d{1,15}"
NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
PARTS: Mapping[str, Callable[[datetime], str]] = {
    "%Y": lambda at: f"{at.year:04d}", "%-Y": lambda at: str(at.year),
    "%m": lambda at: f"{at.month:02d}", "%-m": lambda at: str(at.month),
    "%d": lambda at: f"{at.day:02d}", "%-d": lambda at: str(at.day),
    "%H": lambda at: f"{at.hour:02d}", "%-H": lambda at: str(at.hour),
    "%I": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "%-I": lambda at: str((at.hour + 11) % 12 + 1),
    "%M": lambda at: f"{at.minute:02d}", "%S": lambda at: f"{at.second:02d}",
    "%p": lambda at: "PM" if at.hour > 11 else "AM",
    "%P": lambda at: "pm" if at.hour > 11 else "am",
    "%b": lambda at: MONTHS[at.month - 1].title(), "%B": lambda at: NAMES[at.month - 1],
    "%q": lambda at: str((at.month + 2) // 3),
    "%G": lambda at: f"{at.isocalendar()[0]:04d}", "%V": lambda at: f"{at.isocalendar()[1]:02d}",
}  # fmt: skip
"""Parts of a stamp as `strftime` has them, in English everywhere; `%q` is the quarter."""
PART = re.compile("%-?[A-Za-z]")
DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%-d.%-m.%Y", "%m/%d/%Y",
    "%-m/%-d/%Y", "%d/%m/%Y", "%-d/%-m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y-%-m-%-d", "%Y/%-m/%-d",
    "%d %b %Y", "%-d %b %Y", "%d-%b-%Y", "%-d-%b-%Y", "%d %B %Y", "%-d %B %Y", "%b %d, %Y",
    "%b %-d, %Y", "%B %d, %Y", "%B %-d, %Y",
)  # fmt: skip
TIMES = (
    " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%SZ", "T%H:%M", "T%H:%MZ", " %-H:%M", " %-H:%M:%S",
    " %H:%M:%SZ", " %-I:%M %p", " %I:%M %p", " %-I:%M:%S %p", " %I:%M:%S %p", " %-I:%M %P",
    " %H:%M:%S+00:00", "T%H:%M:%S+00:00", " %H:%M:%S UTC",
)  # fmt: skip
MONTHLY = (
    "%Y-%m", "%Y/%m", "%Y%m", "%m/%Y", "%-m/%Y", "%m.%Y", "%m-%Y", "%-Y-%m", "%-Y-%-m", "%Y.%m",
    "%b %Y", "%b-%Y", "%B %Y", "%Y %b", "%Y-%b", "%Y %B", "%YQ%q", "%Y-Q%q", "%Y Q%q", "%Yq%q",
    "%Y-q%q", "%Y q%q", "%Y/Q%q", "%Y", "%G-W%V", "%GW%V",
)  # fmt: skip
STYLES = (*DAYS, *MONTHLY, *(f"{day}{time}" for time in TIMES for day in DAYS))
"""How a stamp is spelled again; in another way it is spelled as ISO 8601 has it."""
ZONED = "%Y-%m-%d %H:%M:%S+00:00"
"""How stamps with a zone are spelled in another way: their time is UTC by then."""
ZONE = re.compile(r"\d\s*(?:Z|z|UTC|GMT|[+-]\d{2}:?\d{2})$")


def style_of(words: Sequence[str], stamps: Sequence[int]) -> str:
    """How stamps are spelled, for `spell`; empty: as ISO 8601 has it.

    Args:
        words: The stamps as they are written.
        stamps: The same in seconds since 1970 in UTC, or as the numbers that they are.
    """
    few = [(str(word).strip(), int(stamp)) for word, stamp in zip(words, stamps, strict=True)]
    if all(re.fullmatch(WHOLE, word) and int(word) == stamp for word, stamp in few):
        return NUMBER
    alike = (style for style in STYLES if all(spell(stamp, style) == word for word, stamp in few))
    timed = any(":" in word and ZONE.search(word) for word, _ in few)
    return next(alike, ZONED if timed else "")


def spell(stamp: int, style: str = "") -> str:
    """A stamp in a style."""
    if style == NUMBER:
        return str(stamp)
    moment = EPOCH + timedelta(seconds=int(stamp))
    if style:
        return PART.sub(lambda part: PARTS[part[0]](moment), style)
    return moment.isoformat(" ") if stamp % 86_400 else f"{moment.year:04d}{moment:-%m-%d}"
