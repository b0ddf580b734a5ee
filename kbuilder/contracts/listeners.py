"""What a fit tells those who follow it, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    Protocol,
)

if TYPE_CHECKING:
    from kbuilder.runs.checkpoints import Checkpoint


class Progress(NamedTuple):
    """Where a fit stands after a step, or after several that were one execution.

    Args:
        step, steps: The step of the epoch, from 1, and how many it has.
        epoch, epochs: The epoch, from 1, and how many there are at most.
        loss: The mean loss of the epoch so far.
        rate: Examples per second in the epoch so far.
        memory: Bytes that the device has in use at most.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    rate: float
    memory: int


class Fit(Protocol):
    """A fit under way, as its listeners see it."""

    @property
    def model(self) -> Any:
        """The network in training, a Keras model."""

    @property
    def epochs(self) -> int:
        """How many epochs there are at most, those that are done included."""

    @property
    def steps(self) -> int:
        """Steps of an epoch."""

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """Figures of the epochs that are done."""

    @property
    def last(self) -> bool:
        """Whether no epoch follows the one that is done."""

    def checkpoint(self) -> Checkpoint:
        """All that is needed to resume the fit from here."""


class Listener(Protocol):
    """Follows a fit, and may end it. One method is a must; it may have more:

    - `begin(fit)` is called with a `Fit` as each phase of it begins, and `end()` at its end.
    - `step(progress)` is called after each execution of steps, with a `Progress`.
    - `over`, asked before each epoch: whether the phase is to end.
    - `get_state()` returns JSON values, which are kept in each checkpoint (None: there are none),
      and `set_state(known)` is called with them where a fit is resumed; `get_arrays()` and
      `set_arrays(known)` do the same with NumPy arrays by name.
    - `lost()` is called where another worker is gone, which the fit cannot do without.
    """

    def epoch(self, figures: Mapping[str, float]) -> bool | None:
        """Called after each epoch. True ends the fit, which keeps its best weights.

        Args:
            figures: `epoch` from 1, `seconds`, `learning_rate`, losses and metrics.
        """
