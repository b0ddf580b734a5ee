"""The body that the recurrent architectures share; they differ in the cell alone."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import keras

from kbuilder.contracts import Signal
from kbuilder.layers.pool_over_time import PoolOverTime


class Recurrent(Protocol):
    """The fields that the recurrent architectures have in common."""

    units: tuple[int, ...]
    bidirectional: bool
    embedding: int
    input_dropout: float
    dropout: float
    recurrent_dropout: float
    pooling: Literal["last", "average", "max"]


def recurrent(cell: Any, spec: Recurrent, signal: Signal) -> Any:
    """Embedding (of text), stacked recurrent layers, one vector.

    Args:
        cell: The Keras layer class: SimpleRNN, LSTM or GRU.
        spec: Units and dropout of the layers.
        signal: text (batch, time) or sequence (batch, time, d).

    Returns:
        A KerasTensor (batch, units), twice the units if bidirectional.
    """
    x = signal.tensor
    if signal.form == "text":
        x = keras.layers.Embedding(signal.vocabulary_size, spec.embedding, mask_zero=True)(x)
    if spec.input_dropout:
        x = keras.layers.Dropout(spec.input_dropout)(x)
    for place, units in enumerate(spec.units):
        on_top = place == len(spec.units) - 1
        layer = cell(
            units,
            return_sequences=not on_top or spec.pooling != "last",
            recurrent_dropout=spec.recurrent_dropout,
        )
        x = keras.layers.Bidirectional(layer)(x) if spec.bidirectional else layer(x)
        if on_top and spec.pooling != "last":
            x = PoolOverTime(spec.pooling)(x)
        if spec.dropout:
            x = keras.layers.Dropout(spec.dropout)(x)
    return x
