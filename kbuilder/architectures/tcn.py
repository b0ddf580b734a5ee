"""A temporal convolutional network."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from pydantic import Field

from kbuilder.architectures._composition import pooled, real
from kbuilder.contracts import Choice, Form, Signal
from kbuilder.spec import Count, Counts, Fraction, Spec


class TCN(Spec):
    """Residual blocks of two causal convolutions each, with gaps that double from block to block.

    A step sees itself and what came before it, never what comes after, such as padding. Its
    receptive field is 1 + 2 (kernel_size - 1) (d₁ + d₂ + …) steps with dilations d₁, d₂, …, so with
    n that double from 1 it is 1 + 2 (kernel_size - 1) (2ⁿ - 1). The paper's normalisation of
    weights is left out.

    Input shape: text (batch, time) or sequence (batch, time, d).
    Output shape: (batch, filters).
    Source: Bai, Kolter and Koltun 2018, arXiv:1803.01271.
    """

    filters: Count = 64
    """Filters of each convolution; >= 1."""
    kernel_size: int = Field(default=3, ge=2)
    """Steps that a kernel takes in; >= 2."""
    dilations: Counts | None = None
    """Distance between those steps, by block; left out: 1, 2, 4, … until the last step sees all."""
    embedding: Count = 64
    """Length of the vector of a word, for text; >= 1."""
    input_dropout: Fraction = 0.0
    """Share of the inputs (of text: of the embedding) dropped in training; 0 <= p < 1."""
    dropout: Fraction = 0.0
    """Share of the channels dropped after each convolution in training; 0 <= p < 1."""
    pooling: Literal["last", "average", "max", "attention"] = "last"
    """What becomes of the steps: the last; the mean or maximum of all; or their mean by learned
    weights."""

    forms: ClassVar[tuple[Form, ...]] = ("text", "sequence")

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """The fewest doubling dilations with which the last step sees all steps."""
        time = signal.tensor.shape[1]
        steps = time or 256
        count = max(1, math.ceil(math.log2(1 + (steps - 1) / (2 * (self.kernel_size - 1)))))
        reason = f"the last step sees all {steps}" if time else "the last step sees 256 or more"
        return {"dilations": Choice(tuple(2**n for n in range(count)), reason)}

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        x = signal.tensor
        mask = real(signal)
        if signal.form == "text":
            x = layers.Embedding(signal.vocabulary_size, self.embedding)(x)
        if self.input_dropout:
            x = layers.Dropout(self.input_dropout)(x)
        for dilation in self.dilations or self.decide(signal)["dilations"].value:
            y = x
            for _ in range(2):
                y = layers.Conv1D(
                    self.filters,
                    self.kernel_size,
                    padding="causal",
                    dilation_rate=dilation,
                    activation="relu",
                    kernel_initializer="he_normal",
                )(y)
                if self.dropout:
                    y = layers.SpatialDropout1D(self.dropout)(y)
            if x.shape[-1] != self.filters:
                x = layers.Conv1D(self.filters, 1)(x)
            x = layers.Activation("relu")(layers.Add()([x, y]))
        return pooled(x, self.pooling, mask)
