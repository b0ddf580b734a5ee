"""Dates and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import message, reason_of

import kbuilder as kb
from kbuilder.errors import DataError
from kbuilder.features.datetime import Datetime
from kbuilder.tables.profile import profile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS = [EPOCH + timedelta(days=n * 97.3) for n in range(-50, 300)]
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

WAYS = {
    "2024-05-01": ("ymd", lambda d: f"{d:%Y-%m-%d}", 86_400),
    "2024-05-01 15:04": ("ymd", lambda d: f"{d:%Y-%m-%d %H:%M}", 60),
    "2024-05-01T15:04:05Z": ("ymd", lambda d: f"{d:%Y-%m-%dT%H:%M:%SZ}", 1),
    "with a zone": ("ymd", lambda d: f"{d + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}+09:00", 1),
    "with microseconds": ("ymd", lambda d: f"{d:%Y-%m-%d %H:%M:%S.%f}", 1e-6),
    "2024/5/1": ("ymd", lambda d: f"{d.year}/{d.month}/{d.day}", 86_400),
    "2024년 5월 1일": ("ymd", lambda d: f"{d.year}년 {d.month}월 {d.day}일", 86_400),
    "01.05.2024": ("dmy", lambda d: f"{d:%d.%m.%Y}", 86_400),
    "5/1/2024 3:04 PM": ("mdy", lambda d: f"{d.month}/{d.day}/{d:%Y %I:%M %p}", 60),
    "May 1, 2024": ("mdy", lambda d: f"{NAMES[d.month - 1]} {d.day}, {d.year}", 86_400),
    "1 May 2024": ("dmy", lambda d: f"{d.day} {NAMES[d.month - 1]} {d.year}", 86_400),
    "20240501": ("compact", lambda d: f"{d:%Y%m%d}", 86_400),
}


def objects(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def words(*values: str) -> Any:
    import tensorflow as tf

    return tf.constant(list(values))


def learned(values: np.ndarray, **given: object) -> Datetime:
    feature = Datetime(**given)
    choices = feature.learn("x", values)
    update = {n: c.value for n, c in choices.items() if getattr(feature, n) is None}
    return feature.model_copy(update=update)


@pytest.mark.parametrize("way", WAYS)
def test_a_date_is_read_in_each_way_of_writing(way: str) -> None:
    order, write, step = WAYS[way]
    values = objects(*(write(day) for day in DAYS), None)
    feature = learned(values)
    assert feature.format == order
    seconds = feature.layer().seconds(feature.raw("x", values).tolist()).numpy()
    truth = np.array([(day - EPOCH).total_seconds() // step * step for day in DAYS])
    np.testing.assert_allclose(seconds[:-1], truth, atol=1e-5)
    assert np.isnan(seconds[-1])
    if order != "compact":  # which is a number to whom nothing is said
        assert reason_of(Datetime, profile(values)).startswith("its values are dates or times")


@pytest.mark.parametrize(
    ("format", "times"), [("unix", 1), ("unix_ms", 1e3), ("unix_us", 1e6), ("unix_ns", 1e9)]
)
def test_seconds_since_1970_are_read_when_asked(format: str, times: int) -> None:
    values = np.array([(day - EPOCH).total_seconds() * times for day in DAYS])
    feature = learned(values, format=format)
    assert feature.signature() == ((None,), "float64")
    seconds = feature.layer().seconds(feature.raw("x", values)).numpy()
    np.testing.assert_allclose(seconds, values / times)
    assert message(DataError, Datetime().learn, "x", values).startswith(
        "features.x: column 'x' holds numbers. Say what they count: "
        "`features: {x: {kind: datetime, format: unix}}` or "
    )


@settings(deadline=None, max_examples=10)
@given(st.lists(st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=99))
def test_the_parts_are_those_of_the_calendar(days: list[datetime]) -> None:
    days = [day.replace(microsecond=0, tzinfo=UTC) for day in days]
    feature = Datetime(
        format="ymd", parts=("elapsed", "month", "day", "weekday", "hour"), mean=0.0,
        scale=86_400.0, indicator=True,
    )  # fmt: skip
    rows = feature.layer()(words(*(day.isoformat() for day in days))).numpy()
    for row, day in zip(rows, days, strict=True):
        hours = (day - day.replace(hour=0, minute=0, second=0)).total_seconds() / 3600
        cycles = [(day.month - 1, 12), (day.day - 1, 31), (day.weekday(), 7), (hours, 24)]
        angles = [2 * np.pi * part / length for part, length in cycles]
        expected = [(day - EPOCH).total_seconds() / 86_400]
        expected += [f(angle) for angle in angles for f in (np.sin, np.cos)]
        np.testing.assert_allclose(row, [*expected, 0.0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "wrong", ["2023-02-29", "2024-13-01", "2024-00-10", "no date", "", "24:00"]
)
def test_what_is_no_date_is_missing(wrong: str) -> None:
    values = objects(*["2024-02-29", "2024-02-28", "2023-12-31"] * 5, wrong)
    feature = learned(values)
    assert feature.indicator
    rows = feature.layer()(words(*feature.raw("x", values))).numpy()
    assert rows[-1].tolist() == [0.0] * (rows.shape[1] - 1) + [1.0]
    assert not rows[:-1, -1].any()


def test_day_and_month_that_may_be_either_are_refused_with_both_lines() -> None:
    values = objects(*(f"{1 + n % 12}/{1 + n % 7}/2024" for n in range(40)))
    assert message(DataError, Datetime().learn, "x", values) == (
        "features.x: column 'x' may have the day or the month first, such as '1/1/2024'. Say which:"
        " `features: {x: {kind: datetime, format: dmy}}` or "
        "`features: {x: {kind: datetime, format: mdy}}`."
    )
    assert learned(values, format="dmy").format == "dmy"


@pytest.mark.parametrize(
    ("order", "write"),
    [
        ("ym", lambda d: f"{d:%Y-%m}"),
        ("ym", lambda d: f"{d.year}/{d.month}"),
        ("ym", lambda d: f"{d.year}년 {d.month}월"),
        ("ym", lambda d: f"{d.year} {NAMES[d.month - 1]}"),
        ("my", lambda d: f"{NAMES[d.month - 1]} {d.year}"),
        ("my", lambda d: f"{d:%m/%Y}"),
        ("my", lambda d: f"{NAMES[d.month - 1]}-{d.year}"),
    ],
)
def test_a_month_alone_is_its_first_day(order: str, write: Any) -> None:
    values = objects(*(write(day) for day in DAYS), None, "2024-13", "soon")
    feature = learned(values)
    assert (feature.format, feature.parts) == (order, ("elapsed", "month"))
    seconds = feature.layer().seconds(feature.raw("x", values).tolist()).numpy()
    firsts = [day.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for day in DAYS]
    truth = [(first - EPOCH).total_seconds() for first in firsts]
    np.testing.assert_array_equal(seconds[:-3], truth)
    assert np.isnan(seconds[-3:]).all()
    assert reason_of(Datetime, profile(values[:-2])).startswith("its values are dates or times")


def test_digits_alone_are_dates_where_they_are_asked_for() -> None:
    days = [day for day in DAYS if 1900 < day.year < 2100]
    hours = [day.replace(minute=0, second=0, microsecond=0) for day in days]
    for write, exact in (("%Y%m%d%H%M%S", days), ("%Y%m%d%H", hours), ("%Y%m%dT%H%M%SZ", days)):
        values = objects(*(day.strftime(write) for day in exact))
        seconds = learned(values).layer().seconds(values.tolist()).numpy()
        truth = [day.replace(microsecond=0).timestamp() for day in exact]
        np.testing.assert_allclose(seconds, truth)
    months = learned(np.array([202401.0, np.nan, 202412.0]), format="ym")
    asked = months.raw("x", np.array([202402.0, 202413.0]))
    seconds = months.layer().seconds(asked.tolist()).numpy()
    assert seconds[0] == datetime(2024, 2, 1, tzinfo=UTC).timestamp()
    assert np.isnan(seconds[1])


@pytest.mark.parametrize("code", ["{:04}-ABCDE", "{:04}-07", "0123-{}", "AB-{:04}", "1998-{}"])
def test_codes_are_no_months(code: str) -> None:
    values = objects(*(code.format(n) for n in range(13, 200)))
    assert reason_of(Datetime, profile(values)) is None


def test_two_digits_are_a_year_of_this_time() -> None:
    values = objects("13.12.69", "13.12.68", "31.1.24")
    seconds = learned(values).layer().seconds(values.tolist()).numpy()
    years = [(EPOCH + timedelta(seconds=float(s))).year for s in seconds]
    assert years == [1969, 2068, 2024]


def test_times_of_day_have_no_date() -> None:
    feature = learned(objects("15:04", "3:04 PM", "00:00:30", None))
    assert (feature.format, feature.parts) == ("time", ("hour", "minute"))
    rows = feature.layer()(words("15:04", "3:04 PM")).numpy()
    np.testing.assert_array_equal(rows[0], rows[1])


@pytest.mark.slow
def test_sales_by_weekday_and_month_are_learned() -> None:
    days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(1500)]
    random = np.random.default_rng(0)
    week, year = random.normal(size=7) * 20, random.normal(size=12) * 20
    sales = [100 + week[d.weekday()] + year[d.month - 1] + random.normal() for d in days]
    import pandas as pd

    frame = pd.DataFrame({"date": [f"{d:%d.%m.%Y}" for d in days], "sales": sales,
                          "noise": random.normal(size=len(days))})  # fmt: skip
    training = kb.Training(epochs=60, batch_size=32)
    scores = []
    for ignore in ((), ("date",)):
        data = kb.Frame(frame=frame, target="sales", ignore=ignore)
        run = kb.fit(kb.Recipe(data=data, training=training), verbose=False,
                     run_dir=f"run-{len(ignore)}")  # fmt: skip
        scores.append(run.metrics["splits"]["test"]["r2"])
    assert scores[0] >= 0.9
    assert scores[1] < 0.3
