"""What rnn, lstm and gru share; they differ in their cell alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb

CELLS = {"RNN": "SimpleRNN", "LSTM": "LSTM", "GRU": "GRU"}
POOLINGS = ["last", "average", "max", "attention"]
cells = pytest.mark.parametrize("cell", CELLS)
poolings = pytest.mark.parametrize("pooling", POOLINGS)


def build(cell: str, time: int | None = None, words: int = 9, **given: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    shape = (time,) if words else (time, 3)
    architecture = getattr(kb, cell)(**{"units": 4, "embedding": 5, **given})
    return kb.build(architecture, kb.Multiclass(classes=3), shape, vocabulary_size=words)


def kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in steps(model)[1:-1]]


def steps(model: Any) -> list[Any]:
    """The layers but for the one of the mask."""
    return [layer for layer in model.layers if type(layer).__name__ != "NotPadding"]


@cells
@poolings
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.slow
def test_more_padding_changes_nothing(cell: str, pooling: str, bidirectional: bool) -> None:
    model = build(cell, pooling=pooling, bidirectional=bidirectional, units=[4, 4])
    text = np.array([[3, 1, 8, 2], [5, 5, 0, 0], [7, 0, 0, 0]])
    longer = np.pad(text, ((0, 0), (0, 6)))
    np.testing.assert_allclose(model(longer), model(text), atol=1e-6)
    # A word in place of the padding does change the answer: padding is read as nothing.
    assert not np.allclose(model(np.where(longer == 0, 4, longer)), model(text), atol=1e-6)


@cells
@poolings
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_text_of_nothing_has_a_finite_answer(
    cell: str, pooling: str, bidirectional: bool
) -> None:
    import tensorflow as tf

    model = build(cell, time=6, pooling=pooling, bidirectional=bidirectional)
    with tf.GradientTape() as tape:
        outputs = model(np.zeros((2, 6), np.int64), training=True)
        loss = model.loss(np.eye(3)[:2], outputs)
    assert np.isfinite(outputs).all()
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    there = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
    assert len(there) >= 3
    assert all(np.isfinite(gradient).all() for gradient in there)


@cells
def test_layers_are_stacked_with_dropout_after_each(cell: str) -> None:
    model = build(cell, units=[4, 6], dropout=0.5, input_dropout=0.25, recurrent_dropout=0.125)
    assert kinds(model) == ["Embedding", "Dropout", CELLS[cell], "Dropout", CELLS[cell], "Dropout"]
    first, last = steps(model)[3], steps(model)[5]
    assert (first.units, first.return_sequences) == (4, True)
    assert (last.units, last.return_sequences) == (6, False)
    assert first.recurrent_dropout == last.recurrent_dropout == 0.125
    assert [steps(model)[place].rate for place in (2, 4, 6)] == [0.25, 0.5, 0.5]


@cells
def test_both_directions_double_the_units(cell: str) -> None:
    model = build(cell, bidirectional=True, pooling="max")
    assert kinds(model) == ["Embedding", "Bidirectional", "PoolOverTime"]
    assert model.layers[-2].output.shape == (None, 8)


@cells
def test_sequences_have_no_embedding(cell: str) -> None:
    assert kinds(build(cell, time=5, words=0)) == [CELLS[cell]]


@cells
def test_what_one_layer_gives_the_next_is_normalised_on_request(cell: str) -> None:
    model = build(cell, units=[4, 6, 5], normalization="layer", pooling="attention", dropout=0.5)
    between = [CELLS[cell], "LayerNormalization", "Dropout"]
    last = [CELLS[cell], "AttentionPooling", "Dropout"]
    assert kinds(model) == ["Embedding", *between, *between, *last]
