"""Gated recurrent units."""

from __future__ import annotations

from typing import Any

from kbuilder.architectures._recurrent import Recurrent
from kbuilder.contracts import Signal


class GRU(Recurrent):
    """Gated recurrent units, stacked, in one or both directions.

    Text is embedded first; its padding is masked.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, units), twice the last units if bidirectional.
    Source: Cho et al. 2014, arXiv:1406.1078.
    """

    def apply(self, signal: Signal) -> Any:
        import keras

        return self.stacked(keras.layers.GRU, signal)
