"""LeNet-5."""

from __future__ import annotations

from typing import Any

import pytest
from shared import message

import kbuilder as kb
from kbuilder.errors import BuildError


def build(side: int = 28, channels: int = 1, **given: Any) -> Any:
    return kb.build(kb.LeNet5(**given), kb.Multiclass(classes=10), (side, side, channels))


@pytest.mark.parametrize("side", [28, 32])
def test_it_has_61706_parameters(side: int) -> None:
    model = build(side)
    assert model.count_params() == 61_706
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert list(counts.values()) == [156, 2416, 48120, 10164, 850]
    assert list(counts)[:4] == ["c1", "c3", "c5", "f6"]


@pytest.mark.parametrize("side", [28, 32])
def test_the_maps_have_the_sizes_of_the_paper(side: int) -> None:
    model = build(side)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["c1"] == (28, 28, 6)
    assert shapes["s2"] == (14, 14, 6)
    assert shapes["c3"] == (10, 10, 16)
    assert shapes["s4"] == (5, 5, 16)
    assert shapes["c5"] == (1, 1, 120)


def test_its_activation_is_tanh_and_its_pooling_the_average() -> None:
    model = build()
    assert type(model.get_layer("s2")).__name__ == "AveragePooling2D"
    assert {model.get_layer(name).activation.__name__ for name in ("c1", "c3", "c5", "f6")} == {
        "tanh"
    }
    modern = build(activation="relu", pooling="max", dropout=0.5)
    assert type(modern.get_layer("s4")).__name__ == "MaxPooling2D"
    assert modern.get_layer("c5").activation.__name__ == "relu"
    assert [layer.rate for layer in modern.layers if type(layer).__name__ == "Dropout"] == [0.5]


def test_smaller_images_are_refused() -> None:
    assert message(BuildError, build, 27) == (
        "model: lenet5 needs images of at least 28 × 28 pixels; these are 27 × 27. "
        "Enlarge them: `features: {image: {kind: image, height: 32, width: 32}}`."
    )
