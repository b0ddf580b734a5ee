"""Labels that are probably wrong are found where they are planted, and few where none are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from shared import predicting
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

import kbuilder as kb
from kbuilder.evaluation.label_errors import label_errors
from kbuilder.reporting import failing
from kbuilder.reporting.answers import answers_of
from kbuilder.reporting.words import Words


def held_out(apart: float, flipped: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of rows that were held out, their labels, and those that were changed."""
    random = np.random.default_rng(0)
    true = random.integers(0, 3, 900)
    rows = random.normal(size=(900, 3)) + apart * np.eye(3)[true]
    wrong = random.choice(900, flipped, replace=False)
    given = true.copy()
    given[wrong] = (true[wrong] + 1 + random.integers(0, 2, flipped)) % 3
    model = LogisticRegression()
    likely = cross_val_predict(model, rows, given, cv=5, method="predict_proba")
    return likely, given, wrong


def test_most_that_are_planted_are_found() -> None:
    likely, given, wrong = held_out(5.0, 45)
    found = label_errors(likely, given)
    assert len(set(found) & set(wrong)) >= 32  # the others are less sure than most of their class
    assert len(set(found) - set(wrong)) <= 2
    sure = likely[found, given[found]] - likely[found].max(axis=1)
    assert (np.diff(sure) >= -1e-9).all()


def test_where_none_are_planted_few_are_suspected() -> None:
    likely, given, _ = held_out(5.0, 0)
    assert len(label_errors(likely, given)) <= 3
    likely, given, _ = held_out(0.0, 0)  # nobody knows any of these
    assert len(label_errors(likely, given)) == 0


def test_a_class_of_few_rows_is_not_suspected() -> None:
    likely = np.array([[0.9, 0.1]] * 10 + [[0.05, 0.95]] * 2)
    assert len(label_errors(likely, np.array([0] * 11 + [1]))) == 0
    more = np.concatenate([likely, [[0.1, 0.9]] * 6])
    found = label_errors(more, np.array([0] * 11 + [1] * 7))
    assert found.tolist() == [10]


def test_the_report_names_them() -> None:
    frame = pd.DataFrame({"split": "test", "row": range(1, 21)})
    likely = np.array([0.9] * 10 + [0.1] * 10)
    frame["truth"] = ["a"] * 9 + ["b"] * 11  # the tenth is answered otherwise
    frame["label"] = ["a"] * 10 + ["b"] * 10
    frame["probability"] = 0.9
    frame["probability of a"], frame["probability of b"] = likely, 1 - likely
    [answers] = answers_of(predicting(kb.Binary(classes=["a", "b"])), frame)
    [section] = failing.section(answers, "test", Words(), False)
    caption = "Labels that are probably wrong: 1 of 20 rows, the surest first"
    [table] = [one for one in section.tables if one.caption == caption]
    assert [row[:3] for row in table.rows] == [["10", "b", "a"]]
