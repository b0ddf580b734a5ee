"""What the networks for images share: how they begin, their convolutions, their dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from kbuilder import catalog
from kbuilder.contracts import Choice, Form, Signal
from kbuilder.errors import BuildError
from kbuilder.spec import Spec


class ImageNetwork(Spec):
    """Abstract: a network whose first layers fit themselves to the size of the images."""

    stem: Literal["auto", "paper", "small"] = "auto"
    """The first layers: `paper`, those of the paper; `small`, gentler ones that take images of any
    size; `auto`, small where the images are too small for those of the paper."""

    forms: ClassVar[tuple[Form, ...]] = ("image",)
    meant_from: ClassVar[int] = 1
    """From this side on `auto` takes the paper's layers."""
    works_from: ClassVar[int] = 1
    """From this side on they leave a map at all."""

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """The stem, from the shorter side of the images."""
        height, width = signal.tensor.shape[1:3]
        size, side = f"the images are {height} × {width}", self.meant_from
        if min(height, width) < side:
            why = f"{size}, and the paper's first layers are for a side of {side} or more"
            return {"stem": Choice("small", why)}
        return {"stem": Choice("paper", f"{size}, which the paper's first layers are fit for")}

    def small(self, signal: Signal) -> bool:
        """Whether the network begins small.

        Raises:
            BuildError: if the paper's layers are asked for and would leave nothing of the images.
        """
        stem = self.decide(signal)["stem"].value if self.stem == "auto" else self.stem
        height, width = signal.tensor.shape[1:3]
        least = self.works_from
        if stem == "paper" and min(height, width) < least:
            raise BuildError(
                f"{catalog.name_of(self)} with `stem: paper` needs images of at least {least} × "
                f"{least} pixels; these are {height} × {width}. Write `stem: small`, or enlarge "
                f"them: `{signal.enlarge(least)}`.",
                key=("model", "stem"),
            )
        return stem == "small"


def convolution(
    x: Any,
    filters: int,
    kernel_size: int,
    name: str,
    strides: int = 1,
    batch_normalization: bool = False,
    relu: bool = True,
) -> Any:
    """A convolution that keeps the border, normalised over the batch if asked for, then relu.

    Kernels start as He et al. 2015 (arXiv:1502.01852) have it for relu. With strides the border is
    padded alike on all sides, as in the programs of the papers; Keras's "same" would pad it below
    and to the right.
    """
    import keras

    layers = keras.layers
    padding = "same"
    if strides > 1 and kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        use_bias=not batch_normalization,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    if batch_normalization:
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def classifier(x: Any, units: Sequence[int], dropout: float) -> Any:
    """The map as a vector, then dense layers with relu and dropout. (batch, d)"""
    import keras

    x = keras.layers.Flatten(name="map_flatten")(x)
    for place, width in enumerate(units, start=1):
        x = keras.layers.Dense(
            width, activation="relu", kernel_initializer="he_normal", name=f"dense{place}"
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{place}")(x)
    return x
