"""Outputs as names."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from shared import predicting

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.evaluation.predictions import to_frame, to_rows

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
