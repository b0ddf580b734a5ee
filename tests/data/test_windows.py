"""Windows of one series that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import evaluated

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.evaluation import evaluating
from kbuilder.evaluation.continuing import last_values

RANDOM = np.random.default_rng(0)
WALK = 100 + np.cumsum(RANDOM.normal(size=640))
SAID = (
    "share steps of 'x' with rows of training: they are windows that overlap, so that its figures "
    "are better than they should be. "
)


def windows(stride: int = 1, steps: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Windows of the walk, and the day after each."""
    found = np.lib.stride_tricks.sliding_window_view(WALK, steps)[:-1]
    return found[::stride], WALK[steps::1][::stride]


def recipe(x: np.ndarray, y: np.ndarray, **fields: Any) -> kb.Recipe:
    np.savez("rows.npz", x=x, y=y)
    columns = {"x": "x", "y": "y"}
    return kb.Recipe(data=kb.Arrays(path="rows.npz", columns=columns, target="y", **fields))


def found(*given: Any, **fields: Any) -> list[tuple[str, str]]:
    findings = dataset.look(recipe(*given, **fields)).findings
    return [(one.message, one.line) for one in findings if one.check == "overlap"]


@pytest.mark.parametrize(("stride", "gap"), [(1, 19), (4, 4), (8, 2)])
@pytest.mark.parametrize("axes", [2, 3])
def test_windows_that_overlap_are_told_the_split_to_write(stride: int, gap: int, axes: int) -> None:
    x, y = windows(stride)
    x = x if axes == 2 else np.stack([x, np.zeros(x.shape)], axis=2)
    [(message, line)] = found(x, y)
    assert line == f"data: {{split: {{by: time, gap: {gap}}}}}"
    count, _, rows, said = message.split(" ", 3)
    assert said == (
        f"rows of validation {SAID}Divide them in their order, with a gap: `{line}`, and more by "
        "as many steps as the target lies ahead"
    )
    assert int(count) >= 0.9 * int(rows) > 0
    assert found(x, y, split=kb.Time(gap=gap)) == []


def test_a_cut_without_a_gap_is_told_of_the_windows_at_it() -> None:
    [(message, line)] = found(*windows(), split=kb.Time(test=0.2))
    assert line == "data: {split: {by: time, test: 0.2, gap: 19}}"
    assert message.startswith("17 of ")


def test_windows_in_no_order_are_told_that_they_need_a_column() -> None:
    x, y = windows()
    order = RANDOM.permutation(len(x))
    [(message, line)] = found(x[order], y[order])
    assert line == ""
    assert message.endswith("Divide them by a column of their time, which rows in any order need")


@pytest.mark.parametrize(
    "x",
    [
        RANDOM.normal(size=(300, 20)),
        RANDOM.integers(0, 2, (300, 20)),
        np.zeros((300, 20)),
        np.pad(RANDOM.normal(size=(300, 10)), ((0, 0), (10, 0))),
        windows()[0][::20],
    ],
)
def test_other_rows_share_no_steps(x: np.ndarray) -> None:
    assert found(x, RANDOM.normal(size=len(x))) == []


def test_a_target_that_goes_on_from_a_sequence_is_judged_against_its_last_value() -> None:
    x, y = windows()
    steps = np.stack([RANDOM.normal(size=x.shape), x], axis=2)
    for values, target in ((x, y), (steps, y), (steps, np.stack([y, y + 0.1], axis=1))):
        data = kb.prepare(recipe(values, target, split=kb.Time(gap=20)))
        tables = dict(data.parts)
        encoded = {name: targets for name, (_, targets) in data.rows.items()}
        name, last = last_values(data.columns, tables, encoded)
        assert name == "last value of x"
        if target.ndim == 1:
            test = tables["test"]
            error = np.abs(test["x"].reshape(len(test), 20, -1)[:, -1, -1] - test["y"]).mean()
            scores = evaluating.score(data.columns, encoded["test"], last["test"])
            assert scores["mae"] == pytest.approx(error, rel=1e-3)
    answered = {name: dict(last[name]) for name in ("validation", "test")}
    for off, better in ((0.0, False), (0.5, False)):
        given = {n: {k: v + off for k, v in o.items()} for n, o in answered.items()}
        result = evaluated(data.columns, data.rows, given, tables=tables)
        assert list(result["baselines"]) == ["mean", "last value of x"]
        assert result["better_than_baseline"] is better
    exact = {name: encoded[name] for name in answered}
    result = evaluated(data.columns, data.rows, exact, tables=tables)
    assert result["better_than_baseline"] is True


def test_a_target_of_another_size_has_the_mean_alone() -> None:
    x, y = windows()
    data = kb.prepare(recipe(x, RANDOM.normal(size=len(y)), checks={"overlap": "ignore"}))
    encoded = {name: targets for name, (_, targets) in data.rows.items()}
    assert last_values(data.columns, dict(data.parts), encoded) == ("", {})
