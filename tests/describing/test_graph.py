"""The calls of layers that a model is made of, in order."""

from __future__ import annotations

import keras
import networks

from kbuilder.describing.graph import nodes


def test_a_model_within_is_walked_at_each_call_and_its_layers_counted_once() -> None:
    found = nodes(networks.twins())
    assert [(node.name, node.inputs, node.again) for node in found] == [
        ("left", (), False),
        ("tower/wide", (0,), False),
        ("tower/low", (1,), False),
        ("right", (), False),
        ("tower/wide", (3,), True),
        ("tower/low", (4,), True),
        ("apart", (2, 5), False),
        ("head", (6,), False),
    ]
    assert [(node.takes, node.gives) for node in found[6:]] == [
        (((3,), (3,)), ((3,),)),
        (((3,),), ((1,),)),
    ]


def test_branches_stand_together_and_after_what_they_take() -> None:
    found = nodes(networks.inception())
    for place, node in enumerate(found):
        assert all(source < place for source in node.inputs)
    names = [type(node.layer).__name__ for node in found]
    module = ["Conv2D"] * 5 + ["MaxPooling2D", "Conv2D", "Concatenate"]
    assert names[:10] == ["InputLayer", "Conv2D", *module]
    assert len(found) == len(networks.inception().layers)


def test_a_sequential_model_is_walked_as_it_is() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.ReLU()])
    assert [(node.inputs, node.size) for node in nodes(model)] == [((), 4), ((0,), 4), ((1,), 4)]
