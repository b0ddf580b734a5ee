"""A multilayer perceptron."""

from __future__ import annotations

from typing import Any, ClassVar

from kbuilder.architectures._composition import dense, flattened, kernel_options
from kbuilder.architectures._piecewise import Piecewise
from kbuilder.contracts import Form, Signal
from kbuilder.layer_lists.spelling import Activation, Initializer, Normalization, Strength
from kbuilder.spec import Counts, Fraction


class MLP(Piecewise):
    """A multilayer perceptron: dense layers, each with normalisation and dropout on request.

    Images, sequences and other arrays are flattened first.

    Input shape: vector (batch, d), sequence (batch, time, d) or image (batch, h, w, channels).
    Output shape: (batch, units of the last layer).
    Source: Rumelhart, Hinton and Williams 1986, Nature 323 (doi:10.1038/323533a0).
    """

    units: Counts = (256, 128)
    """Units of each layer, the first nearest to the input; each >= 1."""
    activation: Activation = "relu"
    """Activation of each layer: a name, `{leaky_relu: 0.1}`, or `{maxout: 2}`."""
    normalization: Normalization = "none"
    """What each layer is normalised over before its activation: the batch, its units, groups."""
    residual: bool = False
    """Whether each layer's input is added to its output, through a linear layer where widths differ
    (He et al. 2015, arXiv:1512.03385; for tables Gorishniy et al. 2021, arXiv:2106.11959)."""
    dropout: Fraction = 0.3
    """Share dropped after each layer in training; 0 <= p < 1 (Srivastava et al. 2014)."""
    kernel_initializer: Initializer = "glorot_uniform"
    """How the weights start; He's (arXiv:1502.01852) suit relu and its kin in deep networks."""
    l2: Strength = 0.0
    """Strength of the penalty on the squares of the weights; >= 0."""

    forms: ClassVar[tuple[Form, ...]] = ("vector", "sequence", "image")

    def apply(self, signal: Signal) -> Any:
        import keras

        x = self.in_pieces(flattened(signal, "mlp"), signal)
        x = self.with_crosses(x, signal)
        options = kernel_options(self.kernel_initializer, self.l2)
        for units in self.units:
            y = dense(x, units, self.activation, self.normalization, self.dropout, **options)
            if self.residual:
                if x.shape[-1] != units:
                    x = keras.layers.Dense(units, use_bias=False, **options)(x)
                y = keras.layers.Add()([x, y])
            x = y
        return x
