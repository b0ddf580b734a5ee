"""A convolution in which each filter sees some of the maps."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kbuilder.layers.table_conv2d import TableConv2D

X = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype(np.float32)
TABLE = [[0], [2, 1], [0, 1, 2]]


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_it_is_a_convolution_with_zeros_where_there_is_no_connection(padding: str) -> None:
    layer = TableConv2D(TABLE, (3, 2), padding)
    y = layer(X)
    kernel = np.zeros((3, 2, 3, 3), np.float32)
    link = 0
    for place, maps in enumerate(TABLE):
        for seen in maps:
            kernel[:, :, seen, place] = layer.kernel.numpy()[:, :, link]
            link += 1
    bias = np.float32([1, 2, 3])
    layer.bias.assign(bias)
    assert layer.compute_output_shape(X.shape) == y.shape
    assert layer.multiply_adds(X.shape[1:]) == y.shape[1] * y.shape[2] * 3 * 2 * link
    full = keras.layers.Conv2D(3, (3, 2), padding=padding)
    full(X)
    full.set_weights([kernel, bias])
    np.testing.assert_allclose(y + bias, full(X), atol=1e-5)
    np.testing.assert_allclose(layer(X), full(X), atol=1e-5)


def test_only_connections_have_weights_and_their_start_fits_their_number() -> None:
    keras.utils.set_random_seed(0)
    layer = TableConv2D([[0], [0, 1, 2, 3]] * 100)
    layer(np.zeros((1, 5, 5, 4), np.float32))
    assert layer.kernel.shape == (5, 5, 500)
    kernel = layer.kernel.numpy().reshape(25, 100, 5)
    assert kernel[:, :, 0].std() == pytest.approx(1 / 5, rel=0.05)
    assert kernel[:, :, 1:].std() == pytest.approx(1 / 10, rel=0.05)


def test_it_is_saved_whole() -> None:
    layer = TableConv2D(TABLE, (3, 2), "same")
    again = TableConv2D.from_config(layer.get_config())
    assert (again.table, again.kernel_size, again.padding) == (TABLE, (3, 2), "same")
    assert layer(keras.Input((6, 7, 3))).shape == (None, 6, 7, 3)
