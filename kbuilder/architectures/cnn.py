"""A convolutional network."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from kbuilder.architectures._composition import (
    convolution,
    dense,
    kernel_options,
    pooled,
    real,
    unpadded,
)
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError
from kbuilder.layer_lists.spelling import Activation, Initializer, Normalization, Strength
from kbuilder.spec import Count, Counts, Fraction, Spec, Units


class CNN(Spec):
    """Convolutions with pooling in between, then Flatten or global pooling, then dense layers.

    Convolutions are 2-D on images, 1-D on text (which is embedded first) and sequences; they keep
    the size of their input ("same" padding), and each pooling divides it by `pool_size`. Steps
    that are padding count as what is beyond the edge, and in no pooling.

    Input shape: image (batch, height, width, channels), text (batch, time) or sequence
        (batch, time, d).
    Output shape: (batch, d).
    Source: LeCun et al. 1989, Neural Computation 1 (doi:10.1162/neco.1989.1.4.541).
    """

    filters: Counts = (32, 64)
    """Filters of each convolution, the first nearest to the input; each >= 1."""
    kernel_size: Count = 3
    """Length of each side of a kernel; >= 1."""
    dilation_rate: Count = 1
    """Distance between the cells that a kernel takes in; above 1 "atrous" (arXiv:1511.07122)."""
    separable: bool = False
    """Whether each channel is convolved by itself before all are mixed (arXiv:1610.02357)."""
    activation: Activation = "relu"
    """Activation of each layer: a name, `{leaky_relu: 0.1}`, or `{maxout: 2}`."""
    normalization: Normalization = "none"
    """What each convolution is normalised over: the batch, its channels, groups of them."""
    pooling: Literal["max", "average", "none"] = "max"
    """What follows each convolution."""
    pool_size: int = Field(default=2, ge=2)
    """Length of each side of a pooling window; >= 2."""
    reduce: Literal["flatten", "max", "average"] | None = None
    """How the map becomes a vector: flatten, or global max or average pooling; left out: flatten
    for images, max along time."""
    units: Units = ()
    """Units of dense layers after that; each >= 1."""
    embedding: Count = 64
    """Length of the vector of a word, for text; >= 1."""
    input_dropout: Fraction = 0.0
    """Share of the inputs (of text: of the embedding) dropped in training; 0 <= p < 1."""
    spatial_dropout: Fraction = 0.0
    """Share of whole channels dropped after each convolution; 0 <= p < 1 (arXiv:1411.4280)."""
    dropout: Fraction = 0.0
    """Share dropped after the pooling into a vector and after each dense layer; 0 <= p < 1."""
    kernel_initializer: Initializer = "glorot_uniform"
    """How the weights start; He's (arXiv:1502.01852) suit relu and its kin in deep networks."""
    l2: Strength = 0.0
    """Strength of the penalty on the squares of the weights; >= 0."""

    forms: ClassVar[tuple[Form, ...]] = ("image", "text", "sequence")

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.pool_steps import PoolSteps
        from kbuilder.layers.slid_mask import SlidMask

        layers = keras.layers
        x, mask = signal.tensor, real(signal)
        if signal.form == "text":
            x = layers.Embedding(signal.vocabulary_size, self.embedding)(x)
        flat = signal.form == "image"
        reduce = self.reduce or ("flatten" if flat else "max")
        poolings = 0 if self.pooling == "none" else len(self.filters) - (reduce != "flatten")
        self._check_size(x.shape[1:-1], poolings)
        if self.input_dropout:
            x = layers.Dropout(self.input_dropout)(x)
        options = kernel_options(self.kernel_initializer, self.l2)
        pool = {
            "max": layers.MaxPooling2D if flat else layers.MaxPooling1D,
            "average": layers.AveragePooling2D if flat else layers.AveragePooling1D,
        }
        for place, filters in enumerate(self.filters):
            x = convolution(
                x, filters, self.kernel_size, self.activation, self.normalization, self.separable,
                options, mask, padding="same", dilation_rate=self.dilation_rate,
            )  # fmt: skip
            if self.spatial_dropout:
                drop = layers.SpatialDropout2D if flat else layers.SpatialDropout1D
                x = drop(self.spatial_dropout)(x)
            if place < poolings and mask is None:
                x = pool[self.pooling](pool_size=self.pool_size)(x)
            elif place < poolings:
                windows = {"pool_size": self.pool_size, "padding": "end"}
                x = PoolSteps(self.pooling, **windows)(x, mask=mask)  # type: ignore[arg-type]
                mask = SlidMask(self.pool_size, self.pool_size, "end")(mask)
        ends = {
            "flatten": layers.Flatten,
            "max": layers.GlobalMaxPooling2D if flat else layers.GlobalMaxPooling1D,
            "average": layers.GlobalAveragePooling2D if flat else layers.GlobalAveragePooling1D,
        }
        if mask is None or reduce == "flatten":
            x = ends[reduce]()(unpadded(x, mask))
        else:
            x = pooled(x, reduce, mask)
        if self.dropout:
            x = layers.Dropout(self.dropout)(x)
        for units in self.units:
            x = dense(x, units, self.activation, dropout=self.dropout, **options)
        return x

    def _check_size(self, size: tuple[int | None, ...], poolings: int) -> None:
        """Refuse an input that the poolings would reduce to nothing; None is any size."""
        least = self.pool_size**poolings
        if any(side is not None and side < least for side in size):
            shown = " × ".join(str(n) for n in size)
            raise BuildError(
                f"the input of cnn is {shown}, and {poolings} poolings by {self.pool_size} need "
                f"at least {least} along each side. Give fewer filters, `pooling: none`, or a "
                "larger input.",
                key=("model",),
            )
