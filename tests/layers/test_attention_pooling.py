"""One vector from a sequence, by attention."""

from __future__ import annotations

import numpy as np

from kbuilder.layers.attention_pooling import AttentionPooling

SEQUENCE = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
MASK = np.array([[True, True, True, True], [True, True, False, False], [False] * 4])


def test_it_is_the_mean_by_a_softmax_of_scores() -> None:
    layer = AttentionPooling(6)
    pooled = layer(SEQUENCE)
    scores = np.tanh(SEQUENCE @ layer.kernel.numpy() + layer.bias.numpy()) @ layer.query.numpy()
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled, (weights * SEQUENCE).sum(axis=1), rtol=1e-4)


def test_padding_has_no_weight_and_padding_alone_gives_zeros() -> None:
    layer = AttentionPooling(6)
    pooled = np.asarray(layer(SEQUENCE, mask=MASK))
    np.testing.assert_allclose(pooled[0], layer(SEQUENCE)[0], rtol=1e-5)
    np.testing.assert_allclose(pooled[1], layer(SEQUENCE[:, :2])[1], rtol=1e-5)
    assert not pooled[2].any()


def test_it_works_in_half_precision() -> None:
    pooled = np.asarray(AttentionPooling(6, dtype="float16")(SEQUENCE, mask=MASK), np.float32)
    assert np.isfinite(pooled).all()
    assert pooled[:2].any()
    assert not pooled[2].any()


def test_it_passes_no_mask_on_and_knows_its_shape() -> None:
    layer = AttentionPooling(6)
    assert layer.compute_mask(SEQUENCE, MASK) is None
    assert layer.compute_output_shape((None, 5, 7)) == (None, 7)
