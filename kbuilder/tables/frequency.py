"""Stamps of a series: how they are read, at which distance they come, and which come next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kbuilder.errors import DataError, Key, cut
from kbuilder.late import np
from kbuilder.tables.dates import FORMATS, MONTHS, OF_MONTH, PLACES
from kbuilder.tables.stamp_styles import EPOCH, WHOLE
from kbuilder.tables.values import missing

KEY: Key = ("data", "time")
ORDERS = {
    **{name: FORMATS[name] for name in ("ymd", "compact", "dmy", "mdy", "ym", "my")},
    "year and month": r"(\d{1,4})[-/](\d{1,2})",
    "quarter": r"(\d{4})[-/ ]?[Qq]([1-4])",
    "week": r"(\d{4})-?W(\d{2})",
    "year": r"(1[5-9]\d\d|2[01]\d\d)",
}
"""How a stamp may be written; of those that read equally many the first."""
SECONDS = {"week": 604_800, "day": 86_400, "hour": 3600, "minute": 60, "second": 1}
MONTHS_OF = {"year": 12, "quarter": 3, "month": 1}
UNITS = (*MONTHS_OF, *SECONDS, "business day", "number")
PERIODS = {
    "year": (), "quarter": (4,), "month": (12,), "week": (52,), "business day": (5, 260),
    "day": (7, 365), "hour": (24, 168), "minute": (60, 1440), "second": (60, 3600), "number": (),
}  # fmt: skip
"""Steps of a season that a series may have, by the unit of its steps."""
FRIDAY, SATURDAY = 4, 5
MOSTLY = 0.5
"""The share of distances that must be the usual one."""


@dataclass(frozen=True)
class Frequency:
    """The distance of two steps: so many of a unit.

    Args:
        unit: One of `UNITS`.
        step: How many; >= 1.
    """

    unit: str
    step: int = 1

    @classmethod
    def of(cls, text: str) -> Frequency | None:
        """What `str` gives; None: it is none."""
        found = re.fullmatch(r"(?:(\d{1,6}) )?([a-z ]+?)s?", text.strip())
        if found is None or found[2] not in UNITS or found[1] == "0":
            return None
        return cls(found[2], int(found[1] or 1))

    def __str__(self) -> str:
        return f"{self.step} {self.unit}{'s' if self.step > 1 else ''}"

    @property
    def periods(self) -> tuple[int, ...]:
        """Steps of the seasons that such a series may have."""
        return tuple(
            p // self.step for p in PERIODS[self.unit] if p % self.step == 0 and p > self.step
        )

    def places(self, stamps: np.ndarray) -> np.ndarray:
        """The number of the step of each stamp. (rows,) int64"""
        if self.unit in MONTHS_OF:
            months = stamps.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
            return months // (MONTHS_OF[self.unit] * self.step)
        if self.unit == "business day":
            days = stamps.astype("datetime64[s]").astype("datetime64[D]")
            return np.busday_count(np.datetime64("1970-01-01"), days) // self.step
        return stamps // (SECONDS.get(self.unit, 1) * self.step)

    def stamps(self, places: np.ndarray, like: int) -> np.ndarray:
        """The stamps of steps of a series that has the stamp `like`. (rows,) int64"""
        if self.unit == "business day":
            days = np.busday_offset("1970-01-01", places * self.step, roll="forward")
            return days.astype("datetime64[s]").astype(np.int64) + like % 86_400
        if self.unit in MONTHS_OF:
            size = MONTHS_OF[self.unit] * self.step
            day = np.datetime64(like, "s")
            month = day.astype("datetime64[M]")
            late = int((day - month.astype("datetime64[s]")).astype(np.int64))
            last = _month_ends(np.array([like]))[0]
            months = (places * size + int(month.astype(np.int64)) % size).astype("datetime64[M]")
            ends = (months + 1).astype("datetime64[s]").astype(np.int64) - 86_400 + like % 86_400
            starts = months.astype("datetime64[s]").astype(np.int64) + late
            return ends if last else np.minimum(starts, ends)
        size = SECONDS.get(self.unit, 1) * self.step
        return places * size + like % size

    def fits(self, stamps: np.ndarray) -> np.ndarray:
        """Which stamps are those of a series with steps of this distance. (rows,) bool"""
        if not len(stamps):
            return np.ones(0, bool)
        return self.stamps(self.places(stamps), int(stamps[-1])) == stamps

    @property
    def timed(self) -> bool:
        """Whether a stamp has a time of day."""
        return self.unit in ("hour", "minute", "second")


def read(column: str, words: np.ndarray) -> np.ndarray:
    """Stamps as seconds since 1970 in UTC, or as the numbers that they are. (rows,) int64

    Args:
        column: For messages.
        words: The cells: words, or whole numbers.

    Raises:
        DataError: naming the first row with what is no stamp, or if they may be read in two ways.
    """
    gone = missing(words)
    if gone.any():
        raise _no_stamp(column, int(gone.argmax()), "it is empty")
    texts = [_text(word) for word in words.tolist()]
    different = list(dict.fromkeys(texts))
    found = {name: _read_all(different, name) for name in ORDERS}
    counts = {name: sum(one is not None for one in known) for name, known in found.items()}
    best = max(counts, key=lambda name: counts[name])
    numbers = [re.fullmatch(WHOLE, text) for text in different]
    if counts[best] < len(different) and all(numbers):
        return np.array([int(text) for text in texts], np.int64)
    if best in ("dmy", "mdy") and counts["dmy"] == counts["mdy"] and found["dmy"] != found["mdy"]:
        raise DataError(
            f"column {column!r} may have the day or the month first, such as {different[0]!r}. "
            "Expected the year first: 2024-05-01.", key=KEY,
        )  # fmt: skip
    stamps = dict(zip(different, found[best], strict=True))
    wrong = next((row for row, text in enumerate(texts) if stamps[text] is None), None)
    if wrong is not None:
        raise _no_stamp(column, wrong, f"it is {cut(texts[wrong])!r}, which is no date or time")
    return np.array([stamps[text] for text in texts], np.int64)


def _text(word: object) -> str:
    if isinstance(word, float) and word == int(word):
        return str(int(word))
    return str(word).strip()


def _no_stamp(column: str, row: int, what: str) -> DataError:
    return DataError(
        f"column {column!r} has no stamp: {what}. Expected a date or a time in each row, "
        "such as 1960-01, 1960-01-31, 1960Q1 or 1960-W01, the year with four digits; fix it, or "
        "remove the row.", key=KEY, row=row,
    )  # fmt: skip


def _read_all(words: Sequence[str], order: str) -> list[int | None]:
    return [_read(word, order) for word in words]


def _read(word: str, order: str) -> int | None:
    """Seconds since 1970 of a stamp; None: it is none in this order."""
    found = re.fullmatch(ORDERS[order], word, re.ASCII)
    if found is None:
        return None
    try:
        if order == "year":
            return _seconds(datetime(int(found[1]), 1, 1))
        if order == "quarter":
            return _seconds(datetime(int(found[1]), 3 * int(found[2]) - 2, 1))
        if order == "week":
            return _seconds(datetime.fromisocalendar(int(found[1]), int(found[2]), 1))
        if order == "year and month":
            return _seconds(datetime(int(found[1]), int(found[2]), 1))
        if order in OF_MONTH:
            year, month = (found[group] for group in OF_MONTH[order])
            return _seconds(datetime(int(year), _month(month), 1))
        year, month, day = (found[group] for group in PLACES[order])
        full = int(year) + (0 if len(year) > 2 else 2000 if int(year) < 69 else 1900)
        hour, minute, second = (int(found[group] or 0) for group in (4, 5, 6))
        if found[8]:  # am or pm
            hour = hour % 12 + 12 * found[8].lower().startswith("p")
        stamp = datetime(full, _month(month), int(day), hour, minute, second)
        return _seconds(stamp - _zone(found[9]))
    except ValueError:
        return None


def _month(word: str) -> int:
    return int(word) if word.isdigit() else MONTHS.index(word[:3].lower()) + 1


def _zone(word: str | None) -> timedelta:
    """What a zone is ahead of UTC."""
    if not word or word[0] not in "+-":
        return timedelta()
    digits = word[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return ahead if word[0] == "+" else -ahead


def _seconds(stamp: datetime) -> int:
    return int((stamp - EPOCH).total_seconds())


def infer(stamps: Sequence[np.ndarray], words: bool) -> tuple[Frequency | None, str]:
    """The distance of the steps of series, and what it goes by; None: they have none in common.

    Args:
        stamps: Of each series, in order, each once.
        words: Whether they are dates or times; else they are numbers.
    """
    apart = np.concatenate([np.diff(one) for one in stamps])
    if not len(apart):
        return None, "no series has two stamps"
    every = np.concatenate(stamps)
    if not words:
        return _by_distance(apart, every, "number", 1)
    if apart.min() >= 28 * 86_400:
        months = every.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        of = [
            one.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) for one in stamps
        ]
        steps = np.concatenate([np.diff(one) for one in of])
        days = every - months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
        if steps.min() > 0 and (len(np.unique(days)) == 1 or _month_ends(every).all()):
            most, share = _usual(steps)
            if share >= MOSTLY and (steps % most == 0).all():
                unit = next(unit for unit, size in MONTHS_OF.items() if most % size == 0)
                return Frequency(unit, most // MONTHS_OF[unit]), _shared(most, share, "months")
    days = (every.astype("datetime64[s]").astype("datetime64[D]").astype(np.int64) + 3) % 7
    whole = (apart % 86_400 == 0).all()
    if whole and _usual(apart)[0] == 86_400 and days.max() == FRIDAY and apart.max() > 86_400:
        return Frequency("business day"), "no stamp is on a weekend"
    for unit, size in SECONDS.items():
        if _usual(apart)[0] % size == 0:
            return _by_distance(apart, every, unit, size)
    return None, ""


def _by_distance(
    apart: np.ndarray, every: np.ndarray, unit: str, size: int
) -> tuple[Frequency | None, str]:
    most, share = _usual(apart)
    if share < MOSTLY or most < 1 or len(np.unique(every % most)) > 1:
        return None, f"{share:.0%} of the distances are {most / size:g} {unit}s, the others not"
    return Frequency(unit, most // size), _shared(most // size, share, f"{unit}s")


def _usual(apart: np.ndarray) -> tuple[int, float]:
    """The distance that most have, and the share that have it."""
    values, counts = np.unique(apart, return_counts=True)
    return int(values[counts.argmax()]), float(counts.max() / len(apart))


def _shared(most: int, share: float, units: str) -> str:
    distance = f"one {units.removesuffix('s')}" if most == 1 else f"{most} {units}"
    return f"{'all' if share == 1 else f'{share:.1%} of'} stamps are {distance} apart"


def _month_ends(stamps: np.ndarray) -> np.ndarray:
    """Which stamps are on the last day of a month. (rows,) bool"""
    days = stamps.astype("datetime64[s]").astype("datetime64[D]")
    return (days + 1).astype("datetime64[M]") > days.astype("datetime64[M]")
