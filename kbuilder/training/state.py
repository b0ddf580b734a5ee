"""All that a network in training carries from one step to the next, as arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


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
    """Copies of all variables; the fit may go on at once."""
    own = variables(trainer, metrics)
    return {f"{n:05d}": np.array(v.numpy(), copy=True) for n, v in enumerate(own)}


def restore(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Set the variables that were captured; the trainer has been built, and has the same."""
    own = variables(trainer, metrics=True)
    given = [arrays[name] for name in sorted(arrays) if name.isdecimal()]
    for variable, array in zip(own, given, strict=False):
        variable.assign(array)
