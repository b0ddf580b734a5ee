"""How many numbers a layer multiplies and adds, for one example.

A multiply-add is one product added to a sum, two floating-point operations. Counted are the kernels
of layers and the products of attention; what is done once for each number (biases, activations,
normalisation, pooling, sums) counts as none, as the literature has it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

Sizes = tuple[int, ...]


class Work(NamedTuple):
    """What one call of a layer costs.

    Args:
        multiply_adds: For one example; None: not known.
        inner: Numbers that it keeps for the backward pass beside its output, for one example.
    """

    multiply_adds: int | None
    inner: int = 0


def work(layer: Any, inputs: list[Sizes], output: Sizes) -> Work:
    """What a call of `layer` costs.

    A layer of ours with a kernel says it itself: `multiply_adds(shape)` takes the shape of its
    input, or the list of those, without the batch.

    Args:
        layer: A Keras layer that is built, or an operation.
        inputs: Shapes of one example, without a None.
        output: Likewise.
    """
    import keras

    layers = keras.layers
    if hasattr(layer, "multiply_adds"):
        return Work(layer.multiply_adds(inputs[0] if len(inputs) == 1 else inputs))
    if isinstance(layer, layers.TimeDistributed):
        one = work(layer.layer, [inputs[0][1:]], output[1:])
        return _sum([one] * inputs[0][0])
    if isinstance(layer, layers.Bidirectional):
        halves = [layer.forward_layer, layer.backward_layer]
        return _sum([work(half, inputs, output) for half in halves])
    if isinstance(layer, layers.Wrapper):
        return work(layer.layer, inputs, output)
    if isinstance(layer, layers.RNN):
        return _recurrent(layer, inputs[0], output)
    if isinstance(layer, layers.MultiHeadAttention):
        return _heads(layer, inputs[0], inputs[1] if len(inputs) > 1 else inputs[0])
    if isinstance(layer, layers.Attention):
        (*_, asked, depth), (*_, given, width) = inputs[0], inputs[1]
        return Work(asked * given * (depth + width), asked * given)
    if isinstance(layer, layers.EinsumDense):
        terms, result = layer.equation.split("->")
        axes = zip(terms.split(",")[1], layer.kernel.shape, strict=True)
        summed = math.prod(size for axis, size in axes if axis not in result)
        return Work(math.prod(output) * summed)
    if isinstance(layer, layers.Conv1DTranspose | layers.Conv2DTranspose | layers.Conv3DTranspose):
        return Work(_positions(layer, inputs[0]) * _numbers(layer.kernel))
    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        kernels = _numbers(layer.depthwise_kernel) + _numbers(layer.pointwise_kernel)
        return Work(_positions(layer, output) * kernels)
    depthwise = layers.DepthwiseConv1D | layers.DepthwiseConv2D
    if isinstance(layer, layers.Conv1D | layers.Conv2D | layers.Conv3D | layers.Dense | depthwise):
        return Work(_positions(layer, output) * _numbers(layer.kernel))
    if isinstance(layer, layers.Embedding | layers.LayerNormalization | layers.PReLU):
        return Work(0)
    plain = all(len(weight.shape) < 2 for weight in getattr(layer, "weights", ()))
    return Work(0 if plain else None)


def _recurrent(layer: Any, sequence: Sizes, output: Sizes) -> Work:
    """The kernels of a cell at every step; at every place of the map, where the cell convolves."""
    cells = getattr(layer.cell, "cells", [layer.cell])
    if not all(hasattr(cell, "recurrent_kernel") for cell in cells):
        return Work(None)
    rank = getattr(cells[0], "rank", 0)
    times = sequence[0] * math.prod(output[-1 - rank : -1] if rank else ())
    kernels = sum(_numbers(cell.kernel) + _numbers(cell.recurrent_kernel) for cell in cells)
    gates = sum(sum(cell.recurrent_kernel.shape[-2:]) for cell in cells)
    return Work(times * kernels, times * gates)


def _heads(layer: Any, query: Sizes, value: Sizes) -> Work:
    """The projections, then the product of queries and keys, and that of weights and values."""
    asked, given = math.prod(query[:-1]), math.prod(value[:-1])
    scores = asked * math.prod(value[axis - 1] for axis in layer.attention_axes) * layer.num_heads
    once = [layer.query_dense, layer.output_dense]
    each = [layer.key_dense, layer.value_dense]
    projections = asked * sum(_numbers(part.kernel) for part in once)
    projections += given * sum(_numbers(part.kernel) for part in each)
    projected = (asked + given) * layer.num_heads * (layer.key_dim + layer.value_dim)
    return Work(projections + scores * (layer.key_dim + layer.value_dim), projected + scores)


def _positions(layer: Any, shape: Sizes) -> int:
    """The places of a map, or the rows of a matrix, without the channels."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return math.prod(shape[1:] if first else shape[:-1])


def _numbers(weight: Any) -> int:
    return math.prod(weight.shape)


def _sum(parts: list[Work]) -> Work:
    """What several cost together."""
    known = [part.multiply_adds for part in parts if part.multiply_adds is not None]
    total = sum(known) if len(known) == len(parts) else None
    return Work(total, sum(part.inner for part in parts))
