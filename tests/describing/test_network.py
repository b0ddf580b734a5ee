"""A network in figures."""

from __future__ import annotations

import keras
import networks
from keras import layers

from kbuilder.describing.network import describe


def test_lenet_costs_what_a_hand_computes() -> None:
    network = describe(networks.lenet(), batch_size=10)
    rows = {row.name: (row.shape, row.parameters, row.multiply_adds) for row in network.rows}
    assert rows["c1"] == ((28, 28, 6), 156, 28 * 28 * 25 * 6)
    assert rows["c3"] == ((10, 10, 16), 2416, 10 * 10 * 25 * 6 * 16)
    assert rows["c5"] == ((1, 1, 120), 48120, 25 * 16 * 120)
    assert rows["f6"] == ((84,), 10164, 120 * 84)
    assert rows["head"] == ((10,), 850, 84 * 10)
    assert (network.trainable, network.fixed, network.multiply_adds) == (61706, 0, 416520)
    outputs = [28 * 28 * 6, 14 * 14 * 6, 10 * 10 * 16, 5 * 5 * 16, 120, 84, 10]
    assert network.training == 10 * 4 * sum(outputs)
    assert network.forward == 10 * 4 * (28 * 28 * 6 + 14 * 14 * 6)
    assert network.remarks == ()


def test_resnet50_costs_what_is_published() -> None:
    network = describe(networks.resnet50())
    assert (network.trainable, network.fixed) == (25_583_592, 53_120)
    assert sum(row.parameters for row in network.rows) == 25_636_712
    assert round(network.multiply_adds / 1e9, 2) == 3.86  # "3.8 billion", in the paper


def test_an_output_lives_until_its_last_reader() -> None:
    inputs = keras.Input((10,))
    x = layers.Dense(7)(inputs)
    y = layers.Dense(3)(layers.Dense(5)(x))
    network = describe(keras.Model(inputs, layers.Concatenate()([x, y])), batch_size=1)
    assert network.forward == 4 * (7 + 3 + 10)
    assert network.training == 4 * (7 + 5 + 3 + 10)


def test_weights_that_are_shared_are_counted_once_and_their_work_each_time() -> None:
    network = describe(networks.twins())
    assert [(row.parameters, row.shared, row.multiply_adds) for row in network.rows[1:6]] == [
        (36, False, 32), (15, False, 12), (0, False, 0), (0, True, 32), (0, True, 12),
    ]  # fmt: skip
    assert network.trainable == sum(row.parameters for row in network.rows) == 55


def test_it_is_told_that_the_last_map_sees_less_than_the_image() -> None:
    assert describe(networks.branches()).remarks == (
        "A unit of the last map sees 3 × 3 of 12 × 12 pixels.",
    )
    text = [keras.Input((30,)), layers.Embedding(9, 2), layers.Conv1D(2, 5), layers.Flatten()]
    assert describe(keras.Sequential(text)).remarks == (
        "A unit of the last map sees 5 of 30 steps.",
    )


def test_a_map_that_goes_on_is_not_the_last() -> None:
    inputs = keras.Input((12, 12, 4))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    gate = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])
    network = describe(keras.Model(inputs, layers.GlobalMaxPooling2D()(x)))
    assert network.rows[-2].receptive_field == "all"
    assert network.remarks == ()


def test_it_is_told_what_is_not_known() -> None:
    inputs = keras.Input((None, 3))
    x = layers.LSTM(4, return_sequences=True)(inputs)
    model = keras.Model(inputs, layers.GroupQueryAttention(2, 2, 1, name="grouped")(x, x))
    network = describe(model)
    assert network.multiply_adds == 4 * (3 * 4 + 4 * 4)
    assert network.remarks == (
        "The multiply-adds of grouped are not known, and not in the sum.",
        "Where a length is free (None), the figures are those of one step.",
    )
