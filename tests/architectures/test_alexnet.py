"""AlexNet."""

from __future__ import annotations

from typing import Any

from shared import counts, outline

import kbuilder as kb


def by_layer(model: Any) -> dict[str, int]:
    """Parameters by the first word of the layers' names."""
    found: dict[str, int] = {}
    for layer in model.layers:
        if layer.trainable_weights:
            name = layer.name.split("_")[0]
            found[name] = found.get(name, 0) + counts(layer.weights)
    return found


def test_in_one_tower_it_has_62378344_parameters() -> None:
    model = outline(kb.AlexNet(), (227, 227, 3))
    assert counts(model.trainable_weights) == 62_378_344
    assert by_layer(model) == {
        "conv1": 34_944, "conv2": 614_656, "conv3": 885_120, "conv4": 1_327_488,
        "conv5": 884_992, "dense1": 37_752_832, "dense2": 16_781_312, "head": 4_097_000,
    }  # fmt: skip
    names = ("conv1_conv", "pool1", "pool2", "conv5_relu", "pool5")
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (55, 55, 96), (27, 27, 96), (13, 13, 256), (13, 13, 256), (6, 6, 256),
    ]  # fmt: skip


def test_in_two_groups_it_has_60965224_parameters() -> None:
    model = outline(kb.AlexNet(groups=2), (227, 227, 3))
    assert counts(model.trainable_weights) == 60_965_224
    given = by_layer(model)
    assert [given[f"conv{place}"] for place in (2, 3, 4, 5)] == [307_456, 885_120, 663_936, 442_624]


def test_a_group_sees_its_own_half_of_the_channels() -> None:
    import keras
    import numpy as np

    inputs = keras.Input((4, 4, 6))
    model = keras.Model(inputs, kb.AlexNet(groups=2)._grouped(inputs, 8, 3, "conv"))
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 6)).astype(np.float32)
    before = np.asarray(model(x))
    x[..., :3] += 1
    after = np.asarray(model(x))
    assert not np.array_equal(after[..., :4], before[..., :4])
    np.testing.assert_array_equal(after[..., 4:], before[..., 4:])
    again = keras.Model.from_config(model.get_config())
    assert again.output.shape == (None, 4, 4, 8)


def test_normalisation_comes_between_relu_and_pooling_and_may_be_left_out() -> None:
    def kinds(**fields: Any) -> list[str]:
        model = outline(kb.AlexNet(**fields), (64, 64, 3))
        return [type(layer).__name__ for layer in model.layers[1:8]]

    assert kinds() == [
        "Conv2D", "ReLU", "LocalResponseNormalization", "MaxPooling2D",
        "Conv2D", "ReLU", "LocalResponseNormalization",
    ]  # fmt: skip
    assert kinds(local_response_normalization=False)[:4] == [
        "Conv2D", "ReLU", "MaxPooling2D", "Conv2D",
    ]  # fmt: skip
    layer = outline(kb.AlexNet(), (227, 227, 3)).get_layer("norm1")
    assert (layer.k, layer.n, layer.alpha, layer.beta) == (2, 5, 1e-4, 0.75)


def test_the_dense_layers_drop_half() -> None:
    layers = outline(kb.AlexNet(), (227, 227, 3)).layers
    assert [layer.rate for layer in layers if type(layer).__name__ == "Dropout"] == [0.5, 0.5]
