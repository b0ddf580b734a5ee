"""The data sets that scikit-learn carries."""

from __future__ import annotations

from pathlib import Path

import pytest

import kbuilder as kb
from kbuilder.sources.sklearn import GOALS

SHAPES = {
    "breast_cancer": (569, 31), "diabetes": (442, 11), "digits": (1797, 2), "iris": (150, 5),
    "wine": (178, 14),
}  # fmt: skip


@pytest.mark.parametrize("name", GOALS)
def test_a_data_set_comes_with_names_and_its_goal_as_target(name: str) -> None:
    source = kb.Sklearn(name=name)
    train, test = source.load()
    assert (len(train), len(train.columns)) == SHAPES[name]
    assert source.target == (GOALS[name],)
    assert GOALS[name] in train.columns
    assert test is None


def test_classes_are_words_and_digits_are_images() -> None:
    assert set(kb.Sklearn(name="iris").load()[0]["species"]) == {
        "setosa",
        "versicolor",
        "virginica",
    }
    digits = kb.Sklearn(name="digits").load()[0]
    assert (digits["image"].shape[1:], digits["image"].dtype) == ((8, 8), "uint8")
    assert sorted(kb.Sklearn(name="iris").load()[0].columns) == [
        "petal_length", "petal_width", "sepal_length", "sepal_width", "species",
    ]  # fmt: skip


def test_another_target_may_be_named() -> None:
    assert kb.Sklearn(name="iris", target="petal_width").target == ("petal_width",)


def test_rows_to_predict_come_from_a_csv_file() -> None:
    Path("rows.csv").write_text("petal_width\n1.5\n")
    assert kb.Sklearn(name="iris").read(Path("rows.csv"))["petal_width"].tolist() == [1.5]
    [part] = kb.Sklearn(name="iris").parts(Path("rows.csv"), (), ["petal_width"], 2, 0)
    assert part.table["petal_width"].tolist() == [1.5]
