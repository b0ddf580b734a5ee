"""How many numbers a layer multiplies and adds, for one example."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import keras
import networks
import pytest
from keras import layers

import kbuilder.layers
from kbuilder.describing.multiply_adds import work
from kbuilder.describing.network import describe
from kbuilder.layers.maxout import Maxout


def cost(layer: Any, *shapes: tuple[int, ...]) -> int | None:
    """Of a call on inputs of these shapes, of one example."""
    inputs = [keras.Input(shape) for shape in shapes]
    output = layer(*inputs)
    return work(layer, list(shapes), tuple(output.shape[1:])).multiply_adds


CASES: list[tuple[Any, tuple[int, ...], int]] = [
    (layers.Dense(7), (5,), 5 * 7),
    (layers.Dense(7), (3, 5), 3 * 5 * 7),
    (layers.Conv1D(4, 3), (10, 2), 8 * 3 * 2 * 4),
    (layers.Conv2D(6, 5), (32, 32, 1), 28 * 28 * 5 * 5 * 6),
    (layers.Conv2D(6, 3, strides=2, padding="same"), (9, 9, 4), 5 * 5 * 9 * 4 * 6),
    (layers.Conv2D(6, 3, groups=2), (9, 9, 4), 7 * 7 * 9 * 2 * 6),
    (layers.Conv2D(6, 3, dilation_rate=2), (9, 9, 4), 5 * 5 * 9 * 4 * 6),
    (layers.Conv3D(2, 2), (4, 4, 4, 3), 27 * 8 * 3 * 2),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), (9, 9, 4), 7 * 7 * 9 * 4 * 2),
    (layers.SeparableConv2D(5, 3), (9, 9, 4), 7 * 7 * (9 * 4 + 4 * 5)),
    (layers.SeparableConv1D(5, 3), (9, 4), 7 * (3 * 4 + 4 * 5)),
    (layers.Conv2DTranspose(5, 3, strides=2), (4, 4, 2), 4 * 4 * 9 * 2 * 5),
    (layers.EinsumDense("abc,cde->abde", (3, 2, 4)), (3, 8), 3 * 8 * 2 * 4),
    (layers.Embedding(50, 8), (6,), 0),
    (layers.SimpleRNN(4), (7, 3), 7 * (3 * 4 + 4 * 4)),
    (layers.LSTM(4, return_sequences=True), (7, 3), 7 * 4 * (3 * 4 + 4 * 4)),
    (layers.GRU(4), (7, 3), 7 * 3 * (3 * 4 + 4 * 4)),
    (layers.Bidirectional(layers.LSTM(4)), (7, 3), 2 * 7 * 4 * (3 * 4 + 4 * 4)),
    (layers.RNN([layers.LSTMCell(4), layers.LSTMCell(2)]), (7, 3), 7 * 4 * (28 + 6 * 2)),
    (layers.ConvLSTM2D(2, 3), (5, 6, 6, 1), 5 * 4 * 4 * 9 * (1 + 2) * 8),
    (layers.TimeDistributed(layers.Conv2D(2, 3)), (5, 6, 6, 1), 5 * 4 * 4 * 9 * 2),
    (layers.SpectralNormalization(layers.Dense(7)), (5,), 5 * 7),
    (Maxout(units=3, pieces=2), (4, 5), 4 * 5 * 3 * 2),
    (layers.BatchNormalization(), (4, 4, 2), 0),
    (layers.MaxPooling2D(2), (4, 4, 2), 0),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "expected"), CASES, ids=lambda case: str(case)[:40])
def test_kernels_are_counted_at_every_place_and_step(
    layer: Any, shape: tuple[int, ...], expected: int
) -> None:
    assert cost(layer, shape) == expected


def test_attention_counts_its_projections_and_both_products() -> None:
    heads = layers.MultiHeadAttention(num_heads=2, key_dim=4, value_dim=5, output_shape=6)
    query, value = (7, 3), (9, 8)
    projections = 7 * 3 * 2 * 4 + 9 * 8 * 2 * (4 + 5) + 7 * 2 * 5 * 6
    assert cost(heads, query, value) == projections + 7 * 9 * 2 * (4 + 5)
    inputs = [keras.Input((7, 4)), keras.Input((9, 4))]
    plain = layers.Attention()
    plain(inputs)
    assert work(plain, [(7, 4), (9, 4)], (7, 4)).multiply_adds == 7 * 9 * (4 + 4)


def test_a_layer_that_nobody_knows_is_not_taken_for_free() -> None:
    class Own(keras.layers.Layer):
        def build(self, shape: tuple[int | None, ...]) -> None:
            self.matrix = self.add_weight((shape[-1], 2))

        def call(self, x: Any) -> Any:
            return keras.ops.matmul(x, self.matrix)

        def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return *shape[:-1], 2

    assert cost(Own(), (3,)) is None
    assert cost(layers.TimeDistributed(Own()), (4, 3)) is None


def test_every_layer_of_ours_with_weights_says_what_it_costs() -> None:
    silent = [
        name
        for _, module, _ in iter_modules(kbuilder.layers.__path__, "kbuilder.layers.")
        for name, member in vars(import_module(module)).items()
        if isinstance(member, type)
        and member.__module__ == module
        and "build" in vars(member)
        and "multiply_adds" not in vars(member)
    ]
    assert silent == []


def flops(model: Any, shape: tuple[int, ...]) -> int:
    """Floating-point operations of one example, as TensorFlow's profiler counts the kernels'."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    call = tf.function(lambda x: model(x, training=False))
    concrete = call.get_concrete_function(tf.TensorSpec((1, *shape), tf.float32))
    _, graph = convert_variables_to_constants_v2_as_graph(concrete)
    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(graph, name="")
        return sum(
            tf.compat.v1.profiler.profile(
                whole,
                options={
                    **tf.compat.v1.profiler.ProfileOptionBuilder.float_operation(),
                    "output": "none",
                    "show_name_regexes": [".*"],
                    "account_type_regexes": [kind],
                },
            ).total_float_ops
            for kind in ("Conv2D", "DepthwiseConv2dNative", "MatMul")
        )


def test_tensorflow_counts_two_operations_for_each() -> None:
    assert describe(networks.lenet()).multiply_adds * 2 == flops(networks.lenet(), (32, 32, 1))
    inputs = keras.Input((20,))
    dense = keras.Model(inputs, layers.Dense(3)(layers.Dense(30, activation="relu")(inputs)))
    assert describe(dense).multiply_adds * 2 == flops(dense, (20,)) == 2 * (600 + 90)
