"""What classes count in the loss: names that are checked."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError, RecipeError
from kbuilder.recipe import balance, reading

DATA = "data: {path: rows.csv, target: y}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training: {balance: {yes: -5}}",
         "recipe:2:27: training.balance.yes: Expected a number greater than 0. Got -5."),
        ("training: {balance: {}}",
         "recipe:2:21: training.balance: Expected none, auto or at least 1 of them. Got {}."),
        ("task: {name: binary, classes: [no, yes]}\ntraining: {balance: {yse: 2}}",
         "recipe:3:22: training.balance.yse: Expected one of: no, yes. Got 'yse'."),
        ("task: {y: {name: multiclass, classes: 3}}\ntraining: {balance: {2: 2, 3: 2}}",
         "recipe:3:28: training.balance.3: Expected one of: 0, 1, 2. Got '3'."),
        ("task: regression\ntraining: {balance: {yes: 2}}",
         "recipe:3:21: training.balance: regression has no single class per row to balance. "
         "Expected none with task regression. Got {'yes': 2.0}."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_line(text: str, expected: str) -> None:
    assert message(RecipeError, reading.parse, DATA + text).startswith(expected)


def test_a_name_that_is_no_class_of_the_rows_is_refused_by_line() -> None:
    frame = pd.DataFrame({"x": [n * n % 7 for n in range(60)], "y": ["yes", "no", "no"] * 20})
    recipe = reading.parse(DATA + "training: {balance: {Yes: 5}}")
    frame.to_csv("rows.csv", index=False)
    assert message(DataError, dataset.look, recipe).startswith(
        "recipe:2:27: training.balance.Yes: 'Yes' is no class of the target. "
        "Expected one of: no, yes."
    )
    prepared = dataset.prepare(dataset.look(reading.parse(DATA)))
    assert "'Yes' is no class" in message(
        DataError, prepared.of, prepared.given.model_copy(update={"training": recipe.training})
    )


def test_classes_are_spelled_as_they_are_in_any_form_of_a_truth_value() -> None:
    own = reading.parse(DATA + "training: {balance: {true: 5, 1: 2}}").training.balance
    assert own == {"true": 5, "1": 2}
    assert kb.Training(balance={True: 5}).balance == {"True": 5}  # type: ignore[dict-item]
    assert isinstance(own, dict)
    assert balance.factors(own, ("False", "True")) == [1, 5]
    assert balance.factors(own, (0, 1)) == [1, 2]
    assert balance.factors({"true": 3, "True": 2}, ("False", "True")) == [1, 2]


def test_of_several_targets_one_has_the_class() -> None:
    tasks: list[Any] = [kb.Binary(classes=("no", "yes")), kb.Regression(), kb.Multiclass(classes=2)]
    assert balance.unknown({"yes": 2.0, "1": 3.0, "2": 4.0}, tasks) == (
        ["2"], ["no", "yes", "0", "1"],
    )  # fmt: skip
    assert balance.unknown({"2": 4.0}, [*tasks, kb.Binary()]) == ([], [])
