"""A layer of maxout units."""

from __future__ import annotations

from kbuilder.blocks.maxout import Maxout


def test_it_is_the_layer_with_its_arguments() -> None:
    import keras

    inputs = keras.Input((4,))
    block = Maxout(units=3, pieces=5, kernel_initializer="he_normal", kernel_regularizer="l1")
    layer = keras.Model(inputs, block.apply(inputs, ("model", "layers", 0, "maxout"))).layers[1]
    assert (type(layer).__module__, layer.units, layer.pieces) == ("kbuilder.layers.maxout", 3, 5)
    assert type(layer.kernel_initializer).__name__ == "HeNormal"
    assert type(layer.kernel_regularizer).__name__ == "L1"
