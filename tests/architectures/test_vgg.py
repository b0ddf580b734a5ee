"""The VGG networks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from shared import counts, outline

import kbuilder as kb
from kbuilder.contracts import Signal

TOP = 102_764_544 + 16_781_312 + 4_097_000


@pytest.mark.parametrize(
    ("architecture", "total"),
    [
        (kb.VGG11(), 132_863_336), (kb.VGG13(), 133_047_848), (kb.VGG16(), 138_357_544),
        (kb.VGG19(), 143_667_240),
    ],
)  # fmt: skip
def test_the_parameters_are_those_of_the_paper(architecture: Any, total: int) -> None:
    model = outline(architecture, (224, 224, 3))
    assert counts(model.weights) == counts(model.trainable_weights) == total
    dense = [counts(layer.weights) for layer in model.layers if hasattr(layer, "units")]
    assert sum(dense) == TOP
    if total == 138_357_544:
        assert total - TOP == 14_714_688
    if total == 143_667_240:
        assert total - TOP == 20_024_384
    assert model.get_layer("block5_pool").output.shape == (None, 7, 7, 512)


def test_the_dense_layers_drop_half_and_may_be_others() -> None:
    layers = outline(kb.VGG11(), (32, 32, 3)).layers[-6:]
    assert [type(layer).__name__ for layer in layers] == [
        "Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense",
    ]  # fmt: skip
    assert [layer.rate for layer in layers[2:5:2]] == [0.5, 0.5]
    model = outline(kb.VGG11(units=[20], dropout=0), (32, 32, 3), 10)
    assert [type(layer).__name__ for layer in model.layers[-3:]] == ["Flatten", "Dense", "Dense"]
    assert outline(kb.VGG11(units=[]), (32, 32, 3), 10).layers[-2].output.shape == (None, 512)


def test_with_batch_normalisation_convolutions_have_no_bias() -> None:
    model = outline(kb.VGG11(batch_normalization=True), (32, 32, 3))
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.use_bias for layer in convolutions] == [False] * 8
    assert [type(layer).__name__ for layer in model.layers[1:5]] == [
        "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D",
    ]  # fmt: skip


def test_the_small_stem_keeps_the_border_at_each_pooling() -> None:
    model = outline(kb.VGG11(units=[]), (9, 30, 1))
    shapes = [model.get_layer(f"block{block}_pool").output.shape[1:3] for block in range(1, 6)]
    assert shapes == [(5, 15), (3, 8), (2, 4), (1, 2), (1, 1)]


@pytest.mark.parametrize("name", ["VGG16", "VGG19"])
def test_it_answers_as_the_one_of_keras(name: str) -> None:
    random, shape = np.random.default_rng(0), (64, 32, 3)
    reference = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=shape
    )
    inputs = keras.Input(shape)
    features = getattr(kb, name)(stem="paper", units=[]).apply(Signal("image", inputs))
    model = keras.Model(inputs, features)
    for layer in reference.layers:
        if layer.weights:
            layer.bias.assign(random.normal(0, 0.1, layer.bias.shape))
            ours = model.get_layer(layer.name.replace("conv", "") + "_conv")
            ours.set_weights(layer.get_weights())
    x = random.normal(size=(2, *shape)).astype(np.float32)
    expected = np.asarray(reference(x)).reshape(2, -1)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(model(x), expected, atol=1e-4 * np.abs(expected).max(), rtol=0)
