"""Mixed precision: matrices are multiplied in bfloat16; weights, sums and losses stay float32.

Micikevicius et al., Mixed precision training, 2018, arXiv:1710.03740; Kalamkar et al., A study of
BFLOAT16 for deep learning training, 2019, arXiv:1905.12322.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from kbuilder import internals

Precision = Literal["float32", "bfloat16"]


@contextmanager
def computing(trainer: Any, precision: Precision) -> Iterator[None]:
    """While it lasts the network multiplies in a precision; its weights are float32 throughout.

    Only layers that multiply by matrices do so; those that give the outputs do not, since a
    bfloat16 has three digits. What is computed afterwards, and every export, is in float32.

    Args:
        trainer: The network.
        precision: In what it multiplies.
    """
    layers = _layers(trainer) if precision == "bfloat16" else []
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = "mixed_bfloat16"
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


def _layers(trainer: Any) -> list[Any]:
    """The layers that multiply by matrices, but for those that give the outputs."""
    import keras

    # Attention holds others, and multiplies by itself what they give it.
    kinds = (
        keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv2D,
        keras.layers.Conv3D, keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D,
        keras.layers.SeparableConv1D, keras.layers.SeparableConv2D,
    )  # fmt: skip
    attention = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
    last = _last(trainer, (*kinds, *attention))
    found: list[Any] = []
    for layer in internals.layers(trainer):
        if layer in last:
            continue
        if isinstance(layer, attention):
            found += [layer, *internals.layers(layer)]
        elif isinstance(layer, kinds):
            found.append(layer)
    return list({id(layer): layer for layer in found}.values())


def _last(trainer: Any, kinds: tuple[type, ...]) -> list[Any]:
    """The layers of some kinds after which, on the way to an output, there is no other."""
    found, tensors, seen = [], list(trainer.outputs), set()
    while tensors:
        tensor = tensors.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        made = internals.made_by(tensor)
        if isinstance(made.layer, kinds):
            found.append(made.layer)
        else:
            tensors += made.node.input_tensors
    return found
