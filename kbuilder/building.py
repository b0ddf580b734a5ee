"""The network: inputs, one architecture per form, then the task's last layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder import catalog
from kbuilder.columns import PACKED, Columns
from kbuilder.contracts import (
    FORMS,
    RANKS,
    Adaptive,
    Architecture,
    Body,
    Choice,
    Decision,
    Feature,
    Form,
    Signal,
    Task,
)
from kbuilder.errors import BuildError, listed
from kbuilder.recipe.training import Optimizer

DEFAULTS: dict[Form, str] = {"vector": "mlp", "text": "gru", "sequence": "gru", "image": "cnn"}

Architectures = Mapping[Form, Architecture]


def build(
    architecture: Architecture,
    task: Task,
    input_shape: tuple[int, ...],
    *,
    vocabulary_size: int = 0,
    optimizer: Any = None,
) -> Any:
    """A compiled Keras model: the architecture, with the task's last layer, loss and metrics.

    Args:
        architecture: Such as `kb.CNN(filters=[32, 64])`.
        task: Such as `kb.Multiclass(classes=10)`, which takes one-hot targets.
        input_shape: Shape of one row: (d,) a vector, (time, d) a sequence, (height, width,
            channels) an image; (time,) with `vocabulary_size`: the word numbers of a text.
        vocabulary_size: Number of distinct words, padding (0) included; >= 0.
        optimizer: A Keras optimizer or its name; left out: Adam.

    Returns:
        A plain `keras.Model`, ready for `fit`, `save` and all that Keras does. One with auxiliary
        classifiers has a dictionary of outputs, `output` and `auxiliary_1` …, with one target.

    Raises:
        BuildError: if the architecture does not take such an input.
    """
    import keras

    _check_shape(input_shape, vocabulary_size)
    form: Form = "text" if vocabulary_size else _form(len(input_shape) + 1)
    _check_form(architecture, form)
    inputs = keras.Input(tuple(input_shape), dtype="int64" if vocabulary_size else "float32")
    architecture, _ = adapted(architecture, Signal(form, inputs, vocabulary_size))
    body = as_body(architecture.apply(Signal(form, inputs, vocabulary_size)))
    output = task.head(body.tensor, body.output)
    auxiliary = {
        f"auxiliary_{place}": task.head(tensor, name=f"auxiliary_{place}")
        for place, (tensor, _) in enumerate(body.auxiliary, start=1)
    }
    model = keras.Model(inputs, {"output": output, **auxiliary} if auxiliary else output)
    optimizer = Optimizer().create() if optimizer is None else optimizer
    loss, metrics = task.objective()
    if auxiliary:
        weights = [weight for _, weight in body.auxiliary]
        model.compile(
            optimizer=optimizer,
            loss={"output": loss, **{name: task.objective()[0] for name in auxiliary}},
            loss_weights={"output": 1.0, **dict(zip(auxiliary, weights, strict=True))},
            metrics={"output": metrics},
        )
    else:
        model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    return model


def as_body(given: Any) -> Body:
    """What an architecture gives, as a `Body`."""
    return given if isinstance(given, Body) else Body(given)


def adapted(architecture: Any, signal: Signal) -> tuple[Any, dict[str, Choice]]:
    """The architecture with what it left open, and what it chose; what the user wrote wins."""
    if not isinstance(architecture, Adaptive):
        return architecture, {}
    choices = {
        field: choice
        for field, choice in architecture.decide(signal).items()
        if getattr(architecture, field) in (None, "auto")
    }
    update = {field: choice.value for field, choice in choices.items()}
    return architecture.model_copy(update=update), choices  # type: ignore[attr-defined]


def choose(columns: Columns, model: Architecture | Architectures | None) -> tuple[
    dict[Form, Architecture], list[Decision]
]:  # fmt: skip
    """The architecture of each form that the features have.

    Raises:
        BuildError: if the recipe names an architecture for a form that is not there, or one
            architecture for several forms that it does not take.
    """
    forms = [form for form in FORMS if form in {f.form for f in columns.features.values()}]
    if isinstance(model, Mapping):
        for form in model:
            if form not in forms:
                raise BuildError(
                    f"no feature has the form {form!r}. The features have: {listed(forms)}.",
                    key=("model", form),
                )
        given: dict[Form, Architecture] = dict(model)
    elif model is not None:
        given = {form: model for form in forms if form in model.forms}
        if not given:
            _check_form(model, forms[0])
        if len(forms) > 1 and len(given) > 1:
            raise BuildError(
                f"the features have several forms: {listed(forms)}. Expected an architecture for "
                f"each: `model: {{{', '.join(f'{form}: …' for form in forms)}}}`.",
                key=("model",),
            )
    else:
        given = {}
    decisions = []
    for form in forms:
        if form not in given:
            name = DEFAULTS[form]
            given[form] = catalog.find("architectures", name)()
            one = f"model: {name}" if len(forms) == 1 else f"model: {{{form}: {name}}}"
            decisions.append(Decision(f"model.{form}", name, f"there are {form} features", one))
        _check_form(given[form], form, key=("model", form))
    for part, choice in columns.task.explain().items():
        write = f"task: {{name: {catalog.name_of(columns.task)}, loss: {choice.value}}}"
        decisions.append(Decision(f"task.{part}", *choice, write if part == "loss" else ""))
    return {form: given[form] for form in forms}, decisions


def network(
    columns: Columns,
    architectures: Architectures,
    arrays: Mapping[str, np.ndarray],
    branched: bool = False,
) -> Any:
    """The Keras model from preprocessed arrays to the task's outputs, not compiled.

    Args:
        columns: The learned features and task.
        architectures: One for each form of the features.
        arrays: Preprocessed rows by key, for their shapes and dtypes.
        branched: Whether the recipe names architectures by form, for messages.

    Returns:
        A `keras.Model` whose inputs are a dictionary with the keys of `arrays`.
    """
    import keras

    inputs = {
        key: keras.Input(values.shape[1:], dtype=values.dtype.name, name=key)
        for key, values in arrays.items()
    }
    signals: dict[Form, list[Signal]] = {}
    for key, feature in _by_key(columns).items():
        signal = feature.embed(inputs[key])
        signals.setdefault(signal.form, []).append(signal)
    if "vector" in signals:
        signals["vector"] = _joined(signals["vector"])
    branches = [
        _applied(architectures[form], signal, branched, alone=len(members) == 1)
        for form, members in signals.items()
        for signal in members
    ]
    body = keras.layers.Concatenate()(branches) if len(branches) > 1 else branches[0]
    return keras.Model(inputs, columns.task.head(body), name="network")


def compile_(model: Any, task: Task, optimizer: Any) -> None:
    """Compile with the task's loss and metrics, as objects."""
    loss, metrics = task.objective()
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)


def _applied(architecture: Architecture, signal: Signal, branched: bool, alone: bool) -> Any:
    """The architecture's output; an error of it points into its own part of the recipe.

    Where several features have the form, each has a network within the network, since an
    architecture may name its layers, and no two layers of one network have one name.
    """
    import keras

    try:
        if alone:
            return architecture.apply(signal)
        inputs = keras.Input(signal.tensor.shape[1:], dtype=signal.tensor.dtype)
        body = architecture.apply(replace(signal, tensor=inputs))
        return keras.Model(inputs, body)(signal.tensor)
    except BuildError as error:
        if not branched:
            raise
        key = ("model", signal.form, *error.problem.key[1:])
        raise BuildError(error.problem.message, key=key) from None


def _by_key(columns: Columns) -> dict[str, Feature]:
    """A feature by input of the network; of those that share one, any: they embed alike."""
    return {key: columns.features[column] for column, key in columns.keys().items()}


def _joined(members: list[Signal]) -> list[Signal]:
    """Vectors side by side, as one."""
    if len(members) == 1:
        return members
    import keras

    tensors = [member.tensor for member in members]
    return [Signal("vector", keras.layers.Concatenate(name=f"{PACKED}s")(tensors))]


def _check_shape(shape: object, vocabulary_size: int) -> None:
    """Refuse what is no shape of one row; the time of a sequence or text may be None, any."""
    sizes = shape if isinstance(shape, tuple | list) else ()
    free = sizes and sizes[0] is None and (len(sizes) == 2 or bool(vocabulary_size))
    whole = all(isinstance(size, int) and size > 0 for size in (sizes[1:] if free else sizes))
    if not whole or not 1 <= len(sizes) <= (1 if vocabulary_size else 3) or vocabulary_size < 0:
        expected = (
            "(time,) with the number of words, at least 1"
            if vocabulary_size
            else "(d,), (time, d) or (height, width, channels)"
        )
        got = f"{shape!r} with {vocabulary_size} words" if vocabulary_size else f"{shape!r}"
        raise BuildError(f"input_shape is the shape of one row. Expected {expected}. Got {got}.")


def _form(rank: int) -> Form:
    return next(form for form in FORMS if RANKS[form] == rank)


def _check_form(architecture: Architecture, form: Form, key: Any = ("model",)) -> None:
    if form not in architecture.forms:
        name = catalog.name_of(architecture)
        fitting = [
            other
            for other in catalog.names("architectures")
            if form in catalog.find("architectures", other).forms  # type: ignore[attr-defined]
        ]
        raise BuildError(
            f"{name} takes {listed(architecture.forms)}, and this is {form}. "
            f"Expected one of: {listed(fitting)}.",
            key=key,
        )
