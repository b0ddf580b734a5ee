"""LeNet-5."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import counts, message

import kbuilder as kb
from kbuilder.architectures.lenet5 import TABLE
from kbuilder.errors import RecipeError


def build(side: int = 28, channels: int = 1, **given: Any) -> Any:
    return kb.build(kb.LeNet5(**given), kb.Multiclass(classes=10), (side, side, channels))


def by_layer(model: Any) -> dict[str, int]:
    return {layer.name: counts(layer.trainable_weights) for layer in model.layers if layer.weights}


@pytest.mark.parametrize("side", [28, 32])
def test_it_has_61706_parameters(side: int) -> None:
    model = build(side)
    assert model.count_params() == 61_706
    assert by_layer(model) == {
        "c1": 156, "c3": 2_416, "c5": 48_120, "f6": 10_164, model.layers[-1].name: 850,
    }  # fmt: skip


@pytest.mark.parametrize("side", [28, 32])
def test_the_version_of_1998_trains_60000_parameters(side: int) -> None:
    model = build(side, version=1998)
    assert counts(model.trainable_weights) == 60_000
    assert counts(model.non_trainable_weights) == 840
    assert by_layer(model) == {
        "c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164,
        model.layers[-2].name: 0,
    }  # fmt: skip


@pytest.mark.parametrize("version", ["modern", 1998])
@pytest.mark.parametrize("side", [28, 32])
def test_the_maps_have_the_sizes_of_the_paper(side: int, version: Any) -> None:
    model = build(side, version=version)
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


def test_each_layer_of_1998_is_squashed_by_a_scaled_tanh() -> None:
    kinds = [type(layer).__name__ for layer in build(version=1998).layers[1:]]
    squash = "ScaledTanh"
    assert kinds == [
        "Conv2D", squash, "Subsampling", squash, "TableConv2D", squash, "Subsampling", squash,
        "Conv2D", squash, "Flatten", "Dense", squash, "RadialBasisOutput", "Activation",
    ]  # fmt: skip


def test_the_table_of_connections_is_that_of_the_paper() -> None:
    assert [len(maps) for maps in TABLE] == [3] * 6 + [4] * 9 + [6]
    assert len(set(TABLE)) == 16
    # Each map of S2 is seen by ten of C3, as the rows of the paper's table have it.
    assert [sum(seen in maps for maps in TABLE) for seen in range(6)] == [10] * 6


@pytest.mark.parametrize(
    ("task", "targets"),
    [(kb.Multiclass(classes=3), np.eye(3)[[0, 1, 2, 0]]), (kb.Binary(), [[0], [1], [0], [1]])],
)
@pytest.mark.slow
def test_the_version_of_1998_learns_its_codes(task: Any, targets: Any) -> None:
    import keras

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype(np.float32)
    model = kb.build(kb.LeNet5(version=1998), task, (8, 8, 1))
    before = [weight.numpy() for weight in model.trainable_weights]
    losses = model.fit(x, np.float32(targets), epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weight.numpy(), old), weight.path


@pytest.mark.parametrize(
    ("field", "value"), [("activation", "relu"), ("pooling", "max"), ("dropout", 0.5)]
)
def test_parts_of_the_modern_version_are_refused_in_that_of_1998(field: str, value: Any) -> None:
    with pytest.raises(RecipeError) as caught:
        kb.LeNet5(version=1998, **{field: value})
    [error] = caught.value.__context__.errors()
    assert error["loc"] == (field,)
    assert error["msg"] == (
        f"the version of 1998 has its own layers. Expected no {field}, or `version: modern`"
    )


@pytest.mark.parametrize("version", ["modern", 1998])
def test_on_small_images_the_border_is_kept(version: Any) -> None:
    model = build(8, 3, version=version)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["c1"] == (8, 8, 6)
    assert shapes["s2"] == (4, 4, 6)
    assert shapes["c3"] == (4, 4, 16)
    assert shapes["s4"] == (2, 2, 16)
    assert shapes["c5"] == (1, 1, 120)


def test_the_paper_s_layers_are_refused_on_them() -> None:
    from kbuilder.errors import BuildError

    assert message(BuildError, build, 27, stem="paper").startswith(
        "model.stem: lenet5 with `stem: paper` needs images of at least 28 × 28 pixels"
    )
