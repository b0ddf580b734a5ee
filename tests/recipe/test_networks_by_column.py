"""What the keys of `model` mean."""

from __future__ import annotations

from typing import Any

import pytest

import kbuilder as kb
from kbuilder.named import Unnamed
from kbuilder.recipe import reading
from kbuilder.recipe.branches import key_of, shares, together
from kbuilder.recipe.writing import to_yaml

DATA = "data: {source: csv, path: a.csv, target: y}\n"


def model(text: str) -> Any:
    return reading.parse(f"{DATA}model: {text}").model


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("{title: lstm, synopsis: text_cnn}", {"title": kb.LSTM(), "synopsis": kb.TextCNN()}),
        ("{title: {name: lstm, units: 3}}", {"title": kb.LSTM(units=3)}),
        ("{text: lstm, front: cnn}", {"text": kb.LSTM(), "front": kb.CNN()}),
        ("{units: lstm}", {"units": kb.LSTM()}),
        ("{name: {name: lstm}}", {"name": kb.LSTM()}),
        ("{share: lstm}", {"share": kb.LSTM()}),
        ("{text: lstm, share: true}", {"text": kb.LSTM(), "share": True}),
        ("{text: lstm, share: false}", {"text": kb.LSTM()}),
    ],
)
def test_a_mapping_of_networks_has_one_for_each_form_or_column(text: str, known: Any) -> None:
    recipe = reading.parse(f"{DATA}model: {text}")
    assert recipe.model == known
    assert reading.parse(to_yaml(recipe)).model == known
    assert kb.Recipe(data=recipe.data, model=known).model == known


def test_fields_of_a_network_that_is_inferred_are_no_networks() -> None:
    for text in ("{units: [3]}", "{activation: {leaky_relu: 0.1}}", "{pooling: max}"):
        assert isinstance(model(text), Unnamed)
    fields = model("{title: {units: 3}}")
    assert fields == {"title": Unnamed("architectures", {"units": 3})}


def test_a_form_of_the_features_comes_before_a_column_that_is_called_so() -> None:
    assert key_of("text", "text", {"text"}, {"text"}) == "text"
    assert key_of("image", "text", {"image"}, {"text", "vector"}) == "image"
    assert key_of("image", "text", {"image", "text"}, {"text", "image"}) == "text"
    assert key_of("title", "text", {"text"}, {"text"}) == "text"


def test_columns_of_a_form_that_have_no_network_of_their_own_share_one() -> None:
    forms: Any = {"a": "text", "n": "vector", "b": "text", "c": "text", "m": "vector", "i": "image"}
    assert together({"text": kb.GRU(), "share": True}, forms) == [("a", "b", "c")]
    assert together({"b": kb.GRU(), "share": True}, forms) == [("a", "c")]
    assert together({"text": kb.GRU()}, forms) == together(kb.GRU(), forms) == []
    assert not shares({"share": kb.GRU()})
