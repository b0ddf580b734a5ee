"""What a schedule of the learning rate promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol


class Follower(Protocol):
    """Sets the learning rate during the fit."""

    @property
    def each_step(self) -> bool:
        """Whether it has to be asked before every step now, so that each is a call of its own."""

    def step(self, batch: int) -> None:
        """Before a step of the epoch, from 0, and before each epoch; it may skip some."""

    def end(self, figures: Mapping[str, float]) -> None:
        """After an epoch with such losses and metrics."""

    def get_state(self) -> dict[str, Any]:
        """What it goes by, as JSON values."""

    def set_state(self, known: Mapping[str, Any]) -> None:
        """Go by what `get_state` gave."""


class Schedule(Protocol):
    """How the learning rate goes over the fit."""

    needs_validation: ClassVar[bool]
    """Whether it looks at the validation loss."""

    @property
    def warm_up(self) -> float | None:
        """Epochs in which the rate rises to its height."""

    def create(self, learning_rate: float, steps: int, epochs: int) -> Any:
        """What a Keras optimizer takes as its learning rate: a schedule object, or a number.

        Args:
            learning_rate: The height that the rate starts from, or rises to.
            steps: Steps per epoch, >= 1.
            epochs: Epochs of the fit, >= 1.
        """

    def follow(self, model: Any, steps: int) -> Follower | None:
        """What sets the rate during the fit; None where the schedule object says all.

        Args:
            model: The network, compiled.
            steps: Steps per epoch.
        """

    def script(self) -> Mapping[str, str]:
        """Expressions of Keras callbacks, by name, that do what `follow` does.

        They may use `model`, `steps` (per epoch) and `rising(model, steps)`, which lets the rate
        rise in a line.
        """
