"""Targets of several axes are refused before the fit, whichever way they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError

ROWS = 40
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=ROWS)
Y = RANDOM.normal(size=(ROWS, 2, 3))
AXES = (
    "data.target: the target 'y' has 2 axes in each row: [2, 3]. Expected a number, or a list of "
    "numbers: flatten it to 6 by `reshape(-1, 6)`, and give what is predicted its shape again by "
    "`reshape(-1, 2, 3)`."
)
WRITE = (
    "Expected a number: write a column for each of them, all named as the target, or an array "
    "(rows, n) in a .npz file."
)


def arrays(y: np.ndarray) -> Any:
    np.savez("a.npz", x=X, y=y)
    return kb.Arrays(path="a.npz", columns={"x": "x", "y": "y"}, target="y")


def lists(depth: int) -> pd.DataFrame:
    return pd.DataFrame({"x": X, "y": [(row if depth > 1 else row[0]).tolist() for row in Y]})


def records() -> Any:
    kind = [("x", "f8"), ("y", "f8", (2, 3))]
    np.save("a.npy", np.array([*zip(X, Y, strict=True)], dtype=kind))
    return kb.Arrays(path="a.npy", columns={"x": "x", "y": "y"}, target="y")


def parquet() -> Any:
    lists(2).to_parquet("a.parquet")
    return kb.CSV(path="a.parquet", target="y")


def cells(depth: int) -> Any:
    frame = lists(depth)
    frame["y"] = frame["y"].astype(str)
    frame.to_csv("a.csv", index=False)
    return kb.CSV(path="a.csv", target="y")


def frame(given: pd.DataFrame) -> Any:
    return kb.Frame(frame=given, target="y")


WAYS = {
    "npz": (lambda: arrays(Y), AXES),
    "gaps": (lambda: arrays(np.where(Y > 2, np.nan, Y)), AXES),
    "flags": (lambda: arrays(Y > 0), AXES),
    "npy": (records, AXES),
    "arrays in a frame": (lambda: frame(pd.DataFrame({"x": X, "y": [*Y]})), AXES),
    "lists in a frame": (
        lambda: frame(lists(2)), "data.target: the target 'y' holds lists in lists, such as [["
    ),
    "lists in parquet": (parquet, "data.target: the target 'y' holds lists in lists, such as [["),
    "list in a frame": (
        lambda: frame(lists(1)), "data.target: the target 'y' holds lists of numbers, such as ["
    ),
    "cells": (
        lambda: cells(1), "data.target: the target 'y' holds cells of 3 numbers, such as ["
    ),
    "nested cells": (
        lambda: cells(2), "data.target: the target 'y' holds cells of 6 numbers, such as ["
    ),
}  # fmt: skip


@pytest.mark.parametrize("task", [None, "regression"])
@pytest.mark.parametrize("way", WAYS)
def test_a_target_of_several_axes_is_refused_with_what_to_do(way: str, task: Any) -> None:
    make, opening = WAYS[way]
    said = message(DataError, dataset.look, kb.Recipe(data=make(), task=task))
    assert said.startswith(opening)
    assert said == AXES or said.endswith(WRITE)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_no_task_takes_it(task: Any) -> None:
    given = kb.Recipe(data=arrays(Y > 0), task=task)
    assert message(DataError, dataset.look, given) == AXES


def test_lists_of_names_and_flat_arrays_are_targets() -> None:
    sets = pd.DataFrame({"x": X, "y": [["a", "b"][: n % 3] for n in range(ROWS)]})
    numbers = pd.DataFrame({"x": X, "y": [[1, 2][: n % 3] for n in range(ROWS)]})
    for given in (frame(sets), frame(numbers), arrays(Y.reshape(ROWS, -1))):
        assert len(dataset.look(kb.Recipe(data=given)).targets) == 1
    assert Path("a.npz").exists()
