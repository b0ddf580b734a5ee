"""Layers in words."""

from __future__ import annotations

from typing import Any

import pytest
from keras import layers

from kbuilder.describing.kinds import GROUPS, detail, group, kind
from kbuilder.layers.maxout import Maxout
from kbuilder.layers.pool_over_time import PoolOverTime

CASES: list[tuple[Any, tuple[str, str, str]]] = [
    (
        layers.Conv2D(64, (3, 5), strides=2, dilation_rate=1, groups=4, activation="relu"),
        ("convolution", "Conv2D", "64, 3 × 5, stride 2, groups 4, relu"),
    ),
    (layers.MaxPooling2D(2), ("pooling", "MaxPooling2D", "2 × 2")),
    (layers.MaxPooling2D(3, strides=2), ("pooling", "MaxPooling2D", "3 × 3, stride 2")),
    (layers.Dense(1000), ("dense", "Dense", "1,000")),
    (layers.Bidirectional(layers.GRU(8)), ("recurrent", "Bidirectional(GRU)", "8, tanh")),
    (layers.ConvLSTM1D(8, 3), ("recurrent", "ConvLSTM1D", "8, 3, tanh")),
    (layers.MultiHeadAttention(4, 8), ("attention", "MultiHeadAttention", "4 heads")),
    (layers.Embedding(9, 8), ("embedding", "Embedding", "")),
    (layers.Activation("gelu"), ("activation", "Activation", "gelu")),
    (layers.BatchNormalization(), ("normalisation", "BatchNormalization", "")),
    (layers.Dropout(0.25), ("dropout", "Dropout", "0.25")),
    (layers.Concatenate(), ("join", "Concatenate", "")),
    (layers.Average(), ("join", "Average", "")),
    (layers.Flatten(), ("other", "Flatten", "")),
    (Maxout(3), ("dense", "Maxout", "3")),
    (PoolOverTime("max"), ("pooling", "PoolOverTime", "")),
]


@pytest.mark.parametrize(("layer", "said"), CASES, ids=lambda case: str(case)[:30])
def test_a_layer_is_told_by_its_class_and_its_most_telling_arguments(
    layer: Any, said: tuple[str, str, str]
) -> None:
    assert (group(layer), kind(layer), detail(layer)) == said
    assert group(layer) in GROUPS
