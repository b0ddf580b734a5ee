"""The temporal convolutional network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kbuilder as kb


def build(time: int | None = None, words: int = 0, **given: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    shape = (time,) if words else (time, 3)
    return kb.build(kb.TCN(**given), kb.Binary(), shape, vocabulary_size=words)


def reach(model: Any, time: int) -> int:
    """How far back a step can be and still change the answer."""
    import keras
    import tensorflow as tf

    # On weights without a sign, so that no relu is silent and no two ways cancel.
    model.set_weights([np.abs(weight) for weight in model.get_weights()])
    body = keras.Model(model.input, model.layers[-2].output)
    steps = tf.ones((1, time, 3))
    with tf.GradientTape() as tape:
        tape.watch(steps)
        answer = tf.reduce_sum(body(steps))
    gradient = np.abs(tape.gradient(answer, steps)[0]).sum(axis=-1)
    return time - int(np.argmax(gradient > 0))


@pytest.mark.parametrize(
    ("kernel_size", "dilations", "field"), [(2, [1, 2], 7), (3, [1, 2, 4], 29), (3, [3], 13)]
)
def test_the_last_step_reaches_back_as_far_as_the_docstring_says(
    kernel_size: int, dilations: list[int], field: int
) -> None:
    model = build(40, kernel_size=kernel_size, dilations=dilations, filters=4)
    assert field == 1 + 2 * (kernel_size - 1) * sum(dilations)
    assert reach(model, 40) == field


@pytest.mark.parametrize(
    ("time", "kernel_size", "expected"),
    [(1, 3, (1,)), (5, 3, (1,)), (6, 3, (1, 2)), (13, 3, (1, 2)), (14, 3, (1, 2, 4)),
     (7, 2, (1, 2)), (None, 3, (1, 2, 4, 8, 16, 32, 64))],
)  # fmt: skip
def test_left_open_the_blocks_are_the_fewest_that_see_all(
    time: int | None, kernel_size: int, expected: tuple[int, ...]
) -> None:
    model = build(time, kernel_size=kernel_size, filters=3)
    rates = [
        layer.dilation_rate[0]
        for layer in model.layers
        if type(layer).__name__ == "Conv1D" and layer.padding == "causal"
    ]
    assert rates == [rate for rate in expected for _ in range(2)]


@pytest.mark.parametrize("pooling", ["last", "average", "max", "attention"])
def test_more_padding_changes_nothing(pooling: str) -> None:
    model = build(words=9, pooling=pooling, filters=4, embedding=5, dilations=[1, 2])
    text = np.array([[3, 1, 8, 2], [5, 5, 0, 0], [0, 0, 0, 0]])
    longer = np.pad(text, ((0, 0), (0, 6)))
    np.testing.assert_allclose(model(longer), model(text), rtol=1e-5)
    assert not np.allclose(model(np.where(longer == 0, 4, longer)), model(text), rtol=1e-5)


def test_blocks_are_two_convolutions_with_dropout_beside_the_input() -> None:
    model = build(5, words=9, filters=4, dilations=1, dropout=0.25, input_dropout=0.5, embedding=6)
    kinds = [type(layer).__name__ for layer in model.layers[1:-1]]
    assert sorted(kinds) == sorted([
        "Embedding", "Dropout", "Conv1D", "SpatialDropout1D", "Conv1D", "SpatialDropout1D",
        "Conv1D", "Add", "Activation", "NotPadding", "PoolOverTime",
    ])  # fmt: skip
    drops = [layer.rate for layer in model.layers if "Dropout" in type(layer).__name__]
    assert drops == [0.5, 0.25, 0.25]
