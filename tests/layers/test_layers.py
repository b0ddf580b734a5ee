"""What every layer of our own promises."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from shared import strings

from kbuilder.layers.category_index import CategoryIndex
from kbuilder.layers.identity_shortcut import IdentityShortcut
from kbuilder.layers.local_response_normalization import LocalResponseNormalization
from kbuilder.layers.pixels import Pixels
from kbuilder.layers.pool_over_time import PoolOverTime
from kbuilder.layers.preprocessor import Preprocessor
from kbuilder.layers.radial_basis_output import RadialBasisOutput
from kbuilder.layers.scaled_tanh import ScaledTanh
from kbuilder.layers.standardize import Standardize

LAYERS = [
    (lambda: CategoryIndex(["a", "b"]), lambda: strings("b", "", "c")),
    (lambda: CategoryIndex([3, -1], one_hot=False), lambda: np.array([3, -1, 0])),
    (lambda: IdentityShortcut(5, 2), lambda: np.ones((2, 3, 4, 3), np.float32)),
    (lambda: LocalResponseNormalization(n=3), lambda: np.ones((2, 3, 4, 6), np.float32)),
    (lambda: Pixels(4, 5, 3), lambda: np.full((2, 8, 8), 9, np.uint8)),
    (lambda: PoolOverTime("max"), lambda: np.ones((2, 3, 4), np.float32)),
    (lambda: RadialBasisOutput(3, seed=7), lambda: np.ones((2, 4), np.float32)),
    (lambda: ScaledTanh(), lambda: np.ones((2, 4), np.float32)),
    (lambda: Standardize(2.0, 3.0, True), lambda: np.float32([5, np.nan])),
]


@pytest.mark.parametrize(("make", "batch"), LAYERS)
def test_a_layer_made_from_its_config_answers_alike(make: Any, batch: Any) -> None:
    layer = make()
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(layer)
    np.testing.assert_array_equal(again(batch()), layer(batch()))


@pytest.mark.parametrize(("make", "batch"), LAYERS)
def test_a_layer_has_nothing_to_train(make: Any, batch: Any) -> None:
    layer = make()
    layer(batch())
    assert layer.trainable_weights == []


def test_finished_vectors_are_joined_in_the_order_of_the_columns() -> None:
    parts = {name: Standardize(mean, 1.0) for mean, name in enumerate("abc")}
    layer = Preprocessor(parts, {"a": "vector", "b": "other", "c": "vector"})
    zeros = np.zeros(2, np.float32)
    outputs = layer({"c": zeros, "a": zeros, "b": zeros})
    assert {key: value.numpy().tolist() for key, value in outputs.items()} == {
        "vector": [[0, -2], [0, -2]],
        "other": [[-1], [-1]],
    }


def test_standardize_keeps_the_axes_of_an_array() -> None:
    values = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_allclose(Standardize(1.0, 2.0)(values), (values - 1) / 2)
