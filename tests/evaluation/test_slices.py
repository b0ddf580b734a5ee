"""Rows on which answers are worse, on answers whose faults are planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.evaluation import intervals
from kbuilder.evaluation.explaining import worse_off
from kbuilder.evaluation.slices import slices
from kbuilder.tables.table import Table

NUMBER = kb.Number(mean=0.0, scale=1.0, indicator=False)
FEATURES = {
    "size": NUMBER, "floor": NUMBER, "colour": kb.Category(vocabulary=["a", "b"], embedding=0),
    "text": kb.Text(vocabulary=["w"], length=4),
}  # fmt: skip
REGRESSION = Columns(FEATURES, (Target(("y",), kb.Regression(outputs=1, mean=[0.0], scale=[2.0])),))
BINARY = Columns(FEATURES, (Target(("y",), kb.Binary(classes=["no", "yes"])),))


def rows(seed: int, count: int = 600) -> Table:
    random = np.random.default_rng(seed)
    size = random.normal(size=count)
    size[::7] = np.nan
    words = np.array([" ".join(["w"] * n) + f" {row}" for row, n in
                      enumerate(random.integers(0, 9, count))], dtype=object)  # fmt: skip
    return Table({
        "size": size, "floor": random.integers(0, 4, count),
        "colour": random.choice(np.array(["a", "b", None], dtype=object), count), "text": words,
    }, "rows.csv")  # fmt: skip


def found(table: Table, worse: np.ndarray, seed: int = 0) -> dict[str, object]:
    """What is said where the errors of some rows are larger."""
    random = np.random.default_rng(seed)
    error = random.normal(size=len(table)) * np.where(worse, 3.0, 1.0)
    truth = np.zeros((len(table), 1), np.float32)
    answers = {"y": error[:, None].astype(np.float32)}
    return slices(REGRESSION, table, {"y": truth}, answers)["y"]


@pytest.mark.parametrize(("column", "value"), [
    ("colour", "b"), ("colour", "missing"), ("floor", "2"), ("size", "missing"),
])  # fmt: skip
def test_a_planted_slice_is_found(column: str, value: str) -> None:
    table = rows(0)
    values = table[column]
    if value == "missing":
        worse = np.array([one is None or one != one for one in values])
    else:
        worse = np.array([str(one) == value for one in values])
    told = found(table, worse)
    first = told["worst"][0]
    assert (first["column"], first["value"]) == (column, value)
    assert first["rows"] == worse.sum()
    assert told["metric"] == "mae"
    assert first["score"] > 2 * first["rest"]
    assert first["rest"] == pytest.approx(2 * np.sqrt(2 / np.pi), rel=0.15)  # in its own units


def test_a_range_and_a_length_are_found() -> None:
    table = rows(1)
    told = found(table, np.nan_to_num(table["size"], nan=-9) > 0.7)
    assert told["worst"][0]["column"] == "size"
    assert float(told["worst"][0]["value"].split(" to ")[0]) > 0.5
    long = np.array([len(text.split()) > 7 for text in table["text"]])
    told = found(table, long)
    assert told["worst"][0]["column"] == "text"
    assert told["worst"][0]["value"].endswith(" words")


@pytest.mark.parametrize(("worse", "value"), [
    (lambda days: days >= 300, "2024-"), (lambda days: days % 7 == 5, "Saturdays"),
])  # fmt: skip
def test_a_time_in_which_answers_are_worse_is_found(worse: Any, value: str) -> None:
    days = np.arange(400)  # 2024-01-01 was a Monday
    dates = np.datetime64("2024-01-01") + days
    day = kb.Datetime(format="ymd", parts=("elapsed",), mean=0.0, scale=1.0, indicator=False)
    columns = Columns({"day": day}, REGRESSION.targets)
    table = Table({"day": np.array([str(one) for one in dates], dtype=object)}, "rows.csv")
    error = np.random.default_rng(0).normal(size=400) * np.where(worse(days), 3.0, 1.0)
    answers = {"y": error[:, None].astype(np.float32)}
    first = slices(columns, table, {"y": np.zeros((400, 1), np.float32)}, answers)["y"]["worst"][0]
    assert (first["column"], first["value"].startswith(value)) == ("day", True)
    if value == "2024-":
        assert (first["value"], first["rows"]) == ("2024-10-26 to 2025-02-03", 101)
    else:
        assert first["rows"] == 57
    table = Table({"day": np.full(400, None)}, "rows.csv")
    assert slices(columns, table, {"y": np.zeros((400, 1), np.float32)}, answers)


def test_where_all_rows_are_alike_few_are_told_of() -> None:
    alarms = sum(
        bool(found(rows(seed), np.zeros(600, bool), seed + 1000)["worst"]) for seed in range(60)
    )
    assert alarms <= 8  # 3 are expected; of a right test more than 8 come once in 300


def test_classes_have_their_accuracy_and_rows_of_no_weight_are_left_out() -> None:
    table = rows(2)
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (600, 1)).astype(np.float32)
    sure = np.where(table["floor"] == 3, 0.5 + 0.4 * (random.random(600) - 0.5), 0.95)[:, None]
    answers = {"y": np.where(truth == 1, sure, 1 - sure).astype(np.float32)}
    told = slices(BINARY, table, {"y": truth}, answers)["y"]
    assert told["metric"] == "accuracy"
    assert [(one["column"], one["value"]) for one in told["worst"]] == [("floor", "3")]
    assert told["worst"][0]["rest"] == 1
    weights = (table["floor"] != 3).astype(np.float64)
    assert slices(BINARY, table, {"y": truth}, answers, weights)["y"]["worst"] == []


def test_rows_of_groups_are_not_tested_as_if_each_stood_alone() -> None:
    table, truth = rows(0), {"y": np.zeros((600, 1), np.float32)}
    groups = intervals.Drawing(np.arange(600) // 60)
    found = worse_off(REGRESSION, table, truth, truth, None, groups)
    assert "takes each for itself" in found["reason"]


def test_few_rows_have_no_slices() -> None:
    table = rows(3, 30)
    told = found(table, np.zeros(30, bool))
    assert told["worst"] == []
    assert told["looked_at"] == 0
