"""What a fitted model knows of its raw columns, and the arrays that they become."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from keyword import iskeyword
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from kbuilder.contracts import Feature, Joining, Task
from kbuilder.named import Named
from kbuilder.tables.cells import MISSING, Words

PACKED = "vector"
"""The network's input that holds all finished vectors side by side."""

ALLOWED = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What TensorFlow takes as the name of an input of a signature."""

Arrays = dict[str, np.ndarray]
"""One array by name: of a raw column, or of an input of the network."""

Rows = tuple[Arrays, Arrays]
"""Preprocessed rows by input of the network, and their encoded targets by its output."""


def shares(weights: np.ndarray) -> np.ndarray | None:
    """Weights of rows as shares whose mean is 1, float32; None: all are alike. (rows,)"""
    scaled = weights / weights.max()
    return None if scaled.min() == 1 else (scaled / scaled.mean()).astype(np.float32)


class Target(NamedTuple):
    """What one task predicts: one column, or several together."""

    columns: tuple[str, ...]
    task: Task


def words_of(features: Mapping[str, Feature], targets: Iterable[Target]) -> Words:
    """The columns that are texts, as far as is known, each with the words that it is known by."""
    words: dict[str, tuple[str, ...]] = {}
    for name, feature in features.items():
        known = feature.choices or ()
        if feature.holds in ("texts", "sets") or (known and isinstance(known[0], str)):
            words[name] = tuple(map(str, known))
    for columns, task in targets:
        classes = getattr(task, "classes", None) or (0,)
        if isinstance(classes[0], str) and len(columns) == 1:  # of several each holds 0 and 1
            words.update(dict.fromkeys(columns, tuple(map(str, classes))))
    return words


@dataclass(frozen=True)
class Columns:
    """What a fitted model knows of its raw columns: each feature and target, fully learned.

    Args:
        features: The learned feature by column.
        targets: What is predicted, each with its learned task.
        missing: Words that mean missing.
        ignored: Columns of the training rows that are not used; rows may come with them.
        weight: The column of the weights of the rows; None: all weigh the same.
    """

    features: Mapping[str, Feature]
    targets: tuple[Target, ...]
    missing: tuple[str, ...] = MISSING
    ignored: tuple[str, ...] = ()
    weight: str | None = None

    def blanks(self) -> dict[str, tuple[str, ...]]:
        """The words that mean missing, by column of words or numbers: all but its own values."""
        found = {name: self.blanks_of(name) for name in self.features}
        return {name: words for name, words in found.items() if words is not None}

    def blanks_of(self, column: str) -> tuple[str, ...] | None:
        """The words of a column that mean missing; None: it is not one of words or numbers."""
        feature = self.features[column]
        if feature.holds == "pictures" or len(feature.signature()[0]) > 1:
            return None
        own = {str(value) for value in feature.choices or ()}
        return tuple(word for word in self.missing if word not in own)

    @cached_property
    def layers(self) -> dict[str, Any]:
        """The layer by column, each made once: of a thousand columns that takes seconds."""
        from kbuilder.layers.category_index import CategoryIndex

        layers, blanks = {}, self.blanks()
        for column, feature in self.features.items():
            layer = feature.layer()
            if isinstance(layer, CategoryIndex) and layer.words:  # it looks words up as it is
                layer = layer.taking_for_missing(blanks.get(column, ()))
            layers[column] = layer
        return layers

    def width(self, column: str) -> int:
        """How many numbers the layer of a column makes of a value."""
        import tensorflow as tf

        from kbuilder.layers.side_by_side import width

        layer = self.layers[column]
        known = width(layer)
        if known is None:
            shape, dtype = self.features[column].signature()
            known = int(layer(tf.zeros((1, *shape[1:]), dtype)).shape[-1])
        return known

    @property
    def target(self) -> tuple[str, ...]:
        """All columns that are predicted."""
        return tuple(column for target in self.targets for column in target.columns)

    @property
    def reads(self) -> list[str]:
        """The columns of a file that the features are read from."""
        return [one for name in self.features for one in (*self.members(name),) or (name,)]

    def members(self, name: str) -> tuple[str, ...]:
        """The columns that a feature's arrays are made of; none: it is a column itself."""
        feature = self.features[name]
        return feature.members if isinstance(feature, Joining) else ()

    def outputs(self) -> dict[str, Target]:
        """The targets by output of the network."""
        outputs: dict[str, Target] = {}
        for target in self.targets:
            base = "_".join(re.findall(r"[A-Za-z0-9]+", "_".join(target.columns))) or "target"
            base = f"{base}_target" if base == "val" else base  # Keras's own prefix
            names = ("_".join(filter(None, (base, str(n or "")))) for n in count())
            outputs[next(name for name in names if name not in outputs)] = target
        return outputs

    def titled(self, output: str, name: str) -> str:
        """What an answer or a figure of an output is called: by itself where it has one only."""
        return name if len(self.targets) == 1 else f"{output}_{name}"

    def keys(self) -> dict[str, str]:
        """The network's input by column: finished vectors share one, all others have their own.

        No layer of Keras has a name like these, whatever a column is called.
        """
        keys: dict[str, str] = {}
        taken = {PACKED}
        for column, feature in self.features.items():
            key = PACKED
            if not feature.packed:
                base = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_").lower()
                names = ("_".join(filter(None, (base, str(n or ""), "input"))) for n in count())
                key = next(name for name in names if name not in taken)
                taken.add(key)
            keys[column] = key
        return keys

    def export_names(self) -> dict[str, str]:
        """The input of an export by column: its own name, where TensorFlow allows it.

        TensorFlow tells names apart by their letters and digits alone, whatever their case: of `A`
        and `a` the first keeps its name. No column gets the name of another, so that a row that
        comes with the columns' own names means one thing.
        """
        names: dict[str, str] = {}
        taken: set[str] = set()
        for column in self.features:
            allowed = ALLOWED.fullmatch(column) and column != "self" and not iskeyword(column)
            if allowed and _bare(column) not in taken:
                taken.add(_bare(column))
                names[column] = column
        for column in self.features:
            if column in names:
                continue
            base = column if ALLOWED.fullmatch(column) else re.sub(r"[^A-Za-z0-9_.]+", "_", column)
            if not ALLOWED.fullmatch(base) or base == "self" or iskeyword(base):
                base = f"column_{base.lstrip('_')}".rstrip("_")
            free = (f"{base}_{number}" if number > 1 else base for number in count(1))
            name = next(n for n in free if _bare(n) not in taken and n not in self.features)
            taken.add(_bare(name))
            names[column] = name
        return {column: names[column] for column in self.features}

    def words(self) -> Words:
        """The columns that are texts to the model, and the target if its classes are."""
        texts = [name for name, f in self.features.items() if f.signature()[1] == "string"]
        return {**dict.fromkeys(texts, ()), **words_of(self.features, self.targets)}

    def to_json(self) -> str:
        """As text that `from_json` reads again."""
        kind, name = Named("features", key="kind"), Named("tasks")
        features = {column: kind.dump(feature) for column, feature in self.features.items()}
        targets = [{"columns": list(t.columns), "task": name.dump(t.task)} for t in self.targets]
        rest = {"missing": self.missing, "ignored": self.ignored, "weight": self.weight}
        return json.dumps({"features": features, "targets": targets, **rest}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Columns:
        """What `to_json` wrote."""
        content = json.loads(text)
        kinds: TypeAdapter[Any] = TypeAdapter(
            dict[str, Annotated[Feature, Named("features", key="kind")]]
        )
        tasks: TypeAdapter[Any] = TypeAdapter(Annotated[Task, Named("tasks")])
        return cls(
            kinds.validate_python(content["features"]),
            tuple(
                Target(tuple(target["columns"]), tasks.validate_python(target["task"]))
                for target in content["targets"]
            ),
            tuple(content.get("missing", MISSING)),
            tuple(content.get("ignored", ())),
            content.get("weight"),
        )


def _bare(name: str) -> str:
    """All of a name that TensorFlow tells it apart by."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())
