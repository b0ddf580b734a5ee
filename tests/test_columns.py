"""What a fitted model knows of its raw columns."""

from __future__ import annotations

from typing import Any

import pytest

import kbuilder as kb
from kbuilder.columns import Columns, Target

TEXT = kb.Text(vocabulary=["a"], length=3)
NUMBER = kb.Number(mean=0.1 + 0.2, scale=1 / 3, indicator=True)
ARRAY = kb.Array(mean=0, scale=1, shape=(2,))


def columns(task: Any = None, **features: Any) -> Columns:
    return Columns(features, (Target(("y",), task or kb.Regression(outputs=1, mean=2, scale=3)),))


@pytest.mark.parametrize(
    "task",
    [
        kb.Binary(classes=["no\n", "\u2028yes\u0085"]),
        kb.Multiclass(classes=[3, -1]),
        kb.Multilabel(classes=["ü", "|"], separator=" "),
        kb.Regression(outputs=2, mean=[1e-30, 2], scale=[0.1, 1e30]),
    ],
)
def test_all_that_was_learned_survives_json(task: Any) -> None:
    given = columns(task, **{"\u2028": NUMBER, "": TEXT, "größe": ARRAY})
    again = Columns.from_json(given.to_json())
    assert again == given
    assert list(again.features) == list(given.features)


def test_finished_vectors_share_an_input_and_all_others_have_their_own() -> None:
    wide = kb.Category(vocabulary=["a"], embedding=3)
    given = columns(a=NUMBER, b=ARRAY, c=TEXT, d=wide)
    expected = {"a": "vector", "b": "vector", "c": "c_input", "d": "d_input"}
    assert given.keys() == expected


def test_names_that_become_alike_are_numbered() -> None:
    given = columns(**{"a b": TEXT, "a_b": TEXT, "A/B": TEXT, "ü": TEXT, "": TEXT})
    assert list(given.keys().values()) == [
        "a_b_input", "a_b_1_input", "a_b_2_input", "input", "1_input",
    ]  # fmt: skip
