"""Networks that have learned on ImageNet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import PlainSerializer, TypeAdapter, ValidationInfo, WrapValidator, model_validator

from kbuilder.architectures import _applications as applications
from kbuilder.architectures._fine_tuning import FineTuning
from kbuilder.contracts import Body, Choice, Form, Signal
from kbuilder.errors import BuildError
from kbuilder.refusals import refuse
from kbuilder.spec import DataPath, Fraction, Spec


def _weights(value: object, _: Any, info: ValidationInfo) -> object:
    if value in ("imagenet", "none"):
        return value
    return TypeAdapter(DataPath).validate_python(value, context=info.context)


class Pretrained(Spec):
    """A network of `keras.applications` that has learned on ImageNet, with a new last layer.

    Its map is pooled to one vector. Images are rescaled, and their colours ordered, as they were
    when it learned; a grey image is given three times, as red, green and blue. While a network is
    frozen its batch normalisation keeps its averages, also when some of its layers are tuned.

    Input shape: (batch, height, width, 1 or 3), of at least 32 × 32 pixels: for InceptionV3 and
        InceptionResNetV2 75 × 75, for Xception 71 × 71. Most learned on 224 × 224.
    Output shape: (batch, channels of the last map), 1280 for MobileNetV2.
    Source: Yosinski et al. 2014, arXiv:1411.1792, on what is kept and what is tuned; each network
        has its own, named at keras.io/api/applications.
    """

    network: Literal[applications.NETWORKS] = "MobileNetV2"  # type: ignore[valid-type]
    """Which network, as Keras spells it."""
    weights: Annotated[
        Path | Literal["imagenet", "none"],
        WrapValidator(_weights, json_schema_input_type=Literal["imagenet", "none"] | str),
        PlainSerializer(lambda value: value if isinstance(value, str) else str(value.absolute())),
    ] = "imagenet"
    """imagenet: Keras's own, downloaded once; a file: `.weights.h5`, `.h5` or `.keras`, of which
    only weights are read; none: random ones. EfficientNetB0 to B7 take a file as one that learned
    on ImageNet."""
    freeze: bool | None = None
    """Whether the network keeps its weights, so that the last layer alone learns; left out: as long
    as it has any to keep."""
    fine_tune: FineTuning | None = None
    """A second phase of the fit, in which its last layers learn too, slowly: `{}`, or with
    `layers`, `epochs`, `learning_rate`. `kb.build` gives the network of the first."""
    pooling: Literal["average", "max"] = "average"
    """What becomes of each channel of the last map: its mean or its greatest value."""
    dropout: Fraction = 0.2
    """Share of the vector dropped in training; 0 <= p < 1."""

    forms: ClassVar[tuple[Form, ...]] = ("image",)

    @model_validator(mode="after")
    def _there_is_something_to_keep(self) -> Any:
        if self.freeze and self.weights == "none":
            raise refuse(
                ("freeze",),
                "random weights would be kept as they are. Expected false, or weights that have "
                "learned: `weights: imagenet`",
                self.freeze,
            )
        if self.fine_tune and not self.frozen:
            raise refuse(
                ("fine_tune",),
                "all layers learn from the first step, which leaves nothing to tune afterwards. "
                "Expected `freeze: true`, and weights that have learned",
            )
        return self

    @property
    def frozen(self) -> bool:
        """Whether the network keeps its weights, written or not."""
        return self.weights != "none" if self.freeze is None else self.freeze

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """Whether to freeze, from the weights."""
        if self.weights == "none":
            return {"freeze": Choice(False, "its weights are random")}
        return {"freeze": Choice(True, "its weights have learned already")}

    def apply(self, signal: Signal) -> Any:
        import keras

        x = self._checked(signal)
        shape = tuple(x.shape[1:3])
        if x.shape[-1] == 1:
            x = keras.layers.Concatenate(name="three_channels")([x, x, x])
        read = isinstance(self.weights, Path)
        x = applications.preprocessed(x, self.network, read)
        base = applications.create(
            self.network, self.weights, (*shape, 3), self.pooling, self.frozen
        )
        tuning = self.fine_tune
        phases = tuning.phases(base, self.network) if tuning else ()
        # This also keeps the averages of batch normalisation, which `training=False` in the call
        # would not: a model that is fitted calls all that is within it with `training=True`.
        base.trainable = not self.frozen
        x = base(x)
        if self.dropout:
            x = keras.layers.Dropout(self.dropout)(x)
        return Body(x, phases=phases)

    def _checked(self, signal: Signal) -> Any:
        """The images, if the network takes such."""
        height, width, channels = signal.tensor.shape[1:]
        if channels not in (1, 3):
            raise BuildError(
                f"{self.network} has learned on three colours. Expected images of 3 channels, or "
                f"of 1, grey. These have {channels}: leave the others out, `images[..., :3]`.",
                key=("model", "network"),
            )
        least = applications.SMALLEST.get(self.network, applications.USUAL_SMALLEST)
        if min(height, width) < least:
            raise BuildError(
                f"{self.network} needs images of at least {least} × {least} pixels; these are "
                f"{height} × {width}. Enlarge them: `{signal.enlarge(least)}`.",
                key=("model", "network"),
            )
        return signal.tensor
