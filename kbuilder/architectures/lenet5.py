"""LeNet-5, as it is built today and as it was in 1998."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from kbuilder.architectures._image_network import ImageNetwork
from kbuilder.contracts import Body, Signal
from kbuilder.refusals import refuse
from kbuilder.spec import Fraction

# Which maps of S2 each map of C3 sees: three or four neighbours, four in two pairs, all six.
TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


class LeNet5(ImageNetwork):
    """LeNet-5: convolutions of 6, 16 and 120 filters of 5 × 5, subsampling by 2, 84 units.

    61,706 parameters with ten classes on 32 × 32 grey images, or 28 × 28, where the first
    convolution keeps the size; 60,000 to train in the version of 1998. Images with a side below 28
    get the small stem: convolutions and subsampling keep the border, and the kernels of the third
    convolution are no larger than its input.

    Input shape: image (batch, height, width, channels).
    Output shape: (batch, 84) on 28 × 28 or 32 × 32, and on any other size.
    Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86 (doi:10.1109/5.726791).
    """

    version: Literal["modern", 1998] = "modern"
    """`modern`: full connections, plain subsampling, a dense last layer. `1998`, for tasks with
    classes one of which is right: the paper's table of connections, subsampling that learns, a
    scaled tanh, and a last layer that measures the distance to a fixed code of each class (of -1
    and +1, at random, since the network does not know what the classes look like)."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Activation of each layer of the modern version."""
    pooling: Literal["average", "max"] = "average"
    """Subsampling after the first two convolutions of the modern version."""
    dropout: Fraction = 0.0
    """Share dropped before the layer of 84 units of the modern version; 0 <= p < 1."""

    meant_from: ClassVar[int] = 28
    works_from: ClassVar[int] = 28

    @model_validator(mode="after")
    def _is_of_its_time(self) -> Any:
        for field, expected in (("activation", "tanh"), ("pooling", "average"), ("dropout", 0)):
            given = getattr(self, field)
            if self.version == 1998 and given != expected:
                raise refuse(
                    (field,), f"the version of 1998 has its own layers. Expected no {field}, or "
                    "`version: modern`", given,
                )  # fmt: skip
        return self

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.radial_basis_output import RadialBasisOutput

        layers = keras.layers
        x = signal.tensor
        border = "same" if self.small(signal) else "valid"
        first = "same" if min(x.shape[1:3]) < 32 else "valid"
        x = self._activated(layers.Conv2D, x, 6, 5, padding=first, name="c1")
        x = self._subsampled(x, border, "s2")
        x = self._third(x, border)
        x = self._subsampled(x, border, "s4")
        kernel = [min(5, side) for side in x.shape[1:3]]
        x = self._activated(layers.Conv2D, x, 120, kernel, name="c5")
        x = layers.Flatten()(x)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        x = self._activated(layers.Dense, x, 84, name="f6")
        return Body(x, output=RadialBasisOutput) if self.version == 1998 else x

    def _activated(self, layer: Any, x: Any, *shape: Any, **options: Any) -> Any:
        """A Keras layer of that class and its activation."""
        if self.version == "modern":
            return layer(*shape, activation=self.activation, **options)(x)
        from kbuilder.layers.scaled_tanh import ScaledTanh

        return ScaledTanh()(layer(*shape, kernel_initializer="lecun_uniform", **options)(x))

    def _subsampled(self, x: Any, border: str, name: str) -> Any:
        """Half as high and half as wide."""
        import keras

        if self.version == "modern":
            average = self.pooling == "average"
            pool = keras.layers.AveragePooling2D if average else keras.layers.MaxPooling2D
            return pool(2, padding=border, name=name)(x)
        from kbuilder.layers.scaled_tanh import ScaledTanh
        from kbuilder.layers.subsampling import Subsampling

        return ScaledTanh()(Subsampling(2, border, name=name)(x))

    def _third(self, x: Any, border: str) -> Any:
        """The convolution whose filters in the paper see some of the maps each."""
        import keras

        if self.version == "modern":
            return self._activated(keras.layers.Conv2D, x, 16, 5, padding=border, name="c3")
        from kbuilder.layers.scaled_tanh import ScaledTanh
        from kbuilder.layers.table_conv2d import TableConv2D

        return ScaledTanh()(TableConv2D(TABLE, (5, 5), border, name="c3")(x))
