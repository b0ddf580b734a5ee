"""The multilayer perceptron."""

from __future__ import annotations

import kbuilder as kb


def kinds(model: object) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]  # type: ignore[attr-defined]


def test_layers_are_dense_then_activation() -> None:
    model = kb.build(kb.MLP(units=[8, 4], activation="tanh"), kb.Binary(), (5,))
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
