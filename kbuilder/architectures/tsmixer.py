"""Dense layers along the steps and along the columns, in turn."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import flattened, unmasked
from kbuilder.contracts import Form, Signal
from kbuilder.spec import Count, Fraction, Spec


class TSMixer(Spec):
    """Blocks that mix what the steps say, the same way in each column, then what columns say.

    Each half of a block is added to what comes into it, which is normalised over steps and columns
    together. The paper projects each column by itself to the steps to come; here the task's last
    layer takes all steps of all columns.

    Input shape: sequence (batch, time, d).
    Output shape: (batch, time · d).
    Source: Chen et al. 2023, arXiv:2303.06053.
    """

    blocks: Count = 2
    """How many; >= 1."""
    units: Count = 32
    """Units of the hidden layer that mixes columns; >= 1."""
    dropout: Fraction = 0.1
    """Share dropped after each dense layer in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("sequence",)

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        x = unmasked(signal, "tsmixer")
        flattened(Signal("sequence", x), "tsmixer")  # it has to have a length
        time, width = x.shape[1:]
        for _ in range(self.blocks):
            mixed = layers.Permute((2, 1))(layers.LayerNormalization(axis=(1, 2))(x))
            mixed = layers.Dense(time, activation="relu")(mixed)  # (batch, d, time)
            x = layers.Add()([x, layers.Dropout(self.dropout)(layers.Permute((2, 1))(mixed))])
            mixed = layers.LayerNormalization(axis=(1, 2))(x)
            mixed = layers.Dense(self.units, activation="relu")(mixed)
            mixed = layers.Dense(width)(layers.Dropout(self.dropout)(mixed))
            x = layers.Add()([x, layers.Dropout(self.dropout)(mixed)])
        return flattened(Signal("sequence", x), "tsmixer")
