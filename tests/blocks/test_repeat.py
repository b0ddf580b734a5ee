"""The same layers several times."""

from __future__ import annotations

from kbuilder.blocks.repeat import Repeat


def test_each_time_has_weights_of_its_own() -> None:
    import keras

    inputs = keras.Input((4,))
    outputs = Repeat(times=3, layers=[{"dense": 4}, "relu"]).apply(inputs, ("model", "layers", 0))
    model = keras.Model(inputs, outputs)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", *["Dense", "ReLU"] * 3]
    assert model.count_params() == 3 * (4 * 4 + 4)
