"""The multilayer perceptron."""

from __future__ import annotations

from typing import Any

import pytest

import kbuilder as kb


def kinds(model: object) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]  # type: ignore[attr-defined]


def test_layers_are_dense_then_activation() -> None:
    model = kb.build(kb.MLP(units=[8, 4], activation="tanh", dropout=0), kb.Binary(), (5,))
    assert kinds(model) == ["InputLayer", "Dense", "Activation", "Dense", "Activation", "Dense"]
    assert model.layers[2].activation.__name__ == "tanh"
    assert model.count_params() == (5 * 8 + 8) + (8 * 4 + 4) + (4 + 1)


def test_normalisation_stands_before_the_activation_and_dropout_after_it() -> None:
    model = kb.build(kb.MLP(units=8, normalization="batch", dropout=0.25), kb.Binary(), (5,))
    expected = ["InputLayer", "Dense", "BatchNormalization", "Activation", "Dropout", "Dense"]
    assert kinds(model) == expected
    assert model.layers[1].use_bias is False
    assert model.layers[4].rate == 0.25


def test_images_are_flattened() -> None:
    model = kb.build(kb.MLP(units=8), kb.Binary(), (4, 3, 2))
    assert kinds(model)[1] == "Flatten"
    assert model.layers[2].kernel.shape == (24, 8)


def test_a_residual_layer_adds_its_input_through_a_linear_layer_where_widths_differ() -> None:
    model = kb.build(kb.MLP(units=[8, 8], residual=True, dropout=0.5), kb.Binary(), (5,))
    assert kinds(model).count("Add") == 2
    biases = [layer.use_bias for layer in model.layers if type(layer).__name__ == "Dense"]
    assert sorted(biases) == [False, True, True, True]  # the shortcut of the first layer has none
    assert model.count_params() == (5 * 8 + 8) + 5 * 8 + (8 * 8 + 8) + (8 + 1)


def test_activation_initializer_and_penalty_are_given_to_every_layer() -> None:
    given = kb.MLP(
        units=[8, 4], activation={"maxout": 3}, dropout=0, kernel_initializer="he_normal", l2=0.01
    )
    model = kb.build(given, kb.Binary(), (5,))
    assert kinds(model) == ["InputLayer", "Maxout", "Maxout", "Dense"]
    for layer in model.layers[1:3]:
        assert type(layer.kernel_initializer).__name__ == "HeNormal"
        assert float(layer.kernel_regularizer.l2) == pytest.approx(0.01)
    assert len(model.losses) == 2
    leaky = kb.build(kb.MLP(units=8, activation={"leaky_relu": 0.1}), kb.Binary(), (5,))
    assert leaky.layers[2].negative_slope == 0.1


@pytest.mark.parametrize(
    ("normalization", "layer"),
    [("batch", "BatchNormalization"), ("layer", "LayerNormalization"),
     ("group", "GroupNormalization")],
)  # fmt: skip
def test_each_normalisation_has_its_layer(normalization: Any, layer: str) -> None:
    model = kb.build(kb.MLP(units=8, normalization=normalization), kb.Binary(), (5,))
    assert kinds(model)[2] == layer
