"""What the recurrent architectures share: all but the cell."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kbuilder.architectures._composition import normalized, pooled, real
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Counts, Fraction, Spec


class Recurrent(Spec):
    """Abstract: stacked recurrent layers, in one or both directions, then one vector."""

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
    normalization: Literal["none", "layer"] = "none"
    """layer: what one layer gives the next is normalised over its units (arXiv:1607.06450)."""
    pooling: Literal["last", "average", "max", "attention"] = "last"
    """What becomes of the steps: the last state; the mean or maximum of all; or their mean by
    learned weights (Bahdanau et al. 2014, arXiv:1409.0473; Yang et al. 2016)."""

    forms: ClassVar[tuple[Form, ...]] = ("text", "sequence")

    def stacked(self, cell: Any, signal: Signal) -> Any:
        """The network of a Keras layer class: SimpleRNN, LSTM or GRU."""
        import keras

        x, mask = signal.tensor, real(signal)
        if signal.form == "text":
            x = keras.layers.Embedding(signal.vocabulary_size, self.embedding)(x)
        if self.input_dropout:
            x = keras.layers.Dropout(self.input_dropout)(x)
        for place, units in enumerate(self.units):
            on_top = place == len(self.units) - 1
            layer = cell(
                units,
                return_sequences=not on_top or self.pooling != "last",
                recurrent_dropout=self.recurrent_dropout,
            )
            layer = keras.layers.Bidirectional(layer) if self.bidirectional else layer
            x = layer(x) if mask is None else layer(x, mask=mask)
            if on_top and self.pooling != "last":
                x = pooled(x, self.pooling, mask)
            if not on_top:
                x = normalized(x, self.normalization)
            if self.dropout:
                x = keras.layers.Dropout(self.dropout)(x)
        return x
