"""Gated recurrent units."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Counts, Fraction, Spec


class GRU(Spec):
    """Gated recurrent units, stacked, in one or both directions.

    Text is embedded first; its padding is masked.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, units), twice the last units if bidirectional.
    Source: Cho et al. 2014, arXiv:1406.1078.
    """

    units: Counts = (64,)
    """Units of each layer, the first nearest to the input; each >= 1."""
    bidirectional: bool = False
    """Whether each layer also reads from the end to the beginning (doubles its units)."""
    embedding: Count = 64
    """Length of the vector of a word, for text; >= 1."""
    input_dropout: Fraction = 0.0
    """Share of the inputs (of text: of the embedding) dropped in training; 0 <= p < 1."""
    dropout: Fraction = 0.0
    """Share dropped after each layer in training; 0 <= p < 1."""
    recurrent_dropout: Fraction = 0.0
    """Share of the state dropped at each step in training (slower on GPUs); 0 <= p < 1."""
    pooling: Literal["last", "average", "max"] = "last"
    """What becomes of the steps: the last state, or the mean or maximum of all."""

    forms: ClassVar[tuple[Form, ...]] = ("text", "sequence")

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.recurrent import recurrent

        return recurrent(keras.layers.GRU, signal, **self.model_dump())
