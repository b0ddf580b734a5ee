"""All that a network in training carries from one step to the next, as arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder.errors import RunError


def variables(trainer: Any, metrics: bool) -> list[Any]:
    """Weights, seeds of dropout and augmentation, the optimizer's variables; those of the metrics.

    Where several machines train, all of them have to read a metric together, and none has to read
    what it is at the end of an epoch.
    """
    known: dict[int, Any] = {}
    for variable in (
        *trainer.variables,
        *(trainer.optimizer.variables if trainer.optimizer is not None else ()),
        *(trainer.metrics_variables if metrics else ()),
    ):
        known.setdefault(id(variable), variable)
    return list(known.values())


def capture(trainer: Any, metrics: bool = True) -> dict[str, np.ndarray]:
    """Copies of all variables; the fit may continue at once."""
    own = variables(trainer, metrics)
    return {f"{n:05d}": np.array(v.numpy(), copy=True) for n, v in enumerate(own)}


def restore(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Set the variables that were captured; the trainer has been built, and has the same.

    Raises:
        RunError: if it has others.
    """
    given = {name: array for name, array in arrays.items() if "/" not in name}
    own = {f"{n:05d}": v for n, v in enumerate(variables(trainer, metrics=True))}
    fewest = len(variables(trainer, metrics=False))
    shapes = {name: tuple(variable.shape) for name, variable in own.items() if name in given}
    if len(given) < fewest or shapes != {name: array.shape for name, array in given.items()}:
        raise RunError(
            "the checkpoint does not fit the network: another version of kbuilder or Keras wrote "
            "it. Resume with that version, or fit again."
        )
    for name, array in given.items():
        own[name].assign(array)
