"""The boxes of a diagram."""

from __future__ import annotations

from typing import Any

import keras
import networks
import pytest
from keras import layers

from kbuilder.describing.boxes import Repeat, boxes
from kbuilder.describing.network import describe


def drawn(model: Any) -> tuple[list[tuple[str, ...]], list[tuple[int, ...]], list[Repeat]]:
    found, repeats = boxes(describe(model).rows)
    return [box.lines for box in found], [box.inputs for box in found], repeats


def test_what_follows_a_layer_stands_in_its_box() -> None:
    stack = [
        keras.Input((9, 9, 1), name="photo"),
        layers.ZeroPadding2D(1),
        layers.Conv2D(4, 3, strides=2, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(1),
    ]
    lines, inputs, repeats = drawn(keras.Sequential(stack))
    assert lines == [
        ("photo", "9 × 9 × 1"),
        (
            "Conv2D 4, 3 × 3, stride 2",
            "ZeroPadding2D, BatchNormalization, relu, Dropout 0.5",
            "5 × 5 × 4 · 52 parameters",
        ),
        ("Flatten", "100"),
        ("Dense 1", "1 · 101 parameters"),
    ]
    assert (inputs, repeats) == ([(), (0,), (1,), (2,)], [])


def test_what_another_layer_reads_too_ends_its_box() -> None:
    inputs = keras.Input((4,))
    x = layers.Dense(4)(inputs)
    model = keras.Model(inputs, layers.Multiply()([x, layers.Activation("sigmoid")(x)]))
    lines, sources, _ = drawn(model)
    assert [line[0] for line in lines[1:]] == ["Dense 4", "Activation sigmoid", "Multiply"]
    assert sources == [(), (0,), (1,), (1, 2)]


def test_equal_units_in_a_row_are_drawn_once() -> None:
    lines, inputs, repeats = drawn(networks.residual())
    assert [(repeat.times, repeat.last - repeat.first + 1) for repeat in repeats] == [
        (3, 3), (2, 3), (2, 3),
    ]  # fmt: skip
    assert [line[0] for line in lines] == [
        "image", "Conv2D 4, 3 × 3", *["Conv2D 4, 3 × 3"] * 2, "Add",
        "Conv2D 8, 3 × 3, stride 2", "Conv2D 8, 3 × 3", "Conv2D 8, 1 × 1, stride 2", "Add",
        *["Conv2D 8, 3 × 3"] * 2, "Add",
        "Conv2D 16, 3 × 3, stride 2", "Conv2D 16, 3 × 3", "Conv2D 16, 1 × 1, stride 2", "Add",
        *["Conv2D 16, 3 × 3"] * 2, "Add", "GlobalAveragePooling2D", "Dense 10, softmax",
    ]  # fmt: skip
    assert inputs[:8] == [(), (0,), (1,), (2,), (3, 1), (4,), (5,), (4,)]


def test_a_unit_may_have_several_narrow_places() -> None:
    lines, _, [repeat] = drawn(networks.transformer())
    assert repeat == Repeat(first=2, last=8, times=3)
    assert [line[0] for line in lines[2:9]] == [
        "LayerNormalization", "MultiHeadAttention 2 heads", "Add",
        "LayerNormalization", "Dense 16, gelu", "Dense 8", "Add",
    ]  # fmt: skip


def test_equal_branches_side_by_side_are_both_drawn() -> None:
    lines, _, repeats = drawn(networks.twins())
    assert repeats == []
    assert lines[1:3] == [("Dense 4", "4 · 36 parameters"), ("Dense 3", "3 · 15 parameters")]
    assert lines[4:6] == [("Dense 4", "4 · shared weights"), ("Dense 3", "3 · shared weights")]


@pytest.mark.parametrize("network", networks.ALL, ids=lambda network: network.__name__)
def test_every_layer_stands_in_one_box(network: Any) -> None:
    rows = describe(network()).rows
    found, repeats = boxes(rows)
    assert sorted(name for box in found for name in box.names) == sorted(row.name for row in rows)
    for place, box in enumerate(found):
        assert all(source < place for source in box.inputs)
    for repeat in repeats:
        for box in found[repeat.first : repeat.last + 1]:
            assert len(box.names) % repeat.times == 0
