"""Numbers in, numbers out: exports for runtimes that know neither words nor files of images.

Numbers, arrays and whole numbers go in as they are. Words cannot, so columns of words are refused.
An image goes in as pixels of the network's own size, unless its raw pixels have that size already.
Probabilities and values come out; the names of the classes stand in `kbuilder.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Feature, Numeric
from kbuilder.errors import listed
from kbuilder.export import sidecar
from kbuilder.export.contract import Exchange, Fitted
from kbuilder.instances import to_instances

PREPARE, DECODE = "prepare", "decode"
"""The scopes of what is around the network."""


def refuse(columns: Columns, title: str, integers: str = "int64") -> str | None:
    """Why such columns cannot be exported, or None.

    Args:
        columns: The learned features.
        title: What people call the format.
        integers: The dtype that the runtime computes whole numbers in.
    """
    numeric = {column: feature.numeric(integers) for column, feature in columns.features.items()}
    words = [
        f"{column!r} ({catalog.name_of(columns.features[column])})"
        for column, way in numeric.items()
        if way is None
    ]
    if words:
        verb = "column {} is" if len(words) == 1 else "columns {} are"
        return (
            f"the {verb.format(listed(words))} of words, and an export to {title} takes numbers "
            "alone. Expected numbers, whole numbers, arrays or images, or --format saved_model, "
            "which looks words up."
        )
    wide = [
        f"{column!r} (such as {way.beyond})"
        for column, way in numeric.items()
        if way is not None and way.beyond is not None
    ]
    if wide:
        bounds = np.iinfo(integers)
        verb = "column {} has" if len(wide) == 1 else "columns {} have"
        return (
            f"the {verb.format(listed(wide))} whole numbers beyond the {bounds.bits} bits that "
            f"{title} computes them in. Expected {bounds.min + 1} to {bounds.max}, or "
            "--format saved_model."
        )
    return None


def exchange(fitted: Fitted, integers: str = "int64") -> Exchange:
    """What such an export takes and gives.

    Args:
        fitted: The fitted recipe.
        integers: The dtype that the runtime computes whole numbers in.
    """
    import tensorflow as tf

    columns, names = fitted.columns, fitted.names
    ways = {column: _numeric(feature, integers) for column, feature in columns.features.items()}
    entries = {
        column: {**sidecar.entry(columns, names, column), **way.entry}
        for column, way in ways.items()
    }
    missing = int(np.iinfo(integers).min)

    def call(raw: Mapping[str, Any]) -> dict[str, Any]:
        parts: dict[str, list[Any]] = {}
        with tf.name_scope(PREPARE):
            for (column, key), layer in zip(
                columns.keys().items(), fitted.layer.parts, strict=True
            ):
                prepared = ways[column].prepare(raw[names[column]], layer)
                parts.setdefault(key, []).append(prepared)
            given = {key: tf.concat(it, -1) if len(it) > 1 else it[0] for key, it in parts.items()}
        outputs = fitted.model(given, training=False)
        with tf.name_scope(DECODE):
            decoded = fitted.decode(outputs).items()
            return {name: tensor for name, tensor in decoded if tensor.dtype.is_floating}

    def arrays(raw: Arrays) -> Arrays:
        layers = dict(zip(columns.features, fitted.layer.parts, strict=True))
        return {
            names[column]: ways[column].take(values, layers[column])
            for column, values in raw.items()
        }

    outputs = {
        name: values
        for name, values in fitted.predictions[0].items()
        if isinstance(np.asarray(values).flat[0], float)
    }
    decoded = fitted.decode({name: tf.constant(values) for name, values in fitted.outputs.items()})
    described = {
        "inputs": list(entries.values()),
        "missing": {"float32": "NaN", integers: missing},
        "outputs": [
            {"name": name, "dtype": decoded[name].dtype.name, "shape": [None, *np.shape(values)]}
            for name, values in outputs.items()
        ],
        "targets": sidecar.targets(columns),
    }
    return Exchange(
        described,
        to_instances(arrays(fitted.raw)),
        [{name: row[name] for name in outputs} for row in fitted.predictions],
        call,
        {
            entry["name"]: tf.TensorSpec(entry["shape"], entry["dtype"], name=entry["name"])
            for entry in entries.values()
        },
        arrays,
    )


def network_outputs(columns: Columns, answers: Arrays) -> Arrays:
    """What the network's own outputs must have been, from the answers of an export."""
    outputs: Arrays = {}
    for output, (_, task) in columns.outputs().items():
        prefix = columns.titled(output, "")
        own = {name.removeprefix(prefix): values for name, values in answers.items()
               if name.startswith(prefix)}  # fmt: skip
        outputs[output] = task.outputs_of(own)
    return outputs


def _numeric(feature: Feature, integers: str) -> Numeric:
    """How a column goes in, which has been looked at by `refuse`."""
    way = feature.numeric(integers)
    assert way is not None, "its column is refused"
    return way
