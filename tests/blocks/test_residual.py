"""Layers with a shortcut around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shared import message

from kbuilder.blocks.residual import Residual
from kbuilder.errors import BuildError, RecipeError

PLACE = ("model", "layers", 0, "residual")


def network(shape: tuple[int | None, ...], **fields: Any) -> Any:
    import keras

    inputs = keras.Input(shape)
    return keras.Model(inputs, Residual(**fields).apply(inputs, PLACE))


def kinds(model: Any) -> list[str]:
    return sorted(type(layer).__name__ for layer in model.layers[1:])


def test_two_normalised_convolutions_are_added_to_their_input() -> None:
    model = network((8, 8, 16), filters=16)
    assert kinds(model) == [
        "Activation", "Activation", "Add", "BatchNormalization", "BatchNormalization", "Conv2D",
        "Conv2D",
    ]  # fmt: skip
    # 2 x 3 x 3 x 16 x 16 without bias, and 2 x 16 scales and offsets to learn.
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 4608 + 64


@pytest.mark.parametrize(
    ("shape", "strides", "given"),
    [((9, 8, 4), 2, (5, 4, 6)), ((9, 4), 3, (3, 6)), ((None, 4), 2, (None, 6)), ((4,), None, (6,))],
)
def test_another_shape_is_projected(shape: Any, strides: Any, given: Any) -> None:
    model = network(shape, filters=6, strides=strides)
    assert model.output_shape == (None, *given)
    projections = [layer for layer in model.layers if layer.input is model.input][1:]
    [kernel] = {layer.kernel.shape for layer in projections if kernel_of_one(layer)}
    assert kernel == (*(1,) * (len(shape) - 1), 4, 6)


def kernel_of_one(layer: Any) -> bool:
    return bool(np.prod(layer.kernel.shape[:-2], dtype=int) == 1)


def test_without_weights_it_passes_its_input_on() -> None:
    import keras

    inputs = np.array([[-1.0, 2.0]], "float32")
    model = network((2,), layers=[{"rescaling": 0.5}])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(inputs)), [[-1.5, 3.0]])
    model = network((2,), layers=[{"rescaling": 0.5}], activation="relu")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(inputs)), [[0.0, 3.0]])


@pytest.mark.parametrize("time", [8, None])
def test_the_stride_of_its_layers_is_found(time: int | None) -> None:
    convolution = {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}
    model = network((time, 4), layers=[{"conv1d": convolution}])
    batch = np.ones((2, 8, 4), "float32")
    assert model(batch).shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("shape", "layers", "made"),
    [
        ((8, 8, 1), ["flatten"], "a vector (batch, 64)"),
        ((8, 8, 1), [{"conv2d": {"filters": 2, "kernel_size": 3}}], "an image (batch, 6, 6, 2)"),
        ((8, 8, 1), [{"up_sampling2d": 2}], "an image (batch, 16, 16, 1)"),
    ],
)
def test_layers_that_no_shortcut_follows_are_refused(shape: Any, layers: Any, made: str) -> None:
    assert message(BuildError, network, shape, layers=layers) == (
        f"model.layers.0: residual (layers.0) has layers that make {made} of an image "
        "(batch, 8, 8, 1), and no shortcut does. Expected layers that keep the sides or divide "
        "them, as `padding: same` does."
    )


@pytest.mark.parametrize(
    ("fields", "key", "text"),
    [
        ({}, "filters", "residual holds convolutions or a list. Expected `filters` or `layers`"),
        (
            {"layers": ["relu"], "kernel_size": 3},
            "kernel_size",
            "'kernel_size' is for convolutions, and here are `layers`. Remove one of them",
        ),
        (
            {"layers": ["relu"], "filters": 3},
            "filters",
            "'filters' is for convolutions, and here are `layers`. Remove one of them",
        ),
    ],
)
def test_it_has_convolutions_or_a_list(fields: Any, key: str, text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Residual(**fields)
    assert [(error["loc"], error["msg"]) for error in caught.value.__context__.errors()] == [
        ((key,), text)
    ]
