"""The network: inputs, one architecture per form, then the task's last layer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from kbuilder import catalog, room, spec
from kbuilder.columns import PACKED, Arrays, Columns, Rows
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
    Phase,
    Signal,
    Task,
)
from kbuilder.errors import BuildError, listed
from kbuilder.lines import to_line
from kbuilder.recipe.training import Optimizer

DEFAULTS: dict[Form, str] = {"vector": "mlp", "text": "gru", "sequence": "gru", "image": "cnn"}

Architectures = Mapping[Form, Architecture]


@dataclass(frozen=True)
class Inputs:
    """Where the network begins: its Keras inputs by name, and what they carry by form."""

    tensors: Mapping[str, Any]
    signals: Mapping[Form, Sequence[Signal]]


@dataclass(frozen=True)
class Network:
    """What is fitted, and what stays of it.

    Args:
        model: The Keras model, from preprocessed arrays to an output for each target.
        trained: The same layers with the auxiliary outputs that they have in training.
        tasks: The task by output of `trained`.
        auxiliary: For each auxiliary output, the output whose target it learns, and its weight.
        phases: The stretches of the fit; empty: all weights learn from the first step to the last.
    """

    model: Any
    trained: Any
    tasks: Mapping[str, Task]
    auxiliary: Mapping[str, tuple[str, float]]
    phases: Sequence[Phase]

    def rows(self, rows: Rows) -> Rows:
        """Rows with an encoded target for each output of `trained`."""
        arrays, encoded = rows
        extra = {name: encoded[output] for name, (output, _) in self.auxiliary.items()}
        return arrays, {**encoded, **extra}

    def compile(self, optimizer: Any) -> None:
        """Compile `trained` with the tasks' losses and metrics, as objects."""
        objectives = {output: task.objective() for output, task in self.tasks.items()}
        self.trained.compile(
            optimizer=optimizer,
            loss={output: loss for output, (loss, _) in objectives.items()},
            loss_weights={
                output: task.loss_weight * self.auxiliary.get(output, ("", 1.0))[1]
                for output, task in self.tasks.items()
            },
            metrics={
                output: metrics
                for output, (_, metrics) in objectives.items()
                if output not in self.auxiliary
            },
        )


@room.for_weights()
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
        classifiers has a dictionary of outputs, `output` and `auxiliary_1` …; give it the target
        for each: `model.fit(x, dict.fromkeys(model.output, y))`.

    Raises:
        BuildError: if the architecture does not take such an input, or has no room in memory.
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
    model = _model(inputs, {"output": output, **auxiliary} if auxiliary else output)
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


def inputs(columns: Columns, arrays: Arrays) -> Inputs:
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
    for key, feature in _by_key(columns).items():
        signal = replace(feature.embed(tensors[key]), column=owners[key])
        if signal.form == "vector":
            signal = replace(signal, widths=widths(columns, key, signal.tensor))
        signals.setdefault(signal.form, []).append(signal)
    if "vector" in signals:
        signals["vector"] = _joined(signals["vector"])
    return Inputs(tensors, {form: signals[form] for form in FORMS if form in signals})


def choose(
    columns: Columns, inputs: Inputs, model: Architecture | Architectures | None
) -> tuple[dict[Form, Architecture], list[Decision]]:
    """The architecture of each form that the features have, fitted to its input.

    Raises:
        BuildError: if the recipe names an architecture for a form that is not there, or one
            architecture for several forms that it does not take.
    """
    forms = list(inputs.signals)
    branched = isinstance(model, Mapping)
    given = _given(model, forms)
    decisions = []
    for form in forms:
        if form not in given:
            name = DEFAULTS[form]
            given[form] = catalog.find("architectures", name)()
            key: tuple[str, ...] = ("model",) if len(forms) == 1 else ("model", form)
            line = to_line(key, name)
            decisions.append(Decision(("model", form), name, f"there are {form} features", line))
        _check_form(given[form], form, key=("model", form) if branched else ("model",))
        with _within(form, branched):
            written = spec.given(given[form])
            given[form], chosen = adapted(given[form], inputs.signals[form][0])
        name = catalog.name_of(given[form])
        for field, choice in chosen.items():
            key = ("model", form) if branched else ("model",)
            write = to_line(key, {"name": name, **written, field: choice.value})
            decisions.append(Decision(("model", form, field), *choice, write))
    return {form: given[form] for form in forms}, decisions


def _given(
    model: Architecture | Architectures | None, forms: Sequence[Form]
) -> dict[Form, Architecture]:
    """The architectures that the recipe names, by form."""
    if isinstance(model, Mapping):
        for form in model:
            if form not in forms:
                raise BuildError(
                    f"no feature has the form {form!r}. The features have: {listed(forms)}.",
                    key=("model", form),
                )
        return dict(model)
    if model is None:
        return {}
    given = {form: model for form in forms if form in model.forms}
    if not given:
        _check_form(model, forms[0])
    if len(forms) > 1 and len(given) > 1:
        raise BuildError(
            f"the features have several forms: {listed(forms)}. Expected an architecture for "
            f"each: `model: {{{', '.join(f'{form}: …' for form in forms)}}}`.",
            key=("model",),
        )
    return given


def network(
    columns: Columns,
    inputs: Inputs,
    architectures: Architectures,
    branched: bool = False,
    trainer: Callable[..., Any] | None = None,
) -> Network:
    """The Keras model from preprocessed arrays to an output for each target, not compiled.

    Args:
        columns: The learned features and targets.
        inputs: Where the network begins.
        architectures: One for each form of the features.
        branched: Whether the recipe names architectures by form, for messages.
        trainer: The class of the model that is trained; left out: `keras.Model`.
    """
    import keras

    bodies = []
    for form, members in inputs.signals.items():
        for signal in members:
            with _within(form, branched):
                bodies.append(_applied(architectures[form], signal, alone=len(members) == 1))
    tensors = [body.tensor for body in bodies]
    vector = keras.layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]
    last = bodies[0].output if len(bodies) == 1 else None
    outputs: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    auxiliary: dict[str, tuple[str, float]] = {}
    tasks: dict[str, Task] = {}
    for output, (_, task) in columns.outputs().items():
        tasks[output] = task
        outputs[output] = task.head(vector, last, name=columns.titled(output, "head"))
        places = [pair for body in bodies for pair in body.auxiliary]
        for place, (tensor, weight) in enumerate(places, start=1):
            name = columns.titled(output, f"auxiliary_{place}")
            extra[name] = task.head(tensor, name=name)
            auxiliary[name], tasks[name] = (output, weight), task
    given = dict(inputs.tensors)
    model = _model(given, outputs, "network")
    trained = model
    if extra or trainer is not None:
        trained = _model(given, {**outputs, **extra}, "training", trainer)
    return Network(model, trained, tasks, auxiliary, _side_by_side(bodies))


def on_one_device(model: Any) -> Any:
    """The network with its weights outside of any strategy; itself, where it is in none."""
    if model.distribute_strategy.num_replicas_in_sync == 1:
        return model
    alone = type(model).from_config(model.get_config())
    alone.set_weights(model.get_weights())
    return alone


def _side_by_side(bodies: Sequence[Body]) -> list[Phase]:
    """The phases of networks that one architecture made for several features: they go together."""
    stretches = [body.phases for body in bodies if body.phases]
    return [
        replace(together[0], frozen=[layer for phase in together for layer in phase.frozen])
        for together in zip(*stretches, strict=True)
    ]


def _model(
    inputs: Any, outputs: Any, name: str | None = None, kind: Callable[..., Any] | None = None
) -> Any:
    """The Keras model; its layers have a name each, where a recipe names them too."""
    import keras

    try:
        return (kind or keras.Model)(inputs, outputs, name=name)
    except ValueError as error:
        twice = re.search(r'The name "(.+)" is used \d+ times', str(error))
        if twice is None:
            raise
        raise BuildError(
            f"two layers of the network have the name {twice[1]!r}. Write another one: the inputs, "
            "the last layer and layers without a written name have names too, and so have the "
            "layers of the other architectures.",
            key=("model",),
        ) from error


@contextmanager
def _within(form: Form, branched: bool) -> Iterator[None]:
    """Errors of an architecture point into its own part of the recipe."""
    try:
        yield
    except BuildError as error:
        if not branched:
            raise
        key = ("model", form, *error.problem.key[1:])
        raise BuildError(error.problem.message, key=key) from None


def _applied(architecture: Architecture, signal: Signal, alone: bool) -> Body:
    """What the architecture gives.

    Where several features have the form, each has a network within the network, since an
    architecture may name its layers, and no two layers of one network have one name.
    """
    import keras

    if alone:
        return as_body(architecture.apply(signal))
    inputs = keras.Input(signal.tensor.shape[1:], dtype=signal.tensor.dtype)
    body = as_body(architecture.apply(replace(signal, tensor=inputs)))
    vectors = [body.tensor, *(tensor for tensor, _ in body.auxiliary)]
    inner = _model(inputs, vectors if len(vectors) > 1 else body.tensor)
    first, *others = keras.tree.flatten(inner(signal.tensor))
    weights = [weight for _, weight in body.auxiliary]
    return replace(body, tensor=first, auxiliary=tuple(zip(others, weights, strict=True)))


def _by_key(columns: Columns) -> dict[str, Feature]:
    """A feature by input of the network; of those that share one, any: they embed alike."""
    return {key: columns.features[column] for column, key in columns.keys().items()}


def widths(columns: Columns, key: str, tensor: Any) -> dict[str, int]:
    """How many numbers of the vector behind an input each of its columns has, in their order."""
    own = [column for column, its in columns.keys().items() if its == key]
    if len(own) == 1:
        return {own[0]: tensor.shape[-1]}
    return {column: _width(columns.features[column]) for column in own}


def _width(feature: Feature) -> int:
    """How many numbers become of a value, once preprocessed."""
    import tensorflow as tf

    shape, dtype = feature.signature()
    return int(feature.layer()(tf.zeros((1, *shape[1:]), dtype)).shape[-1])


def _joined(members: list[Signal]) -> list[Signal]:
    """Vectors side by side, as one."""
    if len(members) == 1:
        return members
    import keras

    tensors = [member.tensor for member in members]
    together = {name: size for member in members for name, size in member.widths.items()}
    joined = keras.layers.Concatenate(name=f"{PACKED}s")(tensors)
    return [Signal("vector", joined, widths=together)]


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
