"""The transformer for tables."""

from __future__ import annotations

from typing import Any

import keras
import pytest

import kbuilder as kb
from kbuilder.contracts import Signal


def body(widths: dict[str, int], **given: Any) -> Any:
    tensor = keras.Input((6,))
    given = {"units": 8, "heads": 2, "feed_forward": 12, **given}
    network = kb.FTTransformer(**given).apply(Signal("vector", tensor, widths=widths))
    return keras.Model(tensor, network)


def of(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize(
    ("widths", "tokens"), [({"a": 1, "b": 4, "c": 1}, [1, 4, 1]), ({}, [1] * 6)]
)
def test_each_column_is_a_token_or_each_number_where_nobody_knows(
    widths: dict[str, int], tokens: list[int]
) -> None:
    model = body(widths)
    assert of(model, "FeatureTokenizer")[0].widths == tokens
    assert of(model, "ClassToken")[0].output.shape == (None, 1 + len(tokens), 8)
    assert model.output_shape == (None, 8)


@pytest.mark.parametrize(("activation", "dense"), [("reglu", 3), ("gelu", 2)])
def test_the_first_attention_alone_takes_its_input_as_it_is(activation: str, dense: int) -> None:
    model = body({}, blocks=3, activation=activation, attention_dropout=0.5, dropout=0.25)
    # Two a block, without the first, and one at the end.
    assert len(of(model, "LayerNormalization")) == 2 * 3 - 1 + 1
    assert len(of(model, "Dense")) == dense * 3
    assert [layer.dropout for layer in of(model, "MultiHeadAttention")] == [0.5] * 3
    assert {layer.rate for layer in of(model, "Dropout")} == {0.25}
    assert type(model.layers[-1]).__name__ == "Activation"
