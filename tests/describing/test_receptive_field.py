"""How much of the input a unit of a map sees."""

from __future__ import annotations

from typing import Any

import keras
import networks
import numpy as np
import pytest
from keras import layers

from kbuilder.describing.network import describe


def sizes(model: Any) -> dict[str, Any]:
    return {row.name: row.receptive_field for row in describe(model).rows}


def through(*stack: Any, shape: tuple[int | None, ...] = (64, 64, 2)) -> Any:
    """What a unit sees at the end of a stack."""
    model = keras.Sequential([keras.Input(shape), *stack])
    return describe(model).rows[-1].receptive_field


def test_it_grows_along_lenet_as_the_literature_has_it() -> None:
    squares = {"c1": 5, "s2": 6, "c3": 14, "s4": 16, "c5": 32}
    seen = sizes(networks.lenet())
    assert {name: seen[name] for name in squares} == {n: (s, s) for n, s in squares.items()}
    assert seen["flatten"] == seen["f6"] == seen["head"] == "all"


@pytest.mark.slow
def test_it_is_the_published_one_of_resnet50() -> None:
    assert sizes(networks.resnet50())["conv5_block3_out"] == (483, 483)


def test_of_vgg16_it_is_the_published_one() -> None:
    stack = []
    for number in (2, 2, 3, 3, 3):
        stack += [layers.Conv2D(1, 3, padding="same") for _ in range(number)]
        stack.append(layers.MaxPooling2D(2))
    assert through(*stack) == (212, 212)


CASES: list[tuple[list[Any], Any]] = [
    ([layers.Conv2D(2, (3, 5))], (3, 5)),
    ([layers.Conv2D(2, 3, dilation_rate=(1, 4))], (3, 9)),
    ([layers.Conv2D(2, 3, strides=(2, 1)), layers.Conv2D(2, 3)], (7, 5)),
    ([layers.AveragePooling2D(2), layers.DepthwiseConv2D(3)], (6, 6)),
    ([layers.SeparableConv2D(2, 3), layers.BatchNormalization(), layers.ReLU()], (3, 3)),
    ([layers.ZeroPadding2D(2), layers.Cropping2D(1), layers.Conv2D(2, 3)], (3, 3)),
    ([layers.Conv2D(2, 3), layers.Dense(4), layers.LayerNormalization()], (3, 3)),
    ([layers.MaxPooling2D(2), layers.UpSampling2D(2), layers.Conv2D(2, 3)], (4, 4)),
    ([layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(keepdims=True)], "all"),
    ([layers.Conv2D(2, 3), layers.Reshape((31 * 62, 4))], "all"),
    ([layers.Conv2D(2, 3), layers.Permute((2, 1, 3)), layers.Flatten(), layers.Dense(2)], "all"),
]


@pytest.mark.parametrize(("stack", "expected"), CASES)
def test_each_layer_changes_it_in_its_way(stack: list[Any], expected: Any) -> None:
    assert through(*stack) == expected


def felt(model: Any, axis: int = 1) -> int:
    """How far apart the inputs are that a unit in the middle of the output depends on."""
    import tensorflow as tf

    for weight in model.trainable_weights:
        weight.assign(np.ones(weight.shape))
    image = tf.ones((1, *model.input_shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = model(image)
        unit = tf.reduce_sum(output[0, output.shape[1] // 2, output.shape[2] // 2])
    gradient = tape.gradient(unit, image).numpy()[0]
    [places] = np.nonzero(gradient.any(axis=tuple({0, 1, 2} - {axis - 1})))
    return int(places[-1] - places[0] + 1)


def residual(x: Any) -> Any:
    y = layers.Conv2D(2, 3, padding="same")(layers.Conv2D(2, 2, padding="same")(x))
    return layers.Add()([y, x])


def left(x: Any) -> Any:
    """A window that lies to the left of its unit."""
    padded = layers.ZeroPadding2D(((5, 0), (5, 0)))(x)
    return layers.Conv2D(1, 4)(layers.Cropping2D(((2, 0), (2, 0)))(padded))


def uneven(x: Any) -> Any:
    """Windows to either side of their unit, and around it."""
    right = layers.ZeroPadding2D(((0, 3), (0, 3)))(x)
    around = layers.Conv2D(1, 5, padding="same")(x)
    return layers.Concatenate()([left(x), layers.Conv2D(1, 4)(right), around])


def enlarged(x: Any) -> Any:
    laid = layers.Conv2DTranspose(1, 5, strides=2, padding="same")(x)
    return layers.Concatenate()([laid, layers.UpSampling2D(2)(left(x))])


GRAPHS = {
    "strides": lambda x: layers.Conv2D(1, 3, strides=2)(layers.Conv2D(1, 5, strides=3)(x)),
    "dilation": lambda x: layers.Conv2D(1, 3)(layers.Conv2D(1, 3, dilation_rate=3)(x)),
    "same padding": lambda x: layers.Conv2D(1, 3, strides=2, padding="same")(residual(x)),
    "residual": residual,
    "uneven": uneven,
    "enlarged": enlarged,
    "upsampling": lambda x: layers.UpSampling2D(2)(layers.AveragePooling2D(2)(residual(x))),
    "transposed": lambda x: layers.Conv2DTranspose(1, 4, strides=2)(layers.Conv2D(1, 3)(x)),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_it_reaches_as_far_as_the_gradient(name: str) -> None:
    inputs = keras.Input((41, 41, 1))
    model = keras.Model(inputs, GRAPHS[name](inputs))
    assert describe(model).rows[-1].receptive_field == (felt(model, 1), felt(model, 2))


def test_where_branches_meet_it_is_the_greatest() -> None:
    seen = sizes(networks.inception())
    assert (seen["first"], seen["second"]) == ((15, 15), (33, 33))


def test_along_time_a_word_sees_words() -> None:
    words = layers.Embedding(9, 4)
    causal = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    assert through(words, causal, shape=(None,)) == (5,)
    assert through(words, layers.LSTM(3, return_sequences=True), shape=(12,)) == "all"
    assert through(layers.TimeDistributed(layers.Conv2D(2, 3)), shape=(4, 9, 9, 1)) == (1, 3, 3)


def test_a_vector_has_none_until_it_is_spread_out() -> None:
    assert through(layers.Dense(64), shape=(8,)) is None
    spread = [layers.Dense(64), layers.Reshape((8, 8, 1)), layers.Conv2D(2, 3)]
    assert through(*spread, shape=(8,)) == (3, 3)
