"""Figures of the layers of a network: gradients of their weights, and units that are dead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kbuilder import internals
from kbuilder.columns import Arrays, Columns, Rows

NUMBERS = 2**20
"""Numbers of inputs that are looked at, about."""
FEWEST, MOST = 32, 512
"""Rows that are looked at, at least and at most, where there are so many."""
ENDING_AT_ZERO = ("relu", "relu6")
"""Activations below which a unit has no gradient."""


class LayerFigures(NamedTuple):
    """What is known of a layer.

    Args:
        name: The layer.
        gradient: The root mean square of the gradient of its largest weight; None: it has none that
            is learned.
        weight: The root mean square of that weight.
        dead: The share of its units that are 0 in every row, (0 to 1); None: they have a gradient
            everywhere.
        units: How many units it has; 0 where `dead` is None.
    """

    name: str
    gradient: float | None
    weight: float
    dead: float | None = None
    units: int = 0


def layer_figures(model: Any, columns: Columns, rows: Rows) -> list[LayerFigures]:
    """The figures of each layer with weights, and of each that ends at 0, from the input on.

    Args:
        model: The fitted network.
        columns: Their tasks give the losses.
        rows: Prepared training rows and their targets, of which some are looked at.
    """
    import keras
    import tensorflow as tf

    arrays, encoded = some_of(rows)
    given: dict[str, Any] = {key: tf.constant(values) for key, values in arrays.items()}
    dead: dict[str, tuple[float, int]] = {}
    found: list[Any] = []

    def call(operation: Any) -> Callable[..., Any]:
        inner = internals.functional(operation)
        if inner is not None:
            return lambda values, **_: internals.walk(inner, values, call)

        def run(*args: Any, **named: Any) -> Any:
            values = operation(*args, **named)
            if all(operation is not one for one in found):
                found.append(operation)
                if _ends_at_zero(operation):
                    units = np.asarray(keras.ops.convert_to_numpy(values))
                    units = units.reshape(-1, units.shape[-1])
                    dead[operation.name] = (float((units <= 0).all(axis=0).mean()), units.shape[1])
            return values

        return run

    with tf.GradientTape() as tape:
        outputs = internals.walk(model, given, call)
        loss = tf.add_n([
            task.loss_weight
            * tf.cast(task.objective()[0](encoded[output], outputs[output]), tf.float32)
            for output, (_, task) in columns.outputs().items()
        ])  # fmt: skip
    kernels = {id(layer): _largest(layer) for layer in found}
    kernels = {key: weight for key, weight in kernels.items() if weight is not None}
    slopes = tape.gradient(loss, [weight.value for weight in kernels.values()])
    sizes = {key: _size(slope) for key, slope in zip(kernels, slopes, strict=True)}
    return [
        LayerFigures(
            layer.name, sizes.get(id(layer)),
            _size(kernels[id(layer)].value) if id(layer) in kernels else 0.0,
            *dead.get(layer.name, ()),
        )
        for layer in found if id(layer) in kernels or layer.name in dead
    ]  # fmt: skip


def some_of(rows: Rows) -> tuple[Arrays, Arrays]:
    """Some rows at equal distances."""
    arrays, encoded = rows
    count = len(next(iter(arrays.values())))
    width = sum(int(np.prod(values.shape[1:])) for values in arrays.values())
    wanted = int(np.clip(NUMBERS // max(1, width), FEWEST, MOST))
    step = max(1, count // wanted)
    chosen = slice(0, step * wanted, step)
    return tuple(
        {key: np.asarray(values[chosen]) for key, values in each.items()}
        for each in (arrays, encoded)
    )  # type: ignore[return-value]


def _ends_at_zero(layer: Any) -> bool:
    """Whether its output has no gradient where it is 0."""
    if type(layer).__name__ == "ReLU":
        return not getattr(layer, "negative_slope", 0)
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return name in ENDING_AT_ZERO


def _largest(layer: Any) -> Any:
    """The weight of a layer with most numbers that is learned; of an embedding none, since few of
    its vectors are in some rows."""
    import keras

    weights: Sequence[Any] = getattr(layer, "trainable_weights", ())
    matrices = [weight for weight in weights if len(weight.shape) > 1]
    if not matrices or isinstance(layer, keras.layers.Embedding):
        return None
    return max(matrices, key=lambda weight: int(np.prod(weight.shape)))


def _size(values: Any) -> float:
    """The root mean square."""
    if values is None:
        return 0.0
    import tensorflow as tf

    return float(tf.sqrt(tf.reduce_mean(tf.square(tf.cast(values, tf.float32)))))


def to_json(figures: Sequence[LayerFigures]) -> list[Mapping[str, Any]]:
    """Their entry in `metrics.json`."""
    return [
        {name: value for name, value in one._asdict().items() if value is not None}
        for one in figures
    ]
