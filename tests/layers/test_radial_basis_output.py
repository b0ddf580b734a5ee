"""A last layer that compares with fixed codes."""

from __future__ import annotations

import numpy as np

from kbuilder.layers.radial_basis_output import RadialBasisOutput

X = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)


def distances(layer: RadialBasisOutput) -> np.ndarray:
    codes = layer.codes.numpy()
    return ((X[:, :, None] - codes) ** 2).sum(axis=1)


def test_a_unit_is_minus_the_squared_distance_to_its_code() -> None:
    layer = RadialBasisOutput(4)
    answers = layer(X)
    assert answers.shape == (3, 4)
    np.testing.assert_allclose(answers, -distances(layer), rtol=1e-5)


def test_one_unit_is_the_difference_of_two_distances() -> None:
    layer = RadialBasisOutput(1)
    answers = layer(X)
    first, second = distances(layer).T
    np.testing.assert_allclose(answers, (first - second)[:, None], atol=1e-4)


def test_the_codes_are_signs_that_the_seed_decides_and_training_keeps() -> None:
    layers = [RadialBasisOutput(4, seed=seed) for seed in (0, 0, 1)]
    codes = [layer(X) is not None and layer.codes.numpy() for layer in layers]
    assert set(codes[0].ravel()) == {-1.0, 1.0}
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[0], codes[2])
    assert len(np.unique(codes[0], axis=1).T) == 4
    assert layers[0].trainable_weights == []
