"""Class names of a target, and the loss that may score them: what the classifying tasks share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from kbuilder.errors import BuildError, DataError, listed, nearest
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Values
from kbuilder.tables.dictionary import counted, each, narrow
from kbuilder.tables.values import Label, as_label, kind_of, missing, spellings


def _numbered(value: object) -> object:
    """`classes: 10` is short for the integers from 0 to 9."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 100_000:
        return tuple(range(value))
    return value


def _distinct(classes: tuple[Label, ...]) -> tuple[Label, ...]:
    kinds = {type(label) for label in classes}
    if len(set(classes)) < len(classes) or len(kinds) > 1:
        expected = "Expected classes that all differ, either all words or all whole numbers"
        raise refuse((), expected, list(classes))
    return classes


Classes = Annotated[
    Values,
    BeforeValidator(_numbered, json_schema_input_type=int | list[str | int]),
    AfterValidator(_distinct),
]
"""Names of the classes in order, or n for the integers 0 … n-1."""

_ALONE = "scores each unit by itself, as a sigmoid"
_SHARED = "scores a softmax over all classes"
_DISTANCE = "measures the distance between numbers"

# By name: the Keras class, and what it does to the outputs.
LOSSES = {
    "binary_crossentropy": ("BinaryCrossentropy", _ALONE),
    "binary_focal_crossentropy": ("BinaryFocalCrossentropy", _ALONE),
    "categorical_crossentropy": ("CategoricalCrossentropy", _SHARED),
    "categorical_focal_crossentropy": ("CategoricalFocalCrossentropy", _SHARED),
    "sparse_categorical_crossentropy": ("SparseCategoricalCrossentropy", _SHARED),
    "huber": ("Huber", _DISTANCE),
    "log_cosh": ("LogCosh", _DISTANCE),
    "mean_absolute_error": ("MeanAbsoluteError", _DISTANCE),
    "mean_squared_error": ("MeanSquaredError", _DISTANCE),
}

Arguments = Mapping[str, float | None]
"""Arguments of a loss; None: left out."""
_FOCAL = ("binary_focal_crossentropy", "categorical_focal_crossentropy")
# By argument: the losses that take it. (The alpha of the categorical one is but a factor of it.)
ARGUMENTS = {
    "label_smoothing": ("binary_crossentropy", "categorical_crossentropy", *_FOCAL),
    "gamma": _FOCAL,
    "alpha": _FOCAL[:1],
}


def check_loss(loss: str, allowed: Sequence[str], layer: str) -> None:
    """Refuse a loss that cannot work over the task's last layer, with the reason."""
    if loss in allowed:
        return
    if loss in LOSSES:
        raise refuse(
            ("loss",), f"{loss} {LOSSES[loss][1]}; the last layer here is {layer}. "
            f"Expected one of: {listed(allowed)}", loss,
        )  # fmt: skip
    near = nearest(loss, allowed)
    hint = f" (did you mean {near}?)" if near else ""
    raise refuse(("loss",), f"Expected one of: {listed(allowed)}{hint}", loss)


def check_arguments(loss: str, allowed: Sequence[str], given: Arguments) -> None:
    """Refuse an argument that the loss does not take."""
    for name, value in given.items():
        if value is not None and loss not in ARGUMENTS[name]:
            fitting = [other for other in allowed if other in ARGUMENTS[name]]
            raise refuse(
                (name,), f"{loss} has no {name}. Expected {name} with one of: {listed(fitting)}",
                value,
            )  # fmt: skip


def create_loss(loss: str, given: Arguments | None = None) -> Any:
    """The `keras.losses` object, its name in the logs being that of the recipe.

    Args:
        loss: Its name.
        given: Its arguments, by name; for what is None it has Keras's default.
    """
    import keras

    arguments: dict[str, Any] = {
        name: value for name, value in (given or {}).items() if value is not None
    }
    if "alpha" in arguments:
        arguments["apply_class_balancing"] = True  # without which Keras passes alpha over
    return getattr(keras.losses, LOSSES[loss][0])(name=loss, **arguments)


def last_layer(
    tensor: Any,
    units: int,
    activation: str | None,
    output: Callable[[int], Any] | None,
    name: str,
) -> Any:
    """The task's last layer, in float32: Dense, or the network's own layer, then the activation.

    The activation is inside Dense, where Keras finds the logits for the loss.
    """
    import keras

    if output is None:
        dense = keras.layers.Dense(units, activation=activation, dtype="float32", name=name)
        return dense(tensor)
    return keras.layers.Activation(activation, dtype="float32", name=name)(output(units)(tensor))


def count_labels(column: str, values: np.ndarray) -> Counter[Label]:
    """How often each label occurs.

    Raises:
        DataError: if the values are no labels, or there is one only.
    """
    if values.ndim > 1 and values.dtype.kind in "iuf":
        shape = " × ".join(map(str, values.shape[1:]))
        raise DataError(
            f"the target {column!r} has {shape} values per row. Expected one label per row. If "
            f"exactly one of them is 1 in each row, write `{to_line(('task',), 'multiclass')}`.",
            key=("data", "target"),
        )
    if kind_of(values) not in ("string", "number"):
        raise DataError(
            f"the target {column!r} mixes numbers and text, or holds no scalars. "
            "Expected one label per row.",
            key=("data", "target"),
        )
    there = values[~missing(values)]
    counts: Counter[Label] = Counter(
        dict(counted(there).items()) if kind_of(values) == "string" else map(as_label, there)
    )
    if len(counts) == 1:
        raise DataError(
            f"the target {column!r} has one value only: {next(iter(counts))!r}. "
            "Expected at least two, so that there is something to tell apart.",
            key=("data", "target"),
        )
    return counts


def place_of_one(column: str, values: np.ndarray, classes: int | None = None) -> np.ndarray:
    """The place of the only 1 of each row of a target that is one-hot. (rows,) int64

    Args:
        column: The target, for messages.
        values: Zeros with a 1 in each row. (rows, classes)
        classes: How many classes there are; None: as many as columns.

    Raises:
        DataError: if there are not as many columns, or a row has no 1, or several.
    """
    if values.ndim > 2 or (classes is not None and values.shape[1] != classes):
        shape = " × ".join(map(str, values.shape[1:]))
        expected = "one column" if classes is None else f"{classes:,} columns, one"
        raise DataError(
            f"the target {column!r} has {shape} values per row. Expected {expected} for each "
            "class.",
            key=("data", "target"),
        )
    numbers = values.astype(np.float64)
    wrong = np.flatnonzero(~((np.isin(numbers, (0, 1))).all(axis=1) & (numbers.sum(axis=1) == 1)))
    if len(wrong):
        line = to_line(("task",), "multilabel")
        raise DataError(
            f"the target {column!r} is {numbers[wrong[0]].tolist()} here, and one of several "
            f"classes is exactly one 1 among zeros. If a row may have several, write `{line}`.",
            key=("data", "target"),
            row=int(wrong[0]),
        )
    return numbers.argmax(axis=1)


def side_by_side(columns: Sequence[str]) -> str:
    """The expression of a script that gives several columns as an array."""
    stacked = ", ".join(f"numbers(table[{name!r}])" for name in columns)
    return f"np.stack([{stacked}], axis=1).astype(np.float32)"


def in_order(labels: Counter[Label]) -> tuple[Label, ...]:
    """Labels sorted: numbers by size, strings by letter."""
    words = any(isinstance(label, str) or abs(label) >= 2**63 for label in labels)
    return tuple(sorted(str(label) if words else label for label in labels))


def index(column: str, values: np.ndarray, classes: Sequence[Label]) -> np.ndarray:
    """The class number of each value. (rows,) int8, int16 or int32, by how many classes there are

    Raises:
        DataError: if a value is none of the classes, or missing.
    """
    places = {label: place for place, label in enumerate(classes)}
    places |= {other: places[known] for other, known in spellings(classes).items()}
    words = isinstance(classes[0], str)

    def label_of(value: Any) -> Label:
        label = as_label(value)
        return str(label) if words else label

    def places_of(some: list[Any]) -> np.ndarray:
        found = [places.get(label_of(value), -1) for value in some]
        return np.array(found, dtype=narrow(len(classes)))

    numbers = each(values, places_of)  # rows may be many: few bytes each
    numbers[missing(values)] = -1
    wrong = numbers < 0
    if wrong.any():
        row = int(wrong.argmax())
        gone = bool(missing(values[row : row + 1])[0])
        label = label_of(values[row])
        what = "has no value" if gone else f"is {label!r}"
        raise DataError(
            f"the target {column!r} {what}. Expected a label known from training: "
            f"{listed(repr(label) for label in classes)}. Remove the row, or fix the label.",
            key=("data", "target"),
            row=row,
            suggestion=nearest(str(label), classes) if words and not gone else None,
        )
    return numbers


def count(classes: Sequence[Label] | None) -> int:
    """The number of classes.

    Raises:
        BuildError: if they are not known: a task made in Python without them.
    """
    if classes is None:
        raise BuildError(
            "the task has no classes. Expected their names, or their number: classes=10."
        )
    return len(classes)


def constant(classes: Sequence[Label]) -> Any:
    """The class names as a TensorFlow constant. (classes,) int64 or string"""
    import tensorflow as tf

    return tf.constant(list(classes), tf.string if isinstance(classes[0], str) else tf.int64)
