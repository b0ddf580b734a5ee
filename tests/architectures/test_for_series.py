"""Networks that were made for forecasts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError

random = np.random.default_rng(0)


def layers_of(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def test_each_block_of_nhits_sees_what_those_before_it_left() -> None:
    model = kb.build(kb.NHiTS(pool_sizes=[4, 1], units=8), kb.Regression(), (10, 2))
    assert [layer.pool_size for layer in layers_of(model, "MaxPooling1D")] == [(4,), (1,)]
    [left] = layers_of(model, "Subtract")
    [wide] = layers_of(model, "UpSampling1D")
    [cut] = layers_of(model, "Cropping1D")
    assert (wide.output.shape[1], cut.output.shape[1]) == (12, 10)
    window = random.normal(size=(3, 10, 2)).astype(np.float32)
    given, seen = keras.Model(model.input, [left.output, cut.output])(window)
    np.testing.assert_allclose(np.asarray(given) + np.asarray(seen), window, rtol=1e-4, atol=1e-5)
    steps = np.asarray(seen)
    np.testing.assert_array_equal(steps[:, 0], steps[:, 3])
    assert model.layers[-1].input.shape == (None, 3 + 10)


def test_nhits_pools_no_more_steps_than_there_are() -> None:
    model = kb.build(kb.NHiTS(pool_sizes=[50], units=8), kb.Regression(), (10, 1))
    assert model.layers[-1].input.shape == (None, 1)


def test_tsmixer_mixes_steps_alike_in_each_column_and_then_columns() -> None:
    model = kb.build(kb.TSMixer(blocks=1, units=4), kb.Regression(), (6, 3))
    shapes = [tuple(layer.kernel.shape) for layer in layers_of(model, "Dense")]
    assert shapes == [(6, 6), (3, 4), (4, 3), (18, 1)]


@pytest.mark.parametrize("name", ["NHiTS", "TSMixer"])
def test_a_sequence_of_any_length_is_refused(name: str) -> None:
    assert "takes inputs of one size, and this sequence may have any" in message(
        BuildError, kb.build, getattr(kb, name)(), kb.Regression(), (None, 3)
    )


@pytest.mark.parametrize("name", ["NHiTS", "TSMixer"])
def test_they_learn_what_no_line_says(name: str) -> None:
    """Of six seeds, with oneDNN and without, the greatest share of the variance left was 0.05."""
    keras.utils.set_random_seed(0)
    network = getattr(kb, name)(dropout=0.0)
    model = kb.build(network, kb.Regression(mean=[0.0], scale=[1.0]), (24, 1))
    window = np.random.default_rng(0).normal(size=(512, 24, 1)).astype(np.float32)
    truth = np.abs(window[:, 23]) - np.abs(window[:, 0])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(window, truth, epochs=40, batch_size=64, verbose=0)
    off = np.asarray(model(window)) - truth
    assert np.mean(off**2) < 0.25 * np.var(truth)
