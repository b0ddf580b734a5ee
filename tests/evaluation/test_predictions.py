"""Outputs as names."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import predicting

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.evaluation import predictions
from kbuilder.evaluation.predictions import judged, plain, to_frame, to_rows
from kbuilder.tables.table import Table

HALF = np.array([[0.25], [0.5]], np.float32)
THREE = np.array([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25]], np.float32)
CASES = [
    (
        kb.Binary(classes=["no", "yes"]), HALF,
        {"label": ["no", "yes"], "probability": [0.75, 0.5],
         "probability of no": [0.75, 0.5], "probability of yes": [0.25, 0.5]},
        {"label": "no", "probability": 0.75, "probabilities": [0.75, 0.25]},
    ),
    (
        kb.Multiclass(classes=[5, 7, 9]), THREE,
        {"label": [7, 5], "probability": [0.75, 0.5], "probability of 5": [0.25, 0.5],
         "probability of 7": [0.75, 0.25], "probability of 9": [0.0, 0.25]},
        {"label": 7, "probability": 0.75, "probabilities": [0.25, 0.75, 0.0]},
    ),
    (
        kb.Multilabel(classes=["ä", "b", "c"]), THREE,
        {"labels": ["b", "ä"], "probability of ä": [0.25, 0.5],
         "probability of b": [0.75, 0.25], "probability of c": [0.0, 0.25]},
        {"labels": ["", "b", ""], "probabilities": [0.25, 0.75, 0.0]},
    ),
    (
        kb.Regression(outputs=1, mean=10, scale=4), HALF, {"value": [11, 12]}, {"value": 11.0},
    ),
    (
        kb.Regression(outputs=3, mean=[0, 1, 2], scale=[4, 4, 4]), THREE,
        {"value 1": [1, 2], "value 2": [4, 2], "value 3": [2, 3]}, {"value": [1.0, 4.0, 2.0]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("task", "outputs", "columns", "row"), CASES)
def test_a_frame_has_a_row_per_prediction_and_a_column_per_class(
    task: Any, outputs: np.ndarray, columns: dict[str, Any], row: Any
) -> None:
    frame = to_frame(predicting(task), {"y": outputs})
    assert {name: frame[name].tolist() for name in frame} == columns


@pytest.mark.parametrize(("task", "outputs", "columns", "row"), CASES)
def test_json_has_a_dictionary_per_prediction(
    task: Any, outputs: np.ndarray, columns: Any, row: dict[str, Any]
) -> None:
    rows = to_rows(predicting(task), {"y": outputs})
    assert len(rows) == 2
    assert json.loads(json.dumps(rows[0])) == row


def test_of_several_targets_each_answer_has_the_name_of_its_own() -> None:
    targets = (
        Target(("a b",), kb.Binary(classes=["no", "yes"])),
        Target(("c",), kb.Regression(outputs=1, mean=10, scale=4)),
    )
    columns, outputs = Columns({}, targets), {"a_b": HALF, "c": HALF}
    assert list(to_frame(columns, outputs)) == [
        "a_b_label", "a_b_probability", "a_b_probability of no", "a_b_probability of yes",
        "c_value",
    ]  # fmt: skip
    assert to_rows(columns, outputs)[0] == {
        "a_b_label": "no", "a_b_probability": 0.75, "a_b_probabilities": [0.75, 0.25],
        "c_value": 11,
    }  # fmt: skip


def held(values: Any, **other: Any) -> Table:
    """Rows that were held back, in another order than in their file."""
    return Table({"y": np.array(values, **other)}, "t", [7, 3])


JUDGED: list[tuple[Any, Table, np.ndarray, dict[str, Any]]] = [
    (kb.Binary(classes=["no", "yes"]), held(["yes", "no"]), HALF, {"truth": ["no", "yes"]}),
    (kb.Multiclass(classes=[5, 7, 9]), held([9, 5]), THREE, {"truth": [5, 9]}),
    (
        kb.Multiclass(classes=[5, 7, 9], loss="sparse_categorical_crossentropy"), held([9, 5]),
        THREE, {"truth": [5, 9]},
    ),
    (
        kb.Multilabel(classes=["ä", "b", "c"]), held(["c|b", None], dtype=object), THREE,
        {"truth": ["", "b|c"]},
    ),
    (kb.Regression(outputs=1, mean=[10], scale=[4]), held([2**24 + 1.5, 3]), HALF,
     {"truth": [3, 2**24 + 1.5]}),
    (
        kb.Regression(outputs=3, mean=[0, 1, 2], scale=[4, 4, 4]), held([[1, 2, 3], [4, 5, 6]]),
        THREE, {"truth 1": [4, 1], "truth 2": [5, 2], "truth 3": [6, 3]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("task", "table", "outputs", "truth"), JUDGED)
def test_what_is_true_stands_beside_the_answers_in_the_order_of_the_file(
    task: Any, table: Table, outputs: np.ndarray, truth: dict[str, Any]
) -> None:
    columns = predicting(task)
    encoded = {"test": {"y": task.encode("y", table["y"])}}
    frame = judged(columns, {"train": table, "test": table}, encoded, {"test": {"y": outputs}})
    assert list(frame)[: 2 + len(truth)] == ["split", "row", *truth]
    assert frame["row"].tolist() == [3, 7]
    assert {name: frame[name].tolist() for name in truth} == truth
    answers = to_frame(columns, {"y": outputs[::-1]})
    pd.testing.assert_frame_equal(plain(frame)[list(answers)], answers)


def test_of_no_rows_there_are_no_answers() -> None:
    frame = judged(predicting(kb.Binary(classes=[0, 1])), {"train": held([0, 1])}, {}, {})
    assert (len(frame), list(frame)) == (0, ["split", "row"])


def test_answers_in_blocks_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = predicting(kb.Multiclass(classes=["a", "b", "c"]))
    outputs = {"y": np.random.default_rng(0).random((10, 3), np.float32)}
    whole = to_frame(columns, outputs)
    monkeypatch.setattr(predictions, "BLOCK", 4)
    pd.testing.assert_frame_equal(to_frame(columns, outputs), whole)
