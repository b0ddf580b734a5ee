"""The encoder of the transformer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError, RecipeError

POOLINGS = ["average", "max", "attention", "token"]


def build(time: int | None = None, words: int = 9, **given: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    shape = (time,) if words else (time, 3)
    given = {"units": 8, "heads": 2, "feed_forward": 12, "positions": "sinusoidal", **given}
    return kb.build(kb.Transformer(**given), kb.Binary(), shape, vocabulary_size=words)


def of(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_more_padding_changes_nothing(pooling: str) -> None:
    model = build(pooling=pooling)
    text = np.array([[3, 1, 8, 2], [5, 6, 0, 0], [0, 0, 0, 0]])
    longer = np.pad(text, ((0, 0), (0, 6)))
    np.testing.assert_allclose(model(longer), model(text), rtol=1e-5)
    assert np.isfinite(model(longer)).all()
    assert not np.allclose(model(np.where(longer == 0, 4, longer)), model(text), rtol=1e-5)


def test_learned_positions_are_alike_for_a_longer_text() -> None:
    short, long = build(4, positions="learned"), build(10, positions="learned")
    text = np.array([[3, 1, 8, 2], [5, 6, 0, 0]])
    for ours, theirs in zip(long.weights, short.weights, strict=True):
        value = theirs.numpy()
        ours.assign(np.pad(value, ((0, 6), (0, 0))) if "positions" in ours.path else value)
    np.testing.assert_allclose(long(np.pad(text, ((0, 0), (0, 6)))), short(text), rtol=1e-5)


@pytest.mark.parametrize(
    ("positions", "ordered"), [("learned", True), ("sinusoidal", True), ("none", False)]
)
def test_positions_alone_tell_the_order(positions: str, ordered: bool) -> None:
    model = build(4, positions=positions)
    there, back = np.array([[3, 1, 8, 2]]), np.array([[2, 8, 1, 3]])
    assert np.allclose(model(there), model(back), rtol=1e-5) != ordered


def test_blocks_normalise_their_input_and_heads_share_the_units() -> None:
    model = build(4, blocks=3, dropout=0.25, attention_dropout=0.5, pooling="token")
    attentions = of(model, "MultiHeadAttention")
    assert [(a.num_heads, a.key_dim, a.dropout) for a in attentions] == [(2, 4, 0.5)] * 3
    assert len(of(model, "LayerNormalization")) == 2 * 3 + 1
    assert {layer.rate for layer in of(model, "Dropout")} == {0.25}
    assert [layer.units for layer in of(model, "Dense")] == [12, 8] * 3 + [1]
    assert of(model, "ClassToken")
    assert of(model, "PoolOverTime")[0].kind == "first"


def test_sequences_are_projected_to_the_width_of_the_model() -> None:
    model = build(5, words=0)
    assert not of(model, "Embedding")
    assert of(model, "Dense")[0].kernel.shape == (3, 8)
    assert model.layers[-2].output.shape == (None, 8)


def test_learned_positions_need_a_length() -> None:
    assert message(BuildError, build, positions="learned") == (
        "model.positions: learned positions need inputs of one length, and these may have any. "
        "Write `positions: sinusoidal`."
    )


@pytest.mark.parametrize("name", ["Transformer", "FTTransformer"])
def test_heads_that_do_not_divide_the_units_are_refused(name: str) -> None:
    with pytest.raises(RecipeError) as caught:
        getattr(kb, name)(units=10, heads=4)
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["input"]) == (("heads",), 4)
    assert error["msg"] == "Expected a divisor of the 10 units"
