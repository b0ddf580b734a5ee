"""One of several values as a vector that is learned."""

from __future__ import annotations

from typing import Any

from kbuilder.contracts import Signal


def embedded(index: Any, size: int, length: int) -> Signal:
    """An index through an embedding. (batch, 1) integers to (batch, length)

    Args:
        index: From 0 to size - 1.
        size: The number of values, with those for missing and unknown ones.
        length: Of the vector of each.
    """
    import keras

    vectors = keras.layers.Embedding(size, length)(index)  # (batch, 1, length)
    return Signal("vector", keras.layers.Flatten()(vectors))
