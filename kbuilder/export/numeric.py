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
from kbuilder.columns import Arrays, Columns, to_instances
from kbuilder.contracts import Feature
from kbuilder.errors import listed
from kbuilder.export import sidecar
from kbuilder.export.contract import Exchange, Fitted
from kbuilder.table import MISSING_INTEGER

PREPARE, DECODE = "prepare", "decode"
"""The scopes of what is around the network."""


def refuse(columns: Columns, title: str, integers: str = "int64") -> str | None:
    """Why such columns cannot be exported, or None.

    Args:
        columns: The learned features.
        title: What people call the format.
        integers: The dtype that the runtime computes whole numbers in.
    """
    kinds = {column: catalog.name_of(feature) for column, feature in columns.features.items()}
    words = [
        f"{column!r} ({kinds[column]})"
        for column, feature in columns.features.items()
        if feature.signature()[1] == "string" and kinds[column] != "image"
    ]
    if words:
        verb = "column {} is" if len(words) == 1 else "columns {} are"
        return (
            f"the {verb.format(listed(words))} of words, and an export to {title} takes numbers "
            "alone. Expected numbers, whole numbers, arrays or images, or --format saved_model, "
            "which looks words up."
        )
    bounds = np.iinfo(integers)
    wide = []
    for column, feature in columns.features.items():
        known = getattr(feature, "vocabulary", None) or ()
        beyond = [value for value in known if not bounds.min < value <= bounds.max]
        if beyond:
            wide.append(f"{column!r} (such as {beyond[0]})")
    if wide:
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
    entries = {column: _entry(columns, names, column, integers) for column in columns.features}
    missing = int(np.iinfo(integers).min)

    def call(raw: Mapping[str, Any]) -> dict[str, Any]:
        parts: dict[str, list[Any]] = {}
        with tf.name_scope(PREPARE):
            for (column, key), layer in zip(
                columns.keys().items(), fitted.layer.parts, strict=True
            ):
                feature, values = columns.features[column], raw[names[column]]
                if _sized(feature):
                    prepared = values
                elif entries[column]["kind"] == "category":
                    prepared = _index(feature, values, missing)
                else:
                    prepared = layer(values)
                parts.setdefault(key, []).append(prepared)
            given = {key: tf.concat(it, -1) if len(it) > 1 else it[0] for key, it in parts.items()}
        outputs = fitted.model(given, training=False)
        with tf.name_scope(DECODE):
            decoded = fitted.decode(outputs).items()
            return {name: tensor for name, tensor in decoded if tensor.dtype.is_floating}

    def arrays(raw: Arrays) -> Arrays:
        layers = dict(zip(columns.features, fitted.layer.parts, strict=True))
        taken: Arrays = {}
        for column, values in raw.items():
            if _sized(columns.features[column]):
                strings = values.dtype == object
                tensor = tf.constant(values.tolist(), tf.string) if strings else values
                taken[names[column]] = layers[column](tensor).numpy()
            elif values.dtype == np.int64:
                # What is beyond the bounds is unknown to the model anyway.
                clipped = np.clip(values, missing + 1, np.iinfo(integers).max)
                clipped[values == MISSING_INTEGER] = missing
                taken[names[column]] = clipped.astype(integers)
            else:
                taken[names[column]] = values
        return taken

    outputs = {
        name: values
        for name, values in fitted.predictions[0].items()
        if isinstance(np.asarray(values).flat[0], float)
    }
    described = {
        "inputs": list(entries.values()),
        "missing": {"float32": "NaN", integers: missing},
        "outputs": [
            {"name": name, "dtype": "float32", "shape": [None, *np.shape(values)]}
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
    for output, (names, task) in columns.outputs().items():
        value = answers.get(columns.titled(output, "value"))
        if value is not None:
            outputs[output] = task.encode(listed(names), value)
        else:
            both = answers[columns.titled(output, "probabilities")]
            binary = catalog.name_of(task) == "binary"
            outputs[output] = both[:, 1:] if binary else both
    return outputs


def _entry(
    columns: Columns, names: Mapping[str, str], column: str, integers: str
) -> dict[str, Any]:
    """What one input takes, for `kbuilder.json`."""
    feature: Any = columns.features[column]
    entry = sidecar.entry(columns, names, column)
    if entry["dtype"] == "int64":
        return {**entry, "dtype": integers}
    if not _sized(feature):
        return entry
    shades = "grey" if feature.channels == 1 else "red, green, blue"
    return {
        **entry,
        "dtype": feature.dtype,
        "shape": [None, feature.height, feature.width, feature.channels],
        "prepared": f"decoded, resized to {feature.height} × {feature.width} (bilinear, "
        f"antialiased), {shades}",
    }


def _sized(feature: Feature) -> bool:
    """Whether an image must come in the network's own size, since a runtime would not get it so."""
    pixels: Any = getattr(feature, "pixels", None)
    return pixels is not None and pixels[:2] != (feature.height, feature.width)  # type: ignore[attr-defined]


def _index(feature: Any, values: Any, missing: int) -> Any:
    """What `CategoryIndex` gives for whole numbers, without a table: few runtimes have any."""
    import tensorflow as tf

    known = list(feature.vocabulary)
    same = tf.equal(values[:, None], tf.constant(known, values.dtype)[None])  # (batch, values)
    place = tf.argmax(tf.cast(same, tf.int32), axis=1, output_type=tf.int32) + 2
    absent = tf.cast(tf.not_equal(values, missing), tf.int32)  # 0 missing, 1 unknown
    index = tf.where(tf.reduce_any(same, axis=1), place, absent)
    return index[:, None] if feature.embedding else tf.one_hot(index, len(known) + 2)
