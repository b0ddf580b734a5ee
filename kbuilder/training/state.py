"""All that a network in training carries from one step to the next, as arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def variables(trainer: Any) -> list[Any]:
    """Weights, seeds of dropout and augmentation, the optimizer's and the metrics' variables."""
    known: dict[int, Any] = {}
    for variable in (
        *trainer.variables,
        *(trainer.optimizer.variables if trainer.optimizer is not None else ()),
        *trainer.metrics_variables,
    ):
        known.setdefault(id(variable), variable)
    return list(known.values())


def capture(trainer: Any) -> dict[str, np.ndarray]:
    """Copies of all variables; the fit may go on at once."""
    return {f"{n:05d}": np.array(v.numpy(), copy=True) for n, v in enumerate(variables(trainer))}


def restore(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Set all variables; the trainer has been built, and has those that it had."""
    own = variables(trainer)
    given = [arrays[f"{n:05d}"] for n in range(len(own))]
    for variable, array in zip(own, given, strict=True):
        variable.assign(array)
