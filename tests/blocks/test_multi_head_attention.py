"""Attention of a sequence to itself."""

from __future__ import annotations

import numpy as np

import kbuilder as kb
from kbuilder.contracts import Signal


def test_masked_padding_changes_no_word() -> None:
    import keras

    words = keras.Input((None,), dtype="int64")
    layers = [
        {"embedding": {"output_dim": 4, "mask_zero": True}},
        {"multi_head_attention": {"num_heads": 2, "key_dim": 3}},
        "global_average_pooling1d",
    ]
    outputs = kb.Sequential(layers=layers).apply(Signal("text", words, 9))
    model = keras.Model(words, outputs)
    short, padded = model(np.array([[3, 5, 2]])), model(np.array([[3, 5, 2, 0, 0]]))
    np.testing.assert_allclose(short, padded, rtol=1e-5)
