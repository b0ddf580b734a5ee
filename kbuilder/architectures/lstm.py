"""Long short-term memory."""

from __future__ import annotations

from typing import Any

from kbuilder.architectures._recurrent import Recurrent
from kbuilder.contracts import Signal


class LSTM(Recurrent):
    """Long short-term memory, stacked, in one or both directions.

    Text is embedded first; its padding is masked.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, units), twice the last units if bidirectional.
    Source: Hochreiter and Schmidhuber 1997, Neural Computation 9 (doi:10.1162/neco.1997.9.8.1735).
    """

    def apply(self, signal: Signal) -> Any:
        import keras

        return self.stacked(keras.layers.LSTM, signal)
