"""Channels that damp their neighbours."""

from __future__ import annotations

import numpy as np

from kbuilder.layers.local_response_normalization import LocalResponseNormalization


def test_it_is_the_formula_of_the_paper() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 9)).astype(np.float32) * 30
    expected = np.empty_like(x)
    for channel in range(9):
        near = x[..., max(0, channel - 2) : channel + 3]  # n = 5
        expected[..., channel] = x[..., channel] / (2 + 1e-4 * (near**2).sum(axis=-1)) ** 0.75
    np.testing.assert_allclose(LocalResponseNormalization()(x), expected, rtol=1e-5)


def test_its_numbers_may_be_others() -> None:
    x = np.full((1, 1, 1, 4), 2.0, np.float32)
    y = LocalResponseNormalization(k=1.0, n=3, alpha=0.5, beta=1.0)(x)
    np.testing.assert_allclose(y, [[[[2 / 5, 2 / 7, 2 / 7, 2 / 5]]]], rtol=1e-6)
