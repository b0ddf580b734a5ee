"""LeNet-5, as it is built today."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError
from kbuilder.spec import Fraction, Spec


class LeNet5(Spec):
    """LeNet-5 in its modern form: full connections, plain subsampling, a dense last layer.

    Convolutions of 6, 16 and 120 filters of 5 × 5, pooling by 2 after the first two, 84 units.
    61,706 parameters with ten classes on 32 × 32 grey images, or 28 × 28, where the first
    convolution keeps the size.

    Input shape: image (batch, height, width, channels), at least 28 × 28.
    Output shape: (batch, 84).
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791).
    """

    activation: Literal["tanh", "relu"] = "tanh"
    """Activation of each layer; the paper's is a scaled tanh."""
    pooling: Literal["average", "max"] = "average"
    """Subsampling after the first two convolutions; the paper's is an average."""
    dropout: Fraction = 0.0
    """Share dropped before the layer of 84 units; the paper has none; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("image",)

    def apply(self, signal: Signal) -> Any:
        import keras

        layers = keras.layers
        x = signal.tensor
        height, width = x.shape[1:3]
        if min(height, width) < 28:
            raise BuildError(
                f"lenet5 needs images of at least 28 × 28 pixels; these are {height} × {width}. "
                "Enlarge them: `features: {image: {kind: image, height: 32, width: 32}}`.",
                key=("model",),
            )
        pool = layers.AveragePooling2D if self.pooling == "average" else layers.MaxPooling2D
        padding = "same" if min(height, width) < 32 else "valid"
        x = layers.Conv2D(6, 5, padding=padding, activation=self.activation, name="c1")(x)
        x = pool(pool_size=2, name="s2")(x)
        x = layers.Conv2D(16, 5, activation=self.activation, name="c3")(x)
        x = pool(pool_size=2, name="s4")(x)
        x = layers.Conv2D(120, 5, activation=self.activation, name="c5")(x)
        x = layers.Flatten()(x)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        return layers.Dense(84, activation=self.activation, name="f6")(x)
