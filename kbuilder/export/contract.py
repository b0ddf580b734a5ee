"""What a format of exports promises, and the values that pass between it and `exporting.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kbuilder.columns import Arrays, Columns

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Explaining:
    """What explains the answers of a network, for an export that can bring it along.

    Args:
        of: The output that is explained.
        measure: `log-odds` of a class of it, or `number`.
        columns: What the contributions are of, in their order.
        call: From prepared rows, by input of the network, to their explanations; tensors.
        example: What it gives for the first example, as JSON values.
    """

    of: str
    measure: str
    columns: Sequence[str]
    call: Callable[[Mapping[str, Any]], dict[str, Any]]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Fitted:
    """A fitted recipe, as a format takes it.

    Args:
        columns: Learned features and tasks.
        layer: The preprocessing layer, from raw columns to the network's inputs.
        model: The fitted network.
        names: What the input of each column is called.
        raw: Real rows, by column, in the dtypes of the features.
        prepared: The same, by input of the network.
        outputs: What the network answers to them, by output.
        predictions: The same as `predict` says it: JSON values by name, a dictionary a row.
        explaining: Gives what explains its answers, or the reason why nothing does.
    """

    columns: Columns
    layer: Any
    model: Any
    names: Mapping[str, str]
    raw: Arrays
    prepared: Arrays
    outputs: Arrays
    predictions: Sequence[Mapping[str, Any]]
    explaining: Callable[[], Explaining | str]

    def decode(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The network's outputs as the tasks say them, by name, in TensorFlow."""
        return {
            self.columns.titled(output, name): tensor
            for output, (_, task) in self.columns.outputs().items()
            for name, tensor in task.decode(outputs[output]).items()
        }


@dataclass(frozen=True)
class Exchange:
    """What an export takes and gives.

    Args:
        described: What goes in and what comes out, for `kbuilder.json`.
        instances: Real rows as JSON values, by input.
        predictions: What is answered to them, as JSON values, by output.
        call: The same as a function, from a dictionary of tensors to one.
        signature: The `tf.TensorSpec` of each input of `call`.
        arrays: From raw columns to what the export takes.
    """

    described: Mapping[str, Any]
    instances: Sequence[Mapping[str, Any]]
    predictions: Sequence[Mapping[str, Any]]
    call: Callable[[Mapping[str, Any]], dict[str, Any]]
    signature: Mapping[str, Any]
    arrays: Callable[[Arrays], Arrays]


@dataclass(frozen=True)
class Quantizing:
    """Fewer bits for each number of the network, and what is lost by it.

    Args:
        to: `int8` or `float16`.
        train: Rows of the training part, by raw column, whose activations are looked at.
        part: The part that was held back, on which the loss is measured.
        held: Its rows, by raw column.
        metric: The headline of the first target.
        before: The metric of the network as it is.
        score: The metric of what another network answers to `held`, by output.
    """

    to: str
    train: Arrays
    part: str
    held: Arrays
    metric: str
    before: float
    score: Callable[[Arrays], float]


class Format(Protocol):
    """How a model is written, and asked.

    `verify.py` imports the file of a format in a process that cannot import kbuilder: at its top
    only the standard library and what is for type checkers may be imported.
    """

    title: ClassVar[str]
    """What people call it."""
    runtime: ClassVar[str]
    """The package that `load` asks the export by."""
    packages: ClassVar[Mapping[str, str]]
    """What else must be installed: the module by package; empty: kbuilder needs all of it."""
    tolerance: ClassVar[float]
    """How far a number may be off, relative to it where it is over 1."""
    quantizes: ClassVar[Mapping[str, float]]
    """The tolerance by what it can be quantized to."""

    def refuse(self, columns: Columns) -> str | None:
        """Why such columns cannot be exported, or None. Needs no TensorFlow."""

    def exchange(self, fitted: Fitted) -> Exchange:
        """What the export takes and gives.

        Raises:
            ExportError: if the network cannot be exported.
        """

    def write(
        self, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing | None
    ) -> None:
        """Write the model into an empty folder.

        Raises:
            ExportError: if it cannot be converted.
        """

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """The export as a function of arrays by input, in a process without kbuilder."""
