"""Whether single words are dates, without TensorFlow."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kbuilder.tables.dates import FORMATS, is_date

DAYS = (
    "2024-02-29", "2023-02-29", "2024/13/01", "2024-00-10", "2024-04-31", "2024.5.1.",
    "2024년 5월 1일",    "2024-May-1", "2024-Foo-1", "1900-02-29",
    "2000-02-29", "29.02.24", "31 April 2024", "1 May 24",
    "30/2/1999", "0.5.2024", "5/1/24", "May 1st, 2024", "Febuary 30, 2024", "20240229", "20230229",
    "20241301", "2024-05", "2024년 5월", "202413", "0/2024", "13/2024", "Mai 2024", "May 2024",
    "1/2", "soon", "", "２０２４-05-01", "99999",
)  # fmt: skip
TIMES = (
    "", " 15:04", "T23:59:60", " 24:00", " 12:60", " 3:04 PM", " 12:00 a.m.", " 13:00 pm",
    "T10:00:00.25Z", " 10:00 +09:00", " 10:00:61", " 1504",
)  # fmt: skip


@pytest.mark.parametrize("order", FORMATS)
def test_they_are_those_that_the_layer_reads(order: str) -> None:
    from kbuilder.layers.date_parts import DateParts

    words = [(day + time).strip() for day, time in product(DAYS, TIMES)]
    seconds = np.asarray(DateParts(order, ["elapsed"], 0, 1, False).seconds(words))
    found = [is_date(word, order) for word in words]
    assert {True, False} == set(found)
    assert found == (~np.isnan(seconds)).tolist()
