"""Windows of series are what a slow reference makes of them, and nothing of what is to come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared import message

import kbuilder as kb
from kbuilder.data import examples
from kbuilder.data.panel import Axes
from kbuilder.errors import DataError
from kbuilder.tables.table import Table

AXES = Axes("day", "store")


@st.composite
def panels(draw: Any) -> tuple[Table, kb.Forecasting]:
    """Rows of some stores in any order, some of them missing, each number another."""
    rows, number = [], 0
    for store in range(draw(st.integers(1, 3))):
        start, length = draw(st.integers(0, 5)), draw(st.integers(1, 16))
        for day in range(start, start + length):
            number += 1
            if day in (start, start + length - 1) or draw(st.integers(0, 5)):
                sales = float("nan") if draw(st.integers(0, 6)) == 6 else float(number)
                rows.append((store, day, sales, 1000.0 + number, 2000.0 + number))
    order = draw(st.permutations(range(len(rows))))
    store, day, sales, visits, price = (list(one) for one in zip(*rows, strict=True))
    columns = {
        "store": np.array([f"s{one}" for one in store], dtype=object)[list(order)],
        "day": np.array([f"2024-01-{one + 1:02d}" for one in day], dtype=object)[list(order)],
        "sales": np.array(sales)[list(order)],
        "visits": np.array(visits)[list(order)],
        "price": np.array(price)[list(order)],
    }
    task = kb.Forecasting(
        horizon=draw(st.integers(1, 4)), window=draw(st.integers(1, 5)),
        gap=draw(st.integers(0, 2)), stride=draw(st.integers(1, 3)),
        period=draw(st.integers(1, 4)), gaps="previous", frequency="1 day",
        known=draw(st.sampled_from([(), ("price",)])),
    )  # fmt: skip
    return Table(columns, "sales.csv"), task


def slowly(table: Table, task: Any) -> dict[tuple[str, int], dict[str, Any]]:
    """The windows by series and day, a step at a time."""
    known: dict[str, dict[int, tuple[float, float, float]]] = {}
    for store, day, sales, visits, price in zip(*table.columns.values(), strict=True):
        known.setdefault(store, {})[int(day[-2:])] = (sales, visits, price)
    latest = max(day for of in known.values() for day in of)
    found = {}
    for store, of in known.items():
        days = range(min(of), max(of) + 1)
        filled: dict[int, list[float]] = {}
        for day in days:
            now = of.get(day, (np.nan, np.nan, np.nan))
            before = filled.get(day - 1, [np.nan, np.nan])
            filled[day] = [before[k] if np.isnan(now[k]) else now[k] for k in range(2)]
        with_value = [day for day in days if day in of and not np.isnan(of[day][0])]
        for day in days:
            window = range(day - task.window + 1, day + 1)
            ahead = range(day + task.gap + 1, day + task.gap + 1 + task.horizon)
            if day not in of or not with_value or window[0] < with_value[0]:
                continue
            if day > with_value[-1] or (latest - day) % task.stride:
                continue
            if any(one not in of or np.isnan(of[one][0]) for one in ahead):
                continue
            naive = []
            for one in ahead:
                season = one
                while season > day:
                    season -= task.period
                value = filled[season][0] if season in days else np.nan
                naive.append(filled[day][0] if np.isnan(value) else value)
            found[store, day] = {
                "past": [filled[one] for one in window],
                "truth": [of[one][0] for one in ahead],
                "naive": naive,
                "ahead": [of[one][2] for one in ahead] if task.known else None,
            }
    return found


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(panels())
def test_windows_are_those_of_a_slow_reference(drawn: tuple[Table, Any]) -> None:
    table, task = drawn
    if np.isnan(table["sales"]).all():
        return
    windows = examples.windows_of(table, AXES, task, "sales", ("sales", "visits"))
    made = windows.table(windows.origins())
    expected = slowly(table, task)
    keys = [(s, int(d[-2:])) for s, d in zip(made["store"], made["day"], strict=True)]
    assert sorted(keys) == sorted(expected)
    h = task.horizon
    for row, key in enumerate(keys):
        np.testing.assert_array_equal(made["past"][row], expected[key]["past"])
        np.testing.assert_array_equal(made["sales"][row, :h], expected[key]["truth"])
        np.testing.assert_array_equal(made["sales"][row, h : 2 * h], expected[key]["naive"])
        if task.known:
            np.testing.assert_array_equal(made["ahead"][row], expected[key]["ahead"])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(panels(), st.integers(0, 2**32 - 1))
def test_no_input_changes_with_what_comes_later_or_with_another_series(
    drawn: tuple[Table, Any], seed: int
) -> None:
    table, task = drawn
    if np.isnan(table["sales"]).all():
        return
    windows = examples.windows_of(table, AXES, task, "sales", ("sales", "visits"))
    if not len(windows.origins()):
        return
    made = windows.table(windows.origins())
    row = int(np.random.default_rng(seed).integers(len(made)))
    store, day = made["store"][row], made["day"][row]
    later = (table["day"] > day) | (table["store"] != store)
    other = {
        name: np.where(later, values * -3 + 7, values) if name in ("sales", "visits") else values
        for name, values in table.columns.items()
    }
    again = examples.windows_of(Table(other, "x"), AXES, task, "sales", ("sales", "visits"))
    changed = again.table(again.origins())
    [same] = np.flatnonzero((changed["store"] == store) & (changed["day"] == day)).tolist()
    np.testing.assert_array_equal(changed["past"][same], made["past"][row])
    h = task.horizon
    np.testing.assert_array_equal(changed["sales"][same, h : 2 * h], made["sales"][row, h : 2 * h])


def series(**columns: Any) -> Table:
    return Table({name: np.array(values) for name, values in columns.items()}, "sales.csv")


def windows(table: Table, **fields: Any) -> Any:
    task = kb.Forecasting(**{"horizon": 2, "window": 2, "period": 1, "stride": 1, **fields})
    return examples.windows_of(table, Axes("day", None), task, "sales", ("sales",))


DAYS = np.array([f"2024-01-{day:02d}" for day in range(1, 8)], dtype=object)


def test_the_last_window_ends_with_the_last_value() -> None:
    table = series(day=DAYS, sales=[1.0, 2, 3, 4, 5, np.nan, np.nan])
    made = windows(table)
    assert made.latest().tolist() == [4]
    assert made.table(made.latest())["past"][0, :, 0].tolist() == [4, 5]
    assert made.answers(made.latest(), 2) == {"day": pytest.approx(DAYS[5:7])} or (
        made.answers(made.latest(), 2)["day"].tolist() == ["2024-01-06", "2024-01-07"]
    )


def test_what_is_known_ahead_is_asked_for() -> None:
    table = series(day=DAYS, sales=[1.0, 2, 3, 4, 5, 6, np.nan], price=[1.0] * 7)
    made = windows(table, known=("price",))
    assert message(DataError, made.latest) == (
        "task.known: 'price' must be known ahead, and sales.csv has no value at 2024-01-08. "
        "Expected a row for each of the 2 steps after the last value of 'sales', which is left "
        "empty in them."
    )


def test_a_series_that_is_too_short_is_named() -> None:
    made = windows(series(day=DAYS, sales=np.arange(7.0)), window=9)
    assert message(DataError, made.latest) == (
        "sales.csv has 7 steps. Expected 9, which a forecast is made from."
    )


def test_of_several_series_those_that_are_too_short_are_left_out_and_named() -> None:
    days = np.concatenate([DAYS, DAYS[:3], DAYS[:2]])
    names = np.array(["long"] * 7 + ["short"] * 3 + ["shorter"] * 2, dtype=object)
    table = series(day=days, sales=np.arange(12.0), store=names)
    task = kb.Forecasting(horizon=2, window=4, period=1, stride=1)
    made = examples.windows_of(table, Axes("day", "store"), task, "sales", ("sales",))
    assert made.table(made.latest())["past"][:, :, 0].tolist() == [[3, 4, 5, 6]]
    assert made.left_out == (
        "2 series are left out, which have no 4 steps to make a forecast from: 'short', 'shorter'",
    )


def test_a_value_that_is_missing_between_others_is_refused_with_the_line() -> None:
    table = series(day=DAYS, sales=[1.0, 2, np.nan, 4, 5, 6, 7])
    assert message(DataError, windows, table) == (
        "data.target: the target 'sales' has no value in row 3 of sales.csv, and later rows have "
        "one. Expected a number in each; or `task: {name: forecasting, horizon: 2, window: 2, "
        "stride: 1, period: 1, gaps: previous}`: the network gets the value before for them, and "
        "none is forecast."
    )
    assert windows(table, gaps="previous").origins().tolist() == [2, 3, 4]


def test_steps_that_are_missing_are_refused_with_the_line() -> None:
    keep = [0, 1, 2, 4, 5, 6]
    table = series(day=DAYS[keep], sales=np.arange(6.0))
    assert message(DataError, windows, table) == (
        "task.gaps: sales.csv: 1 steps of 1 day are missing, the first between '2024-01-03' and "
        "'2024-01-05'. Expected a row for each step; or `task: {name: forecasting, horizon: 2, "
        "window: 2, stride: 1, period: 1, gaps: previous}`: the network gets the value before for "
        "them, and none is forecast."
    )


def test_two_rows_of_one_stamp_are_refused_with_the_column_that_tells_them_apart() -> None:
    twice = np.repeat(DAYS[:3], 2)
    table = series(day=twice, sales=np.arange(6.0), shop=["a", "b"] * 3)
    assert message(DataError, windows, table) == (
        "data.time: row 1 of sales.csv and row 2 of sales.csv have the same stamp '2024-01-01' in "
        "column 'day'; so have 3 pairs of rows. Expected each stamp once in a series: remove one, "
        "or `data: {series: shop}`."
    )


def test_windows_that_forecast_at_about_the_same_time_are_one_block() -> None:
    made = windows(series(day=DAYS, sales=np.arange(7.0)), frequency="1 day")
    table = made.table(made.origins())
    assert table["day"].tolist() == DAYS[1:5].tolist()
    assert examples.blocks(table, Axes("day", None), made.task).tolist() == [1, 1, 0, 0]
