"""A TensorFlow SavedModel from raw columns to names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.columns import Columns
    from kbuilder.contracts import Worded
    from kbuilder.export.archive import Endpoint
    from kbuilder.export.contract import Exchange, Explaining, Fitted, Quantizing


class SavedModel:
    """TensorFlow's own format: it takes the raw columns, words and files too, and answers names."""

    title: ClassVar[str] = "TensorFlow SavedModel"
    runtime: ClassVar[str] = "tensorflow"
    packages: ClassVar[Mapping[str, str]] = {}
    tolerance: ClassVar[float] = 1e-5
    quantizes: ClassVar[Mapping[str, float]] = {}

    def refuse(self, columns: Columns) -> str | None:
        """Nothing is refused."""
        return None

    def exchange(self, fitted: Fitted) -> Exchange:
        """Raw columns in, all that the tasks decode out."""
        import tensorflow as tf

        from kbuilder import exports
        from kbuilder.contracts import Encoded, Worded
        from kbuilder.export import sidecar
        from kbuilder.export.contract import Exchange
        from kbuilder.instances import to_instances

        columns, names = fitted.columns, fitted.names
        known = fitted.layer.indexed | _ranges(fitted).keys()

        def call(raw: Mapping[str, Any]) -> dict[str, Any]:
            given = {column: raw[name] for column, name in names.items()}
            return fitted.decode(fitted.model(fitted.layer(given), training=False))

        def arrays(raw: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {names[column]: values for column, values in raw.items()}

        signature = {}
        for column, feature in columns.features.items():
            shape, dtype = feature.signature()
            signature[names[column]] = tf.TensorSpec(shape, dtype, name=names[column])
        described = {
            "inputs": [
                {
                    **sidecar.entry(columns, names, column),
                    **(feature.encodings if isinstance(feature, Encoded) else {}),
                    **({exports.READS: True} if isinstance(feature, Worded) else {}),
                    **({exports.KNOWN: True} if column in known else {}),
                }
                for column, feature in columns.features.items()
            ],
            "missing": {"float32": "NaN", "float64": "NaN", "string": '""', "int64": -(2**63)},
            "targets": sidecar.targets(columns),
            "ignored": [*columns.ignored, *columns.target],
            exports.EXPLAIN: _explained(fitted.explaining()),
        }
        instances = to_instances(arrays(fitted.raw))
        return Exchange(described, instances, fitted.predictions, call, signature, arrays)

    def write(
        self, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing | None
    ) -> None:
        """The model, and what TensorFlow Serving warms it with."""
        from kbuilder.export import archive, warming

        archive.on_any_device(fitted.model)
        # tracking the model too, each weight came twice
        archive.write(folder, exchange, fitted.layer, _beside(fitted))
        warming.write(folder, exchange)

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """Its signature `serving_default`."""
        import tensorflow as tf

        serve = tf.saved_model.load(str(folder)).signatures["serving_default"]

        def answer(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            tensors = {
                name: tf.constant(values.tolist(), tf.string)
                if values.dtype == object
                else tf.constant(values)
                for name, values in given.items()
            }
            return {name: tensor.numpy() for name, tensor in serve(**tensors).items()}

        return answer


def _explained(explaining: Explaining | str) -> dict[str, Any]:
    """What explains answers, or why nothing does, for `kbuilder.json`."""
    if isinstance(explaining, str):
        return {"reason": explaining}
    return {
        "of": explaining.of,
        "measure": explaining.measure,
        "columns": list(explaining.columns),
        "example": dict(explaining.example),
    }


def _beside(fitted: Fitted) -> dict[str, Endpoint]:
    """The functions beside that which answers: what is known of the rows, and what explains them.

    The first gives all outputs too, in one graph, which looks words up once.
    """
    import tensorflow as tf

    from kbuilder import exports
    from kbuilder.layers.category_index import noting

    layer, names = fitted.layer, fitted.names
    keys, texts, explaining = fitted.columns.keys(), _texts(fitted), fitted.explaining()
    ranges = _ranges(fitted)

    def named(raw: Mapping[str, Any]) -> dict[str, Any]:
        return {column: raw[name] for column, name in names.items()}

    def tells(raw: Mapping[str, Any]) -> dict[str, Any]:
        given = named(raw)
        with noting() as unknown:
            prepared = layer(given)
        found = fitted.decode(fitted.model(prepared, training=False))
        for column, feature in texts.items():
            empty = layer.cleaned({column: given[column]})[column] == ""
            read = empty | feature.reads(prepared[keys[column]])
            found[f"{exports.READS}:{names[column]}"] = read
        if ranges:
            unknown.append(_far(given, ranges))
        if unknown:
            found[exports.KNOWN] = ~tf.reduce_any(unknown)
        return found

    def explain(raw: Mapping[str, Any]) -> dict[str, Any]:
        assert not isinstance(explaining, str), "then there is no such function"
        return explaining.call(layer(named(raw)))

    inputs = list(names.values())
    found: dict[str, Endpoint] = {}
    if layer.indexed or ranges or texts:
        found[exports.TELLS] = (tells, inputs)
    if not isinstance(explaining, str):
        found[exports.EXPLAIN] = (explain, inputs)
    return found


def _ranges(fitted: Fitted) -> dict[str, list[float]]:
    """The least and the greatest number that are like those of training, by column of numbers."""
    from kbuilder.contracts import Watched

    features = fitted.columns.features.items()
    watched = {name: one.watched() for name, one in features if isinstance(one, Watched)}
    return {name: keys["range"] for name, keys in watched.items() if "range" in keys}


def _far(columns: Mapping[str, Any], ranges: Mapping[str, list[float]]) -> Any:
    """Whether a number, or what stands for a missing one, is far from those of training. () bool"""
    import tensorflow as tf

    rows = tf.stack([tf.cast(columns[name], tf.float64) for name in ranges])
    bounds = tf.constant(list(ranges.values()), tf.float64)[..., None]
    return tf.reduce_any((rows < bounds[:, 0]) | (rows > bounds[:, 1]))


def _texts(fitted: Fitted) -> dict[str, Worded]:
    """The features of texts, by column."""
    from kbuilder.contracts import Worded

    features = fitted.columns.features
    return {column: feature for column, feature in features.items() if isinstance(feature, Worded)}
