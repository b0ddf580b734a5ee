"""A convolutional network for sentences."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import pooled, real, unpadded
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Counts, Fraction, Spec


class TextCNN(Spec):
    """Convolutions of several lengths side by side, each looking for phrases of its own length.

    Of each filter the greatest value counts, wherever in the sentence it is. Windows reach over the
    ends of a text ("same" padding), so it may be shorter than any kernel; those centred on padding
    are not looked at.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, filters * number of kernel sizes).
    Source: Kim 2014, arXiv:1408.5882.
    """

    filters: Count = 100
    """Filters of each length; >= 1."""
    kernel_size: Counts = (3, 4, 5)
    """Lengths of the kernels, in steps; each >= 1."""
    embedding: Count = 128
    """Length of the vector of a word, for text; >= 1."""
    input_dropout: Fraction = 0.0
    """Share of the inputs (of text: of the embedding) dropped in training; 0 <= p < 1."""
    dropout: Fraction = 0.5
    """Share of the output dropped in training; the paper's is 0.5; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("text", "sequence")

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        x = signal.tensor
        mask = real(signal)
        if signal.form == "text":
            x = layers.Embedding(signal.vocabulary_size, self.embedding)(x)
        if self.input_dropout:
            x = layers.Dropout(self.input_dropout)(x)
        x = unpadded(x, mask)
        found = [
            pooled(layers.Conv1D(self.filters, size, padding="same", activation="relu")(x),
                   "max", mask)
            for size in self.kernel_size
        ]  # fmt: skip
        x = layers.Concatenate()(found) if len(found) > 1 else found[0]
        return layers.Dropout(self.dropout)(x) if self.dropout else x
