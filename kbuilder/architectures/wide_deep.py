"""A wide and a deep network side by side."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import dense
from kbuilder.architectures._piecewise import Piecewise
from kbuilder.contracts import Form, Signal
from kbuilder.layer_lists.spelling import Activation
from kbuilder.spec import Counts, Fraction


class WideDeep(Piecewise):
    """A linear model that remembers, beside dense layers that generalise, trained together.

    The last layer takes all three: the columns as they are, crosses of those that are named, and
    what the dense layers make of them.

    Input shape: vector (batch, d).
    Output shape: (batch, d + combinations of all crosses + units of the last dense layer).
    Source: Cheng et al. 2016, arXiv:1606.07792.
    """

    units: Counts = (256, 128)
    """Units of each dense layer, the first nearest to the input; each >= 1."""
    activation: Activation = "relu"
    """Activation of each dense layer."""
    dropout: Fraction = 0.3
    """Share dropped after each dense layer in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("vector",)

    def apply(self, signal: Signal) -> Any:
        import keras

        deep = self.in_pieces(signal.tensor, signal)
        for units in self.units:
            deep = dense(deep, units, self.activation, dropout=self.dropout)
        return keras.layers.Concatenate()([signal.tensor, *self.crossed(signal), deep])
