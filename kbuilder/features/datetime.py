"""Dates and times."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from kbuilder import engine
from kbuilder.contracts import Choice, Form, Holds, Match, Signal
from kbuilder.errors import DataError, cut
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.spec import Names, Positive, Spec, learned
from kbuilder.tables.dates import FORMATS
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import kind_of, missing

Format = Literal["ymd", "dmy", "mdy", "compact", "time", "ym", "my", "unix", "unix_ms",
                 "unix_us", "unix_ns"]  # fmt: skip
MOSTLY = 0.9
"""The share of the values that must be dates."""
SPANS = {"month": 60, "day": 27, "weekday": 6}
"""Days that training must span for a part to be learned from."""


class Datetime(Spec):
    """A date, a time of day, or both, in one of many ways of writing.

    Months, days of the month, weekdays and hours come as sine and cosine; what elapsed is
    standardised. Times with a zone are taken to UTC. What is no date is missing, and a last column
    says so if any is in training.
    """

    format: Format | None = None
    """The order: ymd (2024-05-01, 2024/5/1, 2024년 5월 1일), dmy (01.05.2024, 1 May 24), mdy
    (5/1/2024, May 1, 2024), compact (20240501, 20240501150400, 2024050115), each with a time after
    it or not; time (15:04); ym (2024-05, 2024년 5월, 202405), my (05/2024, May 2024): a month
    alone; unix, unix_ms, unix_us, unix_ns: seconds, milliseconds, microseconds or nanoseconds since
    1970; left out: as the values have it."""
    parts: Names | None = None
    """elapsed, month, day, weekday, hour, minute: what is made of it; left out: what differs in the
    training rows."""
    mean: float | None = None
    """Seconds since 1970 that count as 0; left out: the mean of the training rows."""
    scale: Positive | None = None
    """Seconds that count as 1; left out: their standard deviation."""
    indicator: bool | None = None
    """Whether a column says what is missing; left out: if any training value is."""

    holds: ClassVar[Holds] = "words"

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return True

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Strings that look like dates or times."""
        words = [word for word in profile.examples if isinstance(word, str)]
        if profile.kind != "string" or not words or profile.numeric > 0.5:
            return None
        ways = FORMATS.values()
        dates = sum(1 for word in words if any(re.fullmatch(way, word.strip()) for way in ways))
        if dates < MOSTLY * len(words):
            return None
        return Match(0.95, f"its values are dates or times, such as {cut(words[0])!r}")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The order, and which parts differ."""
        format = self.order(column, values)
        seconds = self._seconds(values, format)
        there = seconds[~np.isnan(seconds)]
        if not len(there):
            raise DataError(
                f"column {column!r} has no date in the training rows. Leave it out with "
                f"`{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        lost = len(seconds) - len(there)
        wrong = lost - int(missing(values).sum())
        span = (there.max() - there.min()) / 86_400
        spans = {"month": SPANS["month"]} if format in ("ym", "my") else SPANS
        parts = [name for name, days in spans.items() if format != "time" and span > days]
        parts += ["hour"] if len(np.unique(there % 86_400 // 60)) > 1 else []
        parts += ["minute"] if span < 2 and len(np.unique(there % 3600)) > 1 else []
        parts = ["elapsed", *parts] if there.std() > 0 and format != "time" else parts or ["hour"]
        no_dates = f", {wrong:,} of them no dates" if wrong else ""
        return {
            "format": Choice(format, f"{len(there):,} training values are written so"),
            "parts": Choice(tuple(parts), f"the training rows span {span:,.1f} days"),
            "mean": Choice(float(there.mean()), "mean of the training rows"),
            "scale": Choice(float(there.std()) or 1.0, "standard deviation of the training rows"),
            "indicator": Choice(lost > 0, f"{lost:,} training values missing{no_dates}"),
        }

    def order(self, column: str, values: np.ndarray) -> Format:
        """The order in which most values are dates; an error, if two are as likely."""
        if self.format is not None:
            return self.format
        if kind_of(values) == "number":
            ways = [to_line(("features", column), {"kind": "datetime", "format": name})
                    for name in ("unix", "unix_ms", "compact", "ym")]  # fmt: skip
            raise DataError(
                f"column {column!r} holds numbers. Say what they count: "
                f"{' or '.join(f'`{way}`' for way in ways)}.",
                key=("features", column),
            )
        orders: tuple[Format, ...] = ("ymd", "mdy", "dmy", "compact", "time", "ym", "my")
        counts = {name: int((~np.isnan(self._seconds(values, name))).sum()) for name in orders}
        best = max(orders, key=lambda name: counts[name])
        there = int((~missing(values)).sum())
        if counts[best] < MOSTLY * there or not there:
            raise DataError(
                f"column {column!r} holds {there - counts[best]:,} values of {there:,} that are no "
                "dates or times. Expected one way of writing, or another kind: "
                f"`{to_line(('features', column), 'category')}`.",
                key=("features", column),
            )
        if best in ("dmy", "mdy") and counts["dmy"] == counts["mdy"]:
            same = np.array_equal(
                self._seconds(values, "dmy"), self._seconds(values, "mdy"), equal_nan=True
            )
            if not same:
                lines = " or ".join(
                    f"`{to_line(('features', column), {'kind': 'datetime', 'format': name})}`"
                    for name in ("dmy", "mdy")
                )
                first = next(str(value) for value in values if value)
                raise DataError(
                    f"column {column!r} may have the day or the month first, such as {first!r}. "
                    f"Say which: {lines}.",
                    key=("features", column),
                )
        return best

    def seconds(self, column: str, values: np.ndarray) -> np.ndarray:
        """Seconds since 1970, NaN where there is no date. (rows,) float64"""
        return self._seconds(values, self.order(column, values))

    def _seconds(self, values: np.ndarray, format: Format) -> np.ndarray:
        engine.load_quietly()  # rows may be divided by time before anything else needs it
        from kbuilder.layers.date_parts import DateParts

        raw = self.model_copy(update={"format": format}).raw("", values)
        layer = DateParts(format, ("elapsed",), 0.0, 1.0, False)
        return np.asarray(layer.seconds(raw if raw.dtype != object else raw.tolist()))

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Strings as objects, "" where missing; float64 for unix, unix_ms and so on."""
        absent = missing(values)
        if (self.format or "").startswith("unix"):
            numbers = np.full(len(values), np.nan)
            for row in np.flatnonzero(~absent):
                try:
                    numbers[row] = float(values[row])
                except (TypeError, ValueError):
                    raise DataError(
                        f"column {column!r} counts seconds since 1970, but here "
                        f"{str(values[row])!r}. Expected a number.",
                        key=("features", column),
                        row=int(row),
                    ) from None
            return numbers
        words = np.full(len(values), "", dtype=object)
        for row in np.flatnonzero(~absent):
            value = values[row]
            whole = isinstance(value, float | np.floating) and value == np.floor(value)
            words[row] = str(int(value)) if whole else str(value)
        return words

    def layer(self) -> Any:
        """Its parts as numbers. (batch,) string to (batch, d)"""
        from kbuilder.layers.date_parts import DateParts

        return DateParts(
            learned(self.format), learned(self.parts), learned(self.mean), learned(self.scale),
            learned(self.indicator),
        )  # fmt: skip

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "float64" if (self.format or "").startswith("unix") else "string"

    def embed(self, tensor: Any) -> Signal:
        return Signal("vector", tensor)

    @property
    def choices(self) -> None:
        return None

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are no dates."""
        absent = np.isnan(raw) if raw.dtype != object else raw == ""
        seconds = np.asarray(self.layer().seconds(raw if raw.dtype != object else raw.tolist()))
        return ~absent, ~absent & np.isnan(seconds)

    @property
    def unlike(self) -> str:
        return f"no date as the model reads them ({self.format})"

    def watched(self) -> dict[str, Any]:
        """How dates are written; each number is one."""
        return {} if (self.format or "").startswith("unix") else {"date": self.format}

    def describe(self) -> str:
        return (
            "seconds since 1970 in UTC; of each of parts the sine and the cosine of its share of "
            "its cycle, of elapsed (seconds - mean) / scale; 0 where there is no date; with "
            "indicator a last number, 1 where there is none and else 0"
        )

    def numeric(self, integers: str) -> None:
        return None

    def script(self, values: str) -> str:
        return f"{'numbers' if (self.format or '').startswith('unix') else 'words'}({values})"

    def unlearned(self, written: Any) -> None:
        return None
