"""The network: an architecture for each form, then the last layer of each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kbuilder.architectures._body import body_of
from kbuilder.building.choosing import Architectures, within
from kbuilder.building.inputs import Inputs
from kbuilder.columns import Columns, Rows
from kbuilder.contracts import Architecture, Body, Phase, Relative, Signal, Task
from kbuilder.errors import BuildError
from kbuilder.recipe import branches

Auxiliary = Mapping[str, tuple[str, float]]
"""For each auxiliary output, the output whose target it learns, and its weight."""


@dataclass(frozen=True)
class Network:
    """What is fitted, and what stays of it.

    Args:
        model: The Keras model, from preprocessed arrays to an output for each target.
        trained: The same layers with the auxiliary outputs that they have in training.
        tasks: The task by output of `trained`.
        auxiliary: The outputs that are there in training alone.
        phases: The phases of the fit; empty: all weights learn from the first step to the last.
    """

    model: Any
    trained: Any
    tasks: Mapping[str, Task]
    auxiliary: Auxiliary
    phases: Sequence[Phase]

    def rows(self, rows: Rows) -> Rows:
        """Rows with an encoded target for each output of `trained`."""
        arrays, encoded = rows
        extra = {name: encoded[output] for name, (output, _) in self.auxiliary.items()}
        return arrays, {**encoded, **extra}

    def compile(self, optimizer: Any) -> None:
        """Compile `trained` with the tasks' losses and metrics, as objects."""
        compile_model(self.trained, self.tasks, self.auxiliary, optimizer, "weighted_metrics")


def compile_model(
    model: Any,
    tasks: Mapping[str, Task],
    auxiliary: Auxiliary,
    optimizer: Any,
    judging: str = "metrics",
) -> None:
    """Compile a model with its tasks' losses and metrics, as objects.

    Args:
        model: The model; with a single output, which has no name, that of the one task.
        tasks, auxiliary: As in `Network`.
        optimizer: The optimizer, or its name.
        judging: What Keras calls the metrics: `weighted_metrics`, where rows weigh in them too.
    """
    objectives = {output: task.objective() for output, task in tasks.items()}
    losses = {output: loss for output, (loss, _) in objectives.items()}
    weights = {
        output: task.loss_weight * auxiliary.get(output, ("", 1.0))[1]
        for output, task in tasks.items()
    }
    metrics = {
        output: metrics for output, (_, metrics) in objectives.items() if output not in auxiliary
    }
    if isinstance(model.output, Mapping):
        model.compile(optimizer, loss=losses, loss_weights=weights, **{judging: metrics})
    else:
        [output] = tasks
        model.compile(
            optimizer, loss=losses[output], loss_weights=weights[output],
            **{judging: metrics[output]},
        )  # fmt: skip


def network_of(
    columns: Columns,
    inputs: Inputs,
    architectures: Architectures,
    branched: bool = False,
    trainer: Callable[..., Any] | None = None,
    shared: bool = False,
) -> Network:
    """The Keras model from preprocessed arrays to an output for each target, not compiled.

    Args:
        columns: The learned features and targets.
        inputs: Where the network begins.
        architectures: One for each form of the features, and for columns that have their own.
        branched: Whether the recipe names architectures by form or column, for messages.
        trainer: The class of the model that is trained; left out: `keras.Model`.
        shared: Whether the columns of a form share their network.
    """
    tasks = {output: task for output, (_, task) in columns.outputs().items()}
    made = assemble(inputs, architectures, tasks, columns.titled, branched, shared)
    given = dict(inputs.tensors)
    model = model_of(given, made.outputs, "network")
    trained = model
    if made.extra or trainer is not None:
        trained = model_of(given, {**made.outputs, **made.extra}, "training", trainer)
    return Network(model, trained, made.tasks, made.auxiliary, made.phases)


@dataclass(frozen=True)
class Assembled:
    """Tensors from the inputs to the last layer of each task.

    Args:
        outputs: The tensor by output.
        extra: The tensor by auxiliary output.
        tasks, auxiliary, phases: As in `Network`.
    """

    outputs: Mapping[str, Any]
    extra: Mapping[str, Any]
    tasks: Mapping[str, Task]
    auxiliary: Auxiliary
    phases: Sequence[Phase]


def assemble(
    inputs: Inputs,
    architectures: Architectures,
    tasks: Mapping[str, Task],
    titled: Callable[[str, str], str],
    branched: bool = False,
    shared: bool = False,
) -> Assembled:
    """Put an architecture behind the inputs of each form, and behind all a last layer per task.

    Args:
        inputs: Where the network begins.
        architectures: As in `network_of`.
        tasks: The task by output.
        titled: The name of a layer, of an output and what it is, such as "head".
        branched, shared: As in `network_of`.
    """
    import keras

    bodies = []
    signals, ends = inputs.signals, None
    relative = next((task for task in tasks.values() if isinstance(task, Relative)), None)
    if relative is not None:
        signals, ends = relative.relate(signals)
    for form, members in signals.items():
        inner: _Inner | None = None
        for signal in members:
            key = branches.key_of(signal.column, form, architectures, signals)
            with within(key, branched):
                if len(members) == 1:
                    bodies.append(body_of(architectures[key], signal))
                elif shared and key == form:
                    again = inner is not None
                    inner = inner or _inner(architectures[key], signal)
                    bodies.append(inner.applied(signal, again))
                else:
                    bodies.append(_inner(architectures[key], signal).applied(signal))
    tensors = [body.tensor for body in bodies]
    vector = keras.layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]
    last = bodies[0].output if len(bodies) == 1 else None
    outputs: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    auxiliary: dict[str, tuple[str, float]] = {}
    all_tasks: dict[str, Task] = {}
    for output, task in tasks.items():
        all_tasks[output] = task
        outputs[output] = _restored(task, task.head(vector, last, titled(output, "head")), ends)
        beside = [pair for body in bodies for pair in body.auxiliary]
        for number, (tensor, weight) in enumerate(beside, start=1):
            name = titled(output, f"auxiliary_{number}")
            extra[name] = _restored(task, task.head(tensor, name=name), ends)
            auxiliary[name], all_tasks[name] = (output, weight), task
    return Assembled(outputs, extra, all_tasks, auxiliary, _side_by_side(bodies))


def _restored(task: Task, tensor: Any, ends: Any) -> Any:
    """An output, with what its input was taken relative to."""
    return task.restore(tensor, ends) if isinstance(task, Relative) else tensor


def on_one_device(model: Any) -> Any:
    """The network with its weights outside of any strategy; itself, where it is in none."""
    if model.distribute_strategy.num_replicas_in_sync == 1:
        return model
    alone = type(model).from_config(model.get_config())
    alone.set_weights(model.get_weights())
    return alone


@dataclass(frozen=True)
class _Inner:
    """A network within the network, for one of several features of a form, or for all of them.

    It is one of its own since an architecture may name its layers, and no two layers of one network
    have one name.

    Args:
        model: From the tensors of a signal to the vector, and those of the auxiliary outputs.
        body: What the architecture gave within it.
    """

    model: Any
    body: Body

    def applied(self, signal: Signal, again: bool = False) -> Body:
        """What it gives for a signal; its phases once only."""
        import keras

        given = self.model(_alone(_carried(signal)))
        first, *others = keras.tree.flatten(given)
        weights = [weight for _, weight in self.body.auxiliary]
        auxiliary = tuple(zip(others, weights, strict=True))
        phases = () if again else self.body.phases
        return replace(self.body, tensor=first, auxiliary=auxiliary, phases=phases)


def _inner(architecture: Architecture, signal: Signal) -> _Inner:
    """A network within the network."""
    import keras

    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in _carried(signal)]
    body = body_of(architecture, replace(signal, tensor=inputs[0], mask=[*inputs, None][1]))
    vectors = [body.tensor, *(tensor for tensor, _ in body.auxiliary)]
    model = model_of(_alone(inputs), vectors if len(vectors) > 1 else body.tensor)
    return _Inner(model, body)


def _carried(signal: Signal) -> list[Any]:
    """The tensors of a signal."""
    return [tensor for tensor in (signal.tensor, signal.mask) if tensor is not None]


def _alone(tensors: Sequence[Any]) -> Any:
    """A tensor, or several as a list."""
    return list(tensors) if len(tensors) > 1 else tensors[0]


def _side_by_side(bodies: Sequence[Body]) -> list[Phase]:
    """The phases of the networks of several features, which go together.

    Raises:
        BuildError: if they are not the same.
    """
    phased = [body.phases for body in bodies if body.phases]
    steps = [[(phase.epochs, phase.learning_rate) for phase in phases] for phases in phased]
    if any(each != steps[0] for each in steps):
        raise BuildError(
            "the networks of several columns are fitted in phases that are not the same. Expected "
            "the same `fine_tune` for each.",
            key=("model",),
        )
    return [
        replace(together[0], frozen=[layer for phase in together for layer in phase.frozen])
        for together in zip(*phased, strict=True)
    ]


def model_of(
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
