"""A simple recurrent network."""

from __future__ import annotations

from typing import Any

from kbuilder.architectures._recurrent import Recurrent
from kbuilder.contracts import Signal


class RNN(Recurrent):
    """A simple recurrent network, stacked, in one or both directions.

    Text is embedded first; its padding is masked.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, units), twice the last units if bidirectional.
    Source: Elman 1990, Finding structure in time,
    Cognitive Science 14 (doi:10.1207/s15516709cog1402_1).
    """

    def apply(self, signal: Signal) -> Any:
        import keras

        return self.stacked(keras.layers.SimpleRNN, signal)
