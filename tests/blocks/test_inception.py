"""Convolutions of several sizes side by side."""

from __future__ import annotations

from kbuilder.blocks.inception import Inception


def test_its_parameters_are_those_of_googlenet() -> None:
    import keras

    inputs = keras.Input((28, 28, 192))
    module = Inception(conv1=64, conv3=(96, 128), conv5=(16, 32), pool=32)  # 3a of the paper
    model = keras.Model(inputs, module.apply(inputs, ("model", "layers", 0, "inception")))
    assert model.output_shape == (None, 28, 28, 256)
    assert model.count_params() == 163_696
