"""What a served model takes and gives: the names, dtypes and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

DType = Literal["float32", "int64", "uint8", "string"]
Columns = dict[str, np.ndarray]
"""An array by name, each with the rows as its first axis; strings are objects."""


@dataclass(frozen=True)
class Tensor:
    """One input or output.

    Args:
        dtype: What its values are.
        shape: Its axes, the rows first; None: any number.
    """

    dtype: DType
    shape: tuple[int | None, ...]

    @property
    def row(self) -> tuple[int | None, ...]:
        """The shape of one row."""
        return self.shape[1:]


@dataclass(frozen=True)
class Signature:
    """The inputs and the outputs, by name."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    @cached_property
    def groups(self) -> dict[Tensor, list[str]]:
        """The inputs of each dtype and shape: one array can hold the values of all of them."""
        found: dict[Tensor, list[str]] = {}
        for name, tensor in self.inputs.items():
            found.setdefault(tensor, []).append(name)
        return found
