"""A multilayer perceptron."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kbuilder.contracts import Form, Signal
from kbuilder.spec import Counts, Fraction, Spec


class MLP(Spec):
    """A multilayer perceptron: dense layers, each with normalisation and dropout on request.

    Images, sequences and other arrays are flattened first.

    Input shape: vector (batch, d), sequence (batch, time, d) or image (batch, h, w, channels).
    Output shape: (batch, units of the last layer).
    Source: Rumelhart, Hinton and Williams 1986, Nature 323 (doi:10.1038/323533a0).
    """

    units: Counts = (128, 64)
    """Units of each layer, the first nearest to the input; each >= 1."""
    activation: Literal["relu", "tanh", "sigmoid", "elu", "selu", "gelu", "swish"] = "relu"
    """Activation of each layer."""
    batch_normalization: bool = False
    """Whether each layer is normalised over the batch before its activation (arXiv:1502.03167)."""
    dropout: Fraction = 0.0
    """Share dropped after each layer in training; 0 <= p < 1 (Srivastava et al. 2014)."""

    forms: ClassVar[tuple[Form, ...]] = ("vector", "sequence", "image")

    def apply(self, signal: Signal) -> Any:
        import keras

        x = signal.tensor
        if signal.form != "vector":
            x = keras.layers.Flatten()(x)
        for units in self.units:
            x = keras.layers.Dense(units, use_bias=not self.batch_normalization)(x)
            if self.batch_normalization:
                x = keras.layers.BatchNormalization()(x)
            x = keras.layers.Activation(self.activation)(x)
            if self.dropout:
                x = keras.layers.Dropout(self.dropout)(x)
        return x
