"""The values that pass between the stages and the plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
)

from kbuilder import lines

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


Form = Literal["vector", "text", "sequence", "image", "video"]
"""The form of a preprocessed feature, and the shape of its tensor:

vector (batch, d) · text (batch, time), integers · sequence (batch, time, d) ·
image (batch, height, width, channels) · video (batch, frames, height, width, channels)
"""
FORMS: tuple[Form, ...] = ("vector", "text", "sequence", "image", "video")
RANKS: dict[Form, int] = {"vector": 2, "text": 2, "sequence": 3, "image": 4, "video": 5}


Holds = Literal["numbers", "words", "texts", "sets", "pictures"]
"""What a raw column holds for people: words are names of something, sets any number of names;
pictures, files or pixels."""


class Arranged(NamedTuple):
    """Rows of arrays as a feature gives them to the network, but for their scale.

    Args:
        numbers: NaN where missing. (rows, …, channels)
        real: Which steps are no padding, (rows, steps) bool; None: all are data.
        axis: That of channels in a row as it is read, 0 or -1; None: it has none, there is one.
        far: What becomes of a number that is far off, for people; empty: nothing, it stays.
    """

    numbers: np.ndarray
    real: np.ndarray | None = None
    axis: int | None = -1
    far: str = ""


class Choice(NamedTuple):
    """A value that was inferred, with the reason that is printed."""

    value: Any
    reason: str


class Match(NamedTuple):
    """How surely a column is of a kind, or a target of a task. The strongest wins.

    Args:
        strength: 0 < strength <= 1. 1: the type of the values leaves no doubt; 0.8: the values say
            so; 0.5: it is a guess.
        reason: Why, for people.
    """

    strength: float
    reason: str


IN_DOUBT = "; nearly as likely: "
"""What stands in the reason of a decision that could have been another."""


@dataclass(frozen=True)
class Decision:
    """A `Choice` with its key in the recipe, and the line that says the same.

    Args:
        key: Where the value would stand: ("features", "age", "mean").
        value: What was chosen.
        reason: Why.
        write: The line of a recipe that decides it, to be changed; empty: no line does.
    """

    key: tuple[str, ...]
    value: Any
    reason: str
    write: str = ""

    @property
    def path(self) -> str:
        """The key, its parts joined; a name with a dot in it is only whole in `key`."""
        return ".".join(self.key)

    def to_json(self) -> dict[str, Any]:
        """Its entry in `decisions.json`."""
        return {"path": self.path, **asdict(self)}

    @classmethod
    def from_json(cls, item: dict[str, Any]) -> Decision:
        """The decision of an entry."""
        key = tuple(map(str, item["key"]))
        return cls(key, item["value"], str(item["reason"]), str(item["write"]))


class Strata(NamedTuple):
    """What all parts keep the shares of.

    Args:
        groups: The group of each row: its class, or the tenth of its number; None: there are none.
            (rows,) int
        classes: Whether they are classes, each of which should be in each part.
    """

    groups: np.ndarray | None
    classes: bool


class Division(NamedTuple):
    """How rows are divided.

    Args:
        rows: The row numbers of each part: train, and validation and test where there are some.
        notes: What the user should know of it.
    """

    rows: Mapping[Any, np.ndarray]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signal:
    """A symbolic tensor on its way through the network.

    Args:
        form: What the axes of the tensor mean.
        tensor: The KerasTensor, batch first.
        vocabulary_size: For `text`, the number of distinct integers, padding (0) included.
        widths: For `vector`, how many of its numbers each column has, in their order; empty where
            nobody knows.
        knots: For `vector`, of columns that are numbers (the first of a column's own is the number
            itself) quantiles of the training values, rising, as the vector has them.
        rows: How many training rows there are; 0: nobody knows.
        column: The column that it comes from, or the first of several; empty: none.
        mask: For `sequence` and `video`, which steps are real, and not padding: (batch, time)
            booleans. The real ones come first; the numbers of the others are 0, of a video those
            of its last frame. None: all are real. Of a text those are that are not 0.
    """

    form: Form
    tensor: Any
    vocabulary_size: int = 0
    widths: Mapping[str, int] = field(default_factory=dict)
    knots: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rows: int = 0
    column: str = ""
    mask: Any = None

    def enlarge(self, least: int) -> str:
        """The line of a recipe by which images have at least so many pixels each way."""
        sizes = {"kind": "image", "height": least, "width": least}
        return lines.to_line(("features", self.column or "image"), sizes)


@dataclass(frozen=True)
class Body:
    """What an architecture gives, where it gives more than a vector.

    Args:
        tensor: The KerasTensor (batch, d) that the task's last layer takes.
        auxiliary: Vectors (batch, d) from further below. In training each gets a last layer of its
            own, whose loss is added times the weight; after it they are gone.
        output: Makes a layer of so many units that stands in for the task's Dense, before the
            task's activation.
        phases: The phases of the fit, where it is more than one.
    """

    tensor: Any
    auxiliary: Sequence[tuple[Any, float]] = ()
    output: Callable[[int], Any] | None = None
    phases: Sequence[Phase] = ()


@dataclass(frozen=True)
class Phase:
    """A phase of the fit, in which some layers learn and the others keep their weights.

    Args:
        frozen: The layers that keep their weights.
        epochs: Its epochs, at most those of `training`; None: those of `training`.
        learning_rate: Its learning rate; None: that of `training`.
        why: What is printed.
    """

    frozen: Sequence[Any]
    epochs: int | None
    learning_rate: float | None
    why: str


@dataclass(frozen=True)
class Finding:
    """What looks wrong in the rows.

    Args:
        check: The name of the check that found it.
        key: Where in the recipe it belongs.
        message: What it is, and the line to write.
        sure: Whether it is certain, so that it may be an error.
        line: The line of a recipe that settles it; empty: no line does.
        severity: What `data.checks` makes of it.
    """

    check: str
    key: tuple[str, ...]
    message: str
    sure: bool
    line: str = ""
    severity: Literal["error", "warn"] = "warn"

    def to_json(self) -> dict[str, Any]:
        """Its entry in `findings.json`."""
        return {
            "severity": self.severity, "check": self.check, "key": list(self.key),
            "message": self.message, "line": self.line, "sure": self.sure,
        }  # fmt: skip

    @classmethod
    def from_json(cls, item: dict[str, Any]) -> Finding:
        """The finding of an entry."""
        severity: Literal["error", "warn"] = "error" if item["severity"] == "error" else "warn"
        words = (str(item[name]) for name in ("check", "message", "line"))
        check, message, line = words
        return cls(check, tuple(map(str, item["key"])), message, bool(item["sure"]), line, severity)


@dataclass(frozen=True)
class Script:
    """A piece of plain Python that does what a plug-in does, for `kbuilder eject`.

    Args:
        lines: Statements.
        functions: Definitions that they need.
        imports: Imports that both need.
        paths: Files and folders that the statements read, by the names of variables. The script
            finds them relative to itself, and takes others as arguments.
    """

    lines: tuple[str, ...]
    functions: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)


def _taken(values: np.ndarray, layer: Any) -> np.ndarray:
    """The raw column as it is."""
    return values


def _prepared(values: Any, layer: Any) -> Any:
    """What the layer makes of it."""
    return layer(values)


@dataclass(frozen=True)
class Numeric:
    """How a column goes into an export for a runtime that knows neither words nor files.

    Args:
        entry: What of its entry in `kbuilder.json` is another than that of the raw column.
        take: What goes in, from the raw column and the layer that prepares it.
        prepare: What the network takes, within the export, from that and the layer.
        beyond: A value that the runtime's whole numbers have no room for; None: there is none.
    """

    entry: Mapping[str, Any] = field(default_factory=dict)
    take: Callable[[np.ndarray, Any], np.ndarray] = _taken
    prepare: Callable[[Any, Any], Any] = _prepared
    beyond: int | None = None
