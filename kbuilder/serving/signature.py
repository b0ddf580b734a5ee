"""What a served model takes and gives: the names, dtypes and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

DType = Literal["float32", "float64", "int64", "uint8", "string"]
OPEN: tuple[DType, ...] = ("float32", "float64", "int64")
"""What a missing number has a value in."""
Columns = dict[str, np.ndarray]
"""An array by name, each with the rows as its first axis; strings are objects."""


@dataclass(frozen=True)
class Tensor:
    """One input or output.

    Args:
        dtype: What its values are.
        shape: Its axes, the rows first; None: any number.
        lists: Whether a row is a set of labels, which may be a list of them.
    """

    dtype: DType
    shape: tuple[int | None, ...]
    lists: bool = False

    @property
    def row(self) -> tuple[int | None, ...]:
        """The shape of one row."""
        return self.shape[1:]

    @property
    def opens(self) -> bool:
        """Whether a row is a sequence of any length, of numbers that may be missing."""
        return self.row[:1] == (None,) and None not in self.row[1:] and self.dtype in OPEN


@dataclass(frozen=True)
class Signature:
    """The inputs and the outputs, by name.

    Args:
        inputs: By the names that TensorFlow allows.
        outputs: By name.
        columns: The column's own name by input, where TensorFlow does not allow it. Clients may
            send either.
        ignored: Columns of the training rows that are no inputs. Rows may come with them.
        members: The columns that an input is made of, by its name. Rows may come with those.
        beside: Names of other functions that take the same inputs.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()

    @cached_property
    def groups(self) -> list[tuple[Tensor, list[str]]]:
        """The inputs of each dtype and shape: one array can hold the values of all of them.

        Of rows of any size each input is by itself: another may have a size of its own.
        """
        found: dict[Tensor, list[str]] = {}
        alone = []
        for name, tensor in self.inputs.items():
            if None in tensor.row:
                alone.append((tensor, [name]))
            else:
                found.setdefault(tensor, []).append(name)
        return [*found.items(), *alone]

    def spelled(self, given: Container[str] = ()) -> Signature:
        """The same, with each input under its column's own name, unless a request has the other.

        Args:
            given: The names of inputs in a request.
        """
        if not self.columns:
            return self
        inputs = {
            name if name in given else self.columns.get(name, name): tensor
            for name, tensor in self.inputs.items()
        }
        return replace(self, inputs=inputs, columns={})

    def named(self, columns: Columns, spelled: Signature) -> Columns:
        """The columns of a request, read as `spelled`, by input."""
        if spelled is self:
            return columns
        pairs = zip(self.inputs, spelled.inputs, strict=True)
        return {name: columns[other] for name, other in pairs}
