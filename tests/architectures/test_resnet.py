"""The residual networks for large images."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from shared import counts, outline

import kbuilder as kb
from kbuilder.contracts import Signal


@pytest.mark.parametrize(
    ("architecture", "trained", "statistics"),
    [
        (kb.ResNet18(), 11_689_512, 9_600), (kb.ResNet34(), 21_797_672, 17_024),
        (kb.ResNet50(), 25_557_032, 53_120), (kb.ResNet101(), 44_549_160, 105_344),
        (kb.ResNet152(), 60_192_808, 151_424),
    ],
)  # fmt: skip
def test_the_parameters_are_those_of_the_paper(
    architecture: Any, trained: int, statistics: int
) -> None:
    model = outline(architecture, (224, 224, 3))
    assert counts(model.trainable_weights) == trained
    assert counts(model.weights) == trained + statistics
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert not any(layer.use_bias for layer in convolutions)
    # Layers with weights, without those of the shortcuts, with that of the task.
    depth = sum(not layer.name.endswith("_0_conv") for layer in convolutions) + 1
    assert type(architecture).__name__ == f"ResNet{depth}"


def test_the_stages_have_the_sizes_of_the_paper() -> None:
    model = outline(kb.ResNet34(), (224, 224, 3))
    names = ["conv1_relu", *(f"conv{stage}_block1_out" for stage in (2, 3, 4, 5))]
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (112, 112, 64), (56, 56, 64), (28, 28, 128), (14, 14, 256), (7, 7, 512),
    ]  # fmt: skip
    model = outline(kb.ResNet34(), (32, 32, 3))
    assert [model.get_layer(name).output.shape[1:] for name in names] == [
        (32, 32, 64), (32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512),
    ]  # fmt: skip


@pytest.mark.parametrize(("architecture", "stages"), [(kb.ResNet18(), 3), (kb.ResNet50(), 4)])
def test_a_shortcut_has_weights_only_where_the_shape_changes(
    architecture: Any, stages: int
) -> None:
    layers = outline(architecture, (32, 32, 3), 10).layers
    shortcuts = [layer for layer in layers if layer.name.endswith("_0_conv")]
    assert [layer.kernel_size for layer in shortcuts] == [(1, 1)] * stages
    assert [layer.strides for layer in shortcuts] == [(1, 1)] * (stages - 3) + [(2, 2)] * 3


def test_a_block_adds_to_its_shortcut() -> None:
    random = np.random.default_rng(0)
    inputs = keras.Input((5, 6, 4))
    model = keras.Model(inputs, kb.ResNet18()._block(inputs, 4, 1, "block"))
    x = random.normal(size=(2, 5, 6, 4)).astype(np.float32)
    model.get_layer("block_2_bn").gamma.assign(np.zeros(4))
    model.get_layer("block_2_bn").beta.assign(np.full(4, 0.25))
    np.testing.assert_allclose(model(x), np.maximum(x + 0.25, 0), atol=1e-6)


@pytest.mark.slow
def test_resnet50_answers_as_the_one_of_keras() -> None:
    random, shape = np.random.default_rng(0), (64, 32, 3)
    reference = keras.applications.ResNet50(
        weights=None, include_top=False, pooling="avg", input_shape=shape
    )
    assert reference.count_params() + 2049 * 1000 == 25_636_712
    for weight in reference.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
        elif weight.name != "kernel":
            weight.assign(random.normal(0, 0.1, weight.shape))
    inputs = keras.Input(shape)
    model = keras.Model(inputs, kb.ResNet50(stem="paper").apply(Signal("image", inputs)))
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            layer.kernel.assign(reference.get_layer(layer.name).kernel)
        if layer.name.endswith("_bn"):
            given = reference.get_layer(layer.name)
            bias = reference.get_layer(layer.name.replace("_bn", "_conv")).bias
            # A bias before the normalisation is the same as a lower mean.
            gamma, beta, mean, variance = given.get_weights()
            layer.set_weights([gamma, beta, mean - bias.numpy(), variance])
    x = random.normal(size=(2, *shape)).astype(np.float32)
    expected = np.asarray(reference(x))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(model(x), expected, atol=1e-4 * np.abs(expected).max(), rtol=0)
