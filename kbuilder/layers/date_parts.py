"""Dates and times as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kbuilder.tables.dates import FORMATS, MONTHS, OF_MONTH, PLACES

CYCLES = {"month": 12.0, "day": 31.0, "weekday": 7.0, "hour": 24.0, "minute": 60.0}
"""The length of each part that comes again."""
DAY = 86_400.0
COUNTED = {"unix": 1.0, "unix_ms": 1e3, "unix_us": 1e6, "unix_ns": 1e9}
"""How much of each is a second."""


@keras.saving.register_keras_serializable(package="kbuilder")
class DateParts(keras.layers.Layer):
    """The parts of a date or a time: those that come again as sine and cosine, and what elapsed.

    Args:
        format: One of `FORMATS`, or unix (seconds since 1970), unix_ms (milliseconds), unix_us
            or unix_ns.
        parts: Which: elapsed, and names of `CYCLES`.
        mean: Seconds since 1970 that count as 0.
        scale: Seconds that count as 1; > 0.
        indicator: Whether to add a column that is 1 where there is no date.

    Input shape: (batch,) string, or float64 for unix and those like it.
    Output shape: (batch, d) float32; 0 where there is no date.
    """

    def __init__(
        self,
        format: str,
        parts: Sequence[str],
        mean: float,
        scale: float,
        indicator: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trainable": False, "autocast": False, **kwargs})
        self.format = format
        self.parts = list(parts)
        self.mean = mean
        self.scale = scale
        self.indicator = indicator

    def seconds(self, values: Any) -> Any:
        """Seconds since 1970 in UTC, NaN where there is no date. (batch,) float64"""
        values = tf.convert_to_tensor(values)
        if self.format.startswith("unix"):
            return tf.cast(values, tf.float64) / COUNTED[self.format]
        words, pattern = tf.strings.strip(values), FORMATS[self.format]
        known = tf.strings.regex_full_match(words, pattern)

        def group(number: int, otherwise: str = "0") -> Any:
            text = tf.strings.regex_replace(words, f"^{pattern}$", rf"\{number}")
            return tf.where(known & (text != ""), text, otherwise)

        if self.format in OF_MONTH:
            year, month = (group(n) for n in OF_MONTH[self.format])
            days, dated = _days(_number(year), _month(month), tf.ones_like(_number(year)), year)
            return tf.where(known & dated, days * DAY, np.nan)
        timed = 0 if self.format == "time" else 3
        hour, minute, second = (_number(group(timed + n)) for n in (1, 2, 3))
        part = _number(tf.strings.join(["0.", group(timed + 4)]))
        half = tf.strings.lower(group(timed + 5, ""))
        hour = tf.where(half == "", hour, hour % 12.0)
        hour += tf.where(tf.strings.regex_full_match(half, "p.*"), _f(12), _f(0))
        total = hour * 3600 + minute * 60 + second + part - _offset(group(timed + 6, ""))
        right = known & (hour < 24) & (minute < 60) & (second < 61)
        if self.format != "time":
            year, month, day = (group(n) for n in PLACES[self.format])
            days, dated = _days(_number(year), _month(month), _number(day), year)
            total, right = total + days * DAY, right & dated
        return tf.where(right, total, np.nan)

    def call(self, values: Any) -> Any:
        seconds = self.seconds(values)
        absent = tf.math.is_nan(seconds)
        given = tf.where(absent, tf.cast(self.mean, tf.float64), seconds)
        columns = []
        for name in self.parts:
            if name == "elapsed":
                columns.append((given - self.mean) / self.scale)
            else:
                angle = 2 * np.pi * _part(name, given) / CYCLES[name]
                columns += [tf.sin(angle), tf.cos(angle)]
        columns = [tf.where(absent, tf.zeros_like(column), column) for column in columns]
        columns += [tf.cast(absent, tf.float64)] if self.indicator else []
        return tf.cast(tf.stack(columns, axis=-1), tf.float32)

    def get_config(self) -> dict[str, Any]:
        own = {"format": self.format, "parts": self.parts, "mean": self.mean, "scale": self.scale}
        return {**super().get_config(), **own, "indicator": self.indicator}


def _number(text: Any) -> Any:
    return tf.strings.to_number(text, tf.float64)


def _month(text: Any) -> Any:
    """The number of a month, from its number or its English name; 0: there is none such."""
    named = tf.strings.regex_full_match(text, r"[A-Za-z]+")
    short = tf.strings.lower(tf.strings.substr(tf.where(named, text, "xxx"), 0, 3))
    places = [tf.where(short == name, n + 1.0, 0.0) for n, name in enumerate(MONTHS)]
    number = _number(tf.where(named, "0", text))
    return tf.where(named, tf.cast(tf.add_n(places), tf.float64), number)


def _offset(zone: Any) -> Any:
    """Seconds that a zone is ahead of UTC."""
    signed = tf.strings.regex_full_match(zone, r"[+-].*")
    digits = tf.strings.regex_replace(tf.where(signed, zone, "+0000"), "[:+-]", "")
    seconds = _number(tf.strings.substr(digits, 0, 2)) * 3600
    seconds += _number(tf.strings.substr(digits, 2, 2)) * 60
    return tf.where(tf.strings.regex_full_match(zone, "-.*"), -seconds, seconds)


def _days(year: Any, month: Any, day: Any, written: Any) -> tuple[Any, Any]:
    """Days since 1970-01-01, and whether there is such a day. Source: Hinnant 2021,
    chrono-Compatible Low-Level Date Algorithms."""
    short = tf.strings.length(written) == 2
    year += tf.where(short, tf.where(year < 69, _f(2000), _f(1900)), _f(0))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = tf.constant([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], tf.float64)
    place = tf.clip_by_value(tf.cast(month, tf.int32) - 1, 0, 11)
    longest = tf.gather(lengths, place) + tf.where(leap & (month == 2), _f(1), _f(0))
    right = (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
    y = year - tf.where(month <= 2, _f(1), _f(0))
    era = tf.floor(y / 400)
    of_era = y - era * 400
    of_year = tf.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
    days = era * 146_097 + of_era * 365 + tf.floor(of_era / 4) - tf.floor(of_era / 100) + of_year
    return days - 719_468, right


def _f(value: float) -> Any:
    return tf.constant(value, tf.float64)


def _part(name: str, seconds: Any) -> Any:
    """A part of a date that comes again, from 0. (batch,) float64"""
    days = tf.floor(seconds / DAY)
    if name == "weekday":
        return (days + 3) % 7  # 1970-01-01 was a Thursday, and Monday is 0
    if name == "hour":
        return seconds % DAY / 3600
    if name == "minute":
        return seconds % 3600 / 60
    shifted = days + 719_468
    era = tf.floor(shifted / 146_097)
    of_era = shifted - era * 146_097
    year = tf.floor(
        (of_era - tf.floor(of_era / 1460) + tf.floor(of_era / 36_524) - tf.floor(of_era / 146_096))
        / 365
    )
    of_year = of_era - (365 * year + tf.floor(year / 4) - tf.floor(year / 100))
    month = tf.floor((5 * of_year + 2) / 153)
    if name == "day":
        return of_year - tf.floor((153 * month + 2) / 5)
    return (month + 2) % 12
