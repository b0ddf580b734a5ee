"""Pooling that learns."""

from __future__ import annotations

import keras
import numpy as np

from kbuilder.layers.subsampling import Subsampling

X = np.arange(2 * 3 * 4 * 2, dtype=np.float32).reshape(2, 3, 4, 2)


def test_it_is_the_sum_of_a_window_times_a_coefficient_plus_a_bias() -> None:
    layer = Subsampling(2)
    windows = X[:, :2].reshape(2, 1, 2, 2, 2, 2).sum(axis=(2, 4))
    np.testing.assert_allclose(layer(X), windows / 4)
    layer.set_weights([np.float32([2, 3]), np.float32([5, 7])])
    np.testing.assert_allclose(layer(X), windows * [2, 3] + [5, 7])


def test_same_keeps_the_border() -> None:
    y = np.asarray(Subsampling(2, padding="same")(X))
    assert y.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(y[:, 1, 0], X[:, 2, :2].mean(axis=1))


def test_it_is_saved_whole() -> None:
    layer = Subsampling(3, padding="same")
    again = Subsampling.from_config(layer.get_config())
    assert (again.pool_size, again.padding) == (3, "same")
    assert layer(keras.Input((4, 7, 2))).shape == (None, 2, 3, 2)
    assert [weight.name for weight in layer.trainable_weights] == ["coefficient", "bias"]
