"""The body that the recurrent architectures share; they differ in the cell alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kbuilder.contracts import Signal
from kbuilder.layers.pool_over_time import PoolOverTime


def recurrent(
    cell: Any,
    signal: Signal,
    *,
    units: Sequence[int],
    bidirectional: bool,
    embedding: int,
    input_dropout: float,
    dropout: float,
    recurrent_dropout: float,
    pooling: Literal["last", "average", "max"],
) -> Any:
    """Embedding (of text), stacked recurrent layers, one vector.

    Args:
        cell: The Keras layer class: SimpleRNN, LSTM or GRU.
        signal: text (batch, time) or sequence (batch, time, d).
        units, …, pooling: As the architectures document them.

    Returns:
        A KerasTensor (batch, units), twice the units if bidirectional.
    """
    x = signal.tensor
    if signal.form == "text":
        x = keras.layers.Embedding(signal.vocabulary_size, embedding, mask_zero=True)(x)
    if input_dropout:
        x = keras.layers.Dropout(input_dropout)(x)
    for place, width in enumerate(units):
        on_top = place == len(units) - 1
        layer = cell(
            width,
            return_sequences=not on_top or pooling != "last",
            recurrent_dropout=recurrent_dropout,
        )
        x = keras.layers.Bidirectional(layer)(x) if bidirectional else layer(x)
        if on_top and pooling != "last":
            x = PoolOverTime(pooling)(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return x
