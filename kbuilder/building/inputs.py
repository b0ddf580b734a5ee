"""Where a network begins: the tensors of the features, joined where they are vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kbuilder.columns import PACKED, Arrays, Columns
from kbuilder.contracts import FORMS, Feature, Form, Knotted, Signal
from kbuilder.recipe import branches


@dataclass(frozen=True)
class Inputs:
    """Where the network begins: its Keras inputs by name, and what they carry by form."""

    tensors: Mapping[str, Any]
    signals: Mapping[Form, Sequence[Signal]]


def inputs_of(columns: Columns, arrays: Arrays) -> Inputs:
    """The network's inputs, and what each form of feature brings to its architecture.

    Args:
        columns: The learned features.
        arrays: Preprocessed rows by key, for their shapes and dtypes.
    """
    import keras

    tensors = {
        key: keras.Input(values.shape[1:], dtype=values.dtype.name, name=key)
        for key, values in arrays.items()
    }
    signals: dict[Form, list[Signal]] = {}
    owners = {key: column for column, key in reversed(columns.keys().items())}
    rows = len(next(iter(arrays.values())))
    for key, feature in _by_key(columns).items():
        signal = replace(feature.embed(tensors[key]), column=owners[key], rows=rows)
        if signal.form == "vector":
            known = widths(columns, key, signal.tensor)
            signal = replace(signal, widths=known, knots=_knots(columns, known))
        signals.setdefault(signal.form, []).append(signal)
    if "vector" in signals:
        signals["vector"] = _joined(signals["vector"])
    return Inputs(tensors, {form: signals[form] for form in FORMS if form in signals})


def keyed(inputs: Inputs, keys: Collection[str]) -> dict[str, list[Signal]]:
    """The signals by the key of `model` that says which network they get, in their order.

    Args:
        inputs: Where the network begins.
        keys: Those that there are: forms, and columns that have a network of their own.
    """
    found: dict[str, list[Signal]] = {}
    for form, members in inputs.signals.items():
        for signal in members:
            key = branches.key_of(signal.column, form, keys, inputs.signals)
            found.setdefault(key, []).append(signal)
    return found


def _by_key(columns: Columns) -> dict[str, Feature]:
    """A feature by input of the network; of those that share one, any: they embed alike."""
    return {key: columns.features[column] for column, key in columns.keys().items()}


def widths(columns: Columns, key: str, tensor: Any) -> dict[str, int]:
    """How many numbers of the vector behind an input each of its columns has, in their order."""
    own = [column for column, its in columns.keys().items() if its == key]
    if len(own) == 1:
        return {own[0]: tensor.shape[-1]}
    return {column: columns.width(column) for column in own}


def _knots(columns: Columns, names: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """The knots of those columns that are numbers."""
    features = ((name, columns.features[name]) for name in names)
    known = {name: each.knots for name, each in features if isinstance(each, Knotted)}
    return {name: knots for name, knots in known.items() if knots}


def _joined(members: list[Signal]) -> list[Signal]:
    """Vectors side by side, as one."""
    if len(members) == 1:
        return members
    import keras

    tensors = [member.tensor for member in members]
    together = {name: size for member in members for name, size in member.widths.items()}
    joined = keras.layers.Concatenate(name=f"{PACKED}s")(tensors)
    knots = {name: own for member in members for name, own in member.knots.items()}
    rows = members[0].rows
    return [Signal("vector", joined, widths=together, knots=knots, rows=rows)]
