"""What a network promises, and what goes into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from kbuilder.contracts.values import Choice, Form, Signal


class Piece(Protocol):
    """A block: a piece of a network, from one tensor to one. See `layer_lists.Block`."""

    @property
    def lists(self) -> Mapping[Any, Any]: ...
    @property
    def closing(self) -> bool: ...
    @property
    def ranks(self) -> tuple[int, ...]: ...
    def apply(self, x: Any, place: Any) -> Any: ...
    def passed(self, x: Any, mask: Any, place: Any) -> tuple[Any, Any]:
        """The output, and which of its steps are real."""


class Augmentation(Protocol):
    """A random change of training images that leaves what they show.

    Each image of a batch has its own draw, alike for all its channels. Nothing is changed but in
    training.
    """

    def unfit(self, height: int, width: int) -> str | None:
        """Why images of so many pixels cannot be changed so, or None."""

    def apply(self, images: Any) -> Any:
        """The changed images (batch, height, width, channels), of about 0 to 1.

        Of a video they are one image with the channels of all frames, in the order of the frames.
        """


class Architecture(Protocol):
    """From a tensor of one form to a vector; never knows the task."""

    forms: ClassVar[tuple[Form, ...]]

    def apply(self, signal: Signal) -> Any:
        """The network without its last layer. Returns a KerasTensor (batch, d), or a `Body`.

        Raises:
            BuildError: if the network cannot be built on such an input.
        """


@runtime_checkable
class Adaptive(Protocol):
    """An architecture that fits itself to the shape of its input, and says so."""

    def decide(self, signal: Signal) -> dict[str, Choice]:
        """The fields that were left open (None or `auto`), from the shape of the input.

        Raises:
            BuildError: as `apply`.
        """
