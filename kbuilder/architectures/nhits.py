"""Blocks that look at a series more and more closely, each at what those before it left."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import dense, flattened, unmasked
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Counts, Fraction, Spec


class NHiTS(Spec):
    """Dense blocks, one for each pool size: the first sees the slowest of a series, the last all.

    A block takes the maximum of `pool_size` steps, and has two outputs, of as many numbers as
    pooled steps. One, repeated to the length of the window, is subtracted from the window before
    the next block sees it. The other is for the forecast: the paper interpolates it to the steps to
    come, here the task's last layer learns how.

    Input shape: sequence (batch, time, d).
    Output shape: (batch, ⌈time / pool size⌉ summed over blocks).
    Source: Challu et al. 2022, arXiv:2201.12886.
    """

    pool_sizes: Counts = (8, 4, 1)
    """Steps that are pooled, by block; each >= 1. More than there are count as all."""
    units: Count = 64
    """Units of each hidden layer; >= 1."""
    depth: Count = 2
    """Hidden layers of a block; >= 1."""
    dropout: Fraction = 0.0
    """Share of the hidden units dropped in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("sequence",)

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        x = unmasked(signal, "nhits")
        flattened(Signal("sequence", x), "nhits")  # it has to have a length
        time, width = x.shape[1:]
        found = []
        for number, size in enumerate(self.pool_sizes, start=1):
            size = min(size, time)
            steps = -(-time // size)
            pooled = layers.MaxPooling1D(size, size, padding="same")(x)
            hidden = layers.Flatten()(pooled)
            for _ in range(self.depth):
                hidden = dense(hidden, self.units, dropout=self.dropout)
            found.append(layers.Dense(steps)(hidden))
            if number == len(self.pool_sizes):
                break
            seen = layers.Reshape((steps, width))(layers.Dense(steps * width)(hidden))
            seen = layers.Cropping1D((0, steps * size - time))(layers.UpSampling1D(size)(seen))
            x = layers.Subtract()([x, seen])
        return layers.Concatenate()(found) if len(found) > 1 else found[0]
