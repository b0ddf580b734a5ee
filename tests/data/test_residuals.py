"""What the errors of a forecast have in common from one step to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.data import residuals
from kbuilder.tables.table import Table

COUNT = 60


def said(errors: dict[str, np.ndarray], order: np.ndarray | None = None, **fields: Any) -> Any:
    """What is said of these errors of series, a day apart; the forecasts are all 0."""
    days = pd.date_range("2024-01-01", periods=COUNT).strftime("%Y-%m-%d").to_numpy(object)
    off = np.concatenate(list(errors.values()))
    rows = np.arange(len(off)) if order is None else order
    names = np.repeat(np.array(list(errors), dtype=object), COUNT)
    task = kb.Forecasting(horizon=1, frequency="1 day", mean=0.0, scale=1.0, **fields)
    columns = Columns({}, (Target(("y",), task),), ())
    table = Table({"day": np.tile(days, len(errors))[rows], "store": names[rows]}, "a table")
    [output] = columns.outputs()
    encoded = np.zeros((len(rows), 4))
    encoded[:, 0] = off[rows]
    outputs = np.tile([0.0, 0.0, 1.0], (len(rows), 1))
    data = kb.Frame(frame=pd.DataFrame(), target="y", time="day", series="store")
    return residuals.said(columns, data, table, {output: encoded}, {output: outputs})


def test_each_lag_has_the_correlation_within_series() -> None:
    random = np.random.default_rng(0)
    walks = {name: np.cumsum(random.normal(size=COUNT)) * size for name, size in
             (("a", 1.0), ("b", 100.0))}  # fmt: skip
    found = said(walks, random.permutation(2 * COUNT), period=14)["autocorrelation"]
    assert found["lags"] == [*range(1, 11), 14]
    assert found["bound"] == pytest.approx(2 / np.sqrt(2 * COUNT))
    scaled = [(one - one.mean()) / one.std() for one in walks.values()]
    for lag, value in zip(found["lags"], found["values"], strict=True):
        pairs = np.concatenate([one[lag:] * one[:-lag] for one in scaled])
        assert value == pytest.approx(pairs.mean())


def test_errors_without_anything_in_common_stay_within_the_bound() -> None:
    found = said({"a": np.random.default_rng(1).normal(size=COUNT)})["autocorrelation"]
    assert sum(abs(one) > found["bound"] for one in found["values"]) <= 1


def test_a_lag_with_few_pairs_is_left_out() -> None:
    every = np.arange(0, COUNT, 2)
    found = said({"a": np.random.default_rng(1).normal(size=COUNT)}, every)["autocorrelation"]
    assert found["lags"] == [2, 4, 6, 8, 10]
    assert said({"a": np.zeros(COUNT)}, every[:10]) == {}
