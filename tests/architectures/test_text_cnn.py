"""Convolutions of several lengths side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

import kbuilder as kb


def build(time: int | None = None, words: int = 9, **given: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    shape = (time,) if words else (time, 3)
    return kb.build(kb.TextCNN(**given), kb.Binary(), shape, vocabulary_size=words)


def test_each_length_has_its_convolution_and_its_maximum() -> None:
    model = build(12)
    kernels = [layer.kernel.shape for layer in model.layers if type(layer).__name__ == "Conv1D"]
    assert kernels == [(3, 128, 100), (4, 128, 100), (5, 128, 100)]
    *_, concatenated, dropout, head = model.layers
    assert type(concatenated).__name__ == "Concatenate"
    assert (dropout.rate, dropout.output.shape, head.units) == (0.5, (None, 300), 1)
    assert model.count_params() == 9 * 128 + (3 + 4 + 5) * 128 * 100 + 300 + 301


def test_one_length_needs_no_concatenation() -> None:
    model = build(5, words=0, kernel_size=2, filters=4, dropout=0)
    assert [type(layer).__name__ for layer in model.layers[1:-1]] == ["Conv1D", "PoolOverTime"]


def test_a_text_may_be_shorter_than_every_kernel() -> None:
    assert np.isfinite(build(2)(np.array([[3, 4], [1, 0], [0, 0]]))).all()


def test_what_is_found_in_padding_does_not_count() -> None:
    model = build(filters=8, kernel_size=[3])
    text = np.array([[3, 1, 8, 2, 0, 0]])
    np.testing.assert_allclose(model(np.pad(text, ((0, 0), (0, 9)))), model(text), rtol=1e-6)
