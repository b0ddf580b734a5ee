"""A shortcut without weights."""

from __future__ import annotations

import keras
import numpy as np

from kbuilder.layers.identity_shortcut import IdentityShortcut


def test_it_leaves_out_pixels_and_adds_channels_of_zeros() -> None:
    x = np.arange(2 * 3 * 5 * 2, dtype=np.float32).reshape(2, 3, 5, 2)
    y = np.asarray(IdentityShortcut(5, strides=2)(x))
    np.testing.assert_array_equal(y[..., :2], x[:, ::2, ::2])
    np.testing.assert_array_equal(y[..., 2:], np.zeros((2, 2, 3, 3)))


def test_it_knows_its_shape() -> None:
    layer = IdentityShortcut(5, strides=2)
    assert layer(keras.Input((3, 5, 2))).shape == (None, 2, 3, 5)
    assert layer.compute_output_shape((None, None, 5, 2)) == (None, None, 3, 5)
