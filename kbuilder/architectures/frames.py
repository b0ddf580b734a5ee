"""A network for images on each frame of a video, then one for sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

from kbuilder.architectures._body import adapted, body_of
from kbuilder.architectures.cnn import CNN
from kbuilder.architectures.lstm import LSTM
from kbuilder.contracts import Architecture, Body, Choice, Form, Signal
from kbuilder.errors import BuildError
from kbuilder.named import Named
from kbuilder.spec import Spec


class Frames(Spec):
    """A network for images, applied to each frame of a video, then a network for their sequence.

    All frames share one network for images: its weights learn from each frame of each video, and
    batch normalisation takes its mean over all frames of a batch. Its vectors are the steps of a
    sequence, of which padding is masked. Last layers that it has beside its vector, as auxiliary
    classifiers, are left out.

    Input shape: video (batch, frames, height, width, channels), the number of frames known.
    Output shape: (batch, d), as the network for sequences gives it.
    Source: Donahue et al. 2015, arXiv:1411.4389.
    """

    image: Annotated[Architecture, Named("architectures", form="image")] | None = None
    """The network of each frame, one that takes images: a name, or a mapping with its fields; left
    out: cnn."""
    sequence: Annotated[Architecture, Named("architectures", form="sequence")] | None = None
    """The network of the sequence of frames, one that takes sequences, alike; left out: lstm."""

    forms: ClassVar[tuple[Form, ...]] = ("video",)

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """The two networks, fitted to what they get."""
        frames = signal.tensor.shape[1]
        return {
            "image": Choice(CNN(), "each frame is an image, and all share one network"),
            "sequence": Choice(LSTM(), f"{frames} frames are a sequence, whose order it reads"),
        }

    def apply(self, signal: Signal) -> Any:
        import keras

        from kbuilder.layers.fold_frames import FoldFrames
        from kbuilder.layers.unfold_frames import UnfoldFrames

        frames, *size = signal.tensor.shape[1:]
        inputs = keras.Input(tuple(size), name="frame")
        body = _applied(self.image or CNN(), Signal("image", inputs, column=signal.column), "image")
        each = keras.Model(inputs, body.tensor, name="each_frame")
        vectors = UnfoldFrames(frames)(each(FoldFrames()(signal.tensor)))
        steps = replace(signal, form="sequence", tensor=vectors)
        after = _applied(self.sequence or LSTM(), steps, "sequence")
        return Body(after.tensor, phases=body.phases)


def _applied(architecture: Architecture, signal: Signal, place: str) -> Body:
    """What one of the two gives.

    Raises:
        BuildError: if it gives no vector, or cannot be built.
    """
    try:
        given, _ = adapted(architecture, signal)
        return body_of(given, signal)
    except BuildError as error:
        key = ("model", place, *error.problem.key[1:])
        raise BuildError(error.problem.message, key=key) from None
