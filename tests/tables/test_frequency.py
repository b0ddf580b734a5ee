"""Stamps of series: how they are read, and which come next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared import message

from kbuilder.errors import DataError
from kbuilder.tables import frequency, stamp_styles
from kbuilder.tables.frequency import Frequency


def words(*texts: str) -> np.ndarray:
    return np.array(texts, dtype=object)


def inferred(*texts: str) -> str:
    stamps = frequency.read("t", words(*texts))
    style = stamp_styles.style_of(texts, stamps.tolist())
    found, reason = frequency.infer([stamps], style != "number")
    return str(found) if found else reason


@pytest.mark.parametrize(
    ("texts", "expected", "after"),
    [
        (("1949-11", "1949-12", "1950-01"), "1 month", "1950-02"),
        (("1-11", "1-12", "2-01"), "1 month", "2-02"),
        (("2020-01-31", "2020-02-29", "2020-03-31"), "1 month", "2020-04-30"),
        (("2020-01-15", "2020-02-15", "2020-03-15"), "1 month", "2020-04-15"),
        (("2020-01-01", "2020-04-01", "2020-07-01"), "1 quarter", "2020-10-01"),
        (("2020Q2", "2020Q3", "2020Q4"), "1 quarter", "2021Q1"),
        (("2020-q2", "2020-q3", "2020-q4"), "1 quarter", "2021-q1"),
        (("2020-W51", "2020-W52", "2020-W53"), "1 week", "2021-W01"),
        (("Nov 2020", "Dec 2020", "Jan 2021"), "1 month", "Feb 2021"),
        (("2020 November", "2020 December", "2021 January"), "1 month", "2021 February"),
        (("12/30/2020", "12/31/2020", "1/1/2021"), "1 day", "1/2/2021"),
        (("30-Dec-2020", "31-Dec-2020", "1-Jan-2021"), "1 day", "2-Jan-2021"),
        (("1/31/2021 11:00 PM", "2/1/2021 12:00 AM"), "1 hour", "2/1/2021 1:00 AM"),
        (("2024-01-01 22:00:00+01:00", "2024-01-01 23:00:00+01:00"), "1 hour",
         "2024-01-01 23:00:00+00:00"),
        (("2019", "2020", "2021"), "1 year", "2022"),
        (("2020-02-27", "2020-02-28", "2020-02-29"), "1 day", "2020-03-01"),
        (("31.12.2020", "01.01.2021", "02.01.2021"), "1 day", "03.01.2021"),
        (("2024-01-01", "2024-01-08", "2024-01-15"), "1 week", "2024-01-22"),
        (("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"), "1 business day", "2024-01-10"),
        (("2024-01-01 22:00", "2024-01-01 23:00", "2024-01-02 00:00"), "1 hour",
         "2024-01-02 01:00"),
        (("2024-01-01T00:15:00", "2024-01-01T00:30:00", "2024-01-01T00:45:00"), "15 minutes",
         "2024-01-01T01:00:00"),
        (("1", "2", "3"), "1 number", "4"),
        (("10", "20", "30"), "10 numbers", "40"),
    ],
)  # fmt: skip
def test_the_distance_of_stamps_is_found_and_goes_on(
    texts: tuple[str, ...], expected: str, after: str
) -> None:
    assert inferred(*texts) == expected
    known = Frequency.of(expected)
    stamps = frequency.read("t", words(*texts))
    assert known is not None
    assert known.fits(stamps).all()
    places = known.places(stamps)
    assert np.array_equal(np.diff(places), np.ones(len(places) - 1))
    [following] = known.stamps(places[-1:] + 1, int(stamps[-1])).tolist()
    assert stamp_styles.spell(following, stamp_styles.style_of(texts, stamps.tolist())) == after


@given(
    st.sampled_from(["D", "h", "15min", "7D", "MS", "ME", "QS", "YS", "B"]),
    st.datetimes(pd.Timestamp("1950-01-01"), pd.Timestamp("2050-01-01")),
    st.integers(12, 40),
)
def test_stamps_of_pandas_are_all_on_their_grid(rule: str, start: object, count: int) -> None:
    stamps = pd.date_range(pd.Timestamp(start).floor("h"), periods=count, freq=rule)  # type: ignore[arg-type]
    seconds = frequency.read("t", words(*map(str, stamps)))
    found, _ = frequency.infer([seconds], True)
    assert found is not None
    assert found.fits(seconds).all()
    places = found.places(seconds)
    assert np.array_equal(np.diff(places), np.ones(count - 1))
    assert np.array_equal(found.stamps(places, int(seconds[-1])), seconds)


def test_a_stamp_that_is_none_names_its_row() -> None:
    texts = words("2020-01-01", "2020-02-30", "2020-03-01")
    with pytest.raises(DataError) as caught:
        frequency.read("day", texts)
    assert caught.value.row == 1
    assert str(caught.value.problem.message) == (
        "column 'day' has no stamp: it is '2020-02-30', which is no date or time. Expected a date "
        "or a time in each row, such as 1960-01, 1960-01-31, 1960Q1 or 1960-W01, the year with "
        "four digits; fix it, or remove the row."
    )
    with pytest.raises(DataError) as caught:
        frequency.read("day", words("2020-01-01", ""))
    assert caught.value.row == 1


def test_days_and_months_that_may_be_either_are_refused() -> None:
    assert message(DataError, frequency.read, "day", words("01/02/2020", "02/02/2020")) == (
        "data.time: column 'day' may have the day or the month first, such as '01/02/2020'. "
        "Expected the year first: 2024-05-01."
    )


def test_zones_are_taken_to_utc() -> None:
    one, other = frequency.read("t", words("2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"))
    assert one == other


def test_stamps_at_no_distance_have_none() -> None:
    assert "of the distances" in inferred("2020-01-01", "2020-01-02", "2020-01-05", "2020-02-17")


@pytest.mark.parametrize("text", ["", "0 days", "fortnight", "1 months ago", "1.5 days"])
def test_what_is_no_distance_is_none(text: str) -> None:
    assert Frequency.of(text) is None


def test_a_distance_is_spelled_as_it_is_read() -> None:
    for text in ("1 month", "3 days", "1 business day", "15 minutes"):
        assert str(Frequency.of(text)) == text


@given(st.sampled_from(stamp_styles.STYLES), st.integers(-(2**31), 2**32))
def test_a_style_that_tells_a_stamp_apart_is_found_again(style: str, stamp: int) -> None:
    word = stamp_styles.spell(stamp, style)
    found = stamp_styles.style_of([word], [stamp])
    assert stamp_styles.spell(stamp, found) == word
