"""What kbuilder uses of Keras and TensorFlow that these do not promise to keep.

It stands here and nowhere else, so that an upgrade has one place to look at. The tests of this file
say what is gone. Keras 3.16 moves `keras.src.backend.tensorflow.nn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call of a layer in the graph of a model.

    Args:
        layer: The layer, or another operation.
        node: Keras's record of the call: its `input_tensors`, `outputs` and `arguments`.
    """

    layer: Any
    node: Any


def made_by(tensor: Any) -> Call:
    """The call that a KerasTensor comes out of."""
    history = tensor._keras_history
    return Call(history.operation, history.operation._inbound_nodes[history.node_index])


def ancestry(tensor: Any) -> tuple[list[Any], list[Any]]:
    """The KerasTensors that one comes out of, itself included, and the layers between them."""
    tensors, layers, left = {id(tensor): tensor}, {}, [tensor]
    while left:
        call = made_by(left.pop())
        layers[id(call.layer)] = call.layer
        new = {id(one): one for one in call.node.input_tensors if id(one) not in tensors}
        tensors |= new
        left += new.values()
    return list(tensors.values()), list(layers.values())


def functional(layer: Any) -> Any:
    """The graph of calls of a model; None of what is no such model."""
    import keras

    if isinstance(layer, keras.Sequential):
        return layer._functional
    is_graph = isinstance(layer, keras.Model) and hasattr(layer, "outputs")
    return layer if is_graph else None


def layers(model: Any) -> list[Any]:
    """The layers of a model, and those within them."""
    return list(model._flatten_layers())


def name_anew(taken: Iterable[str] = ()) -> None:
    """Count the names that Keras gives to layers from the first on, as in a new process.

    TensorFlow adds up in an order that goes by names, so that equal weights need equal names.

    Args:
        taken: Names that layers have which were made before, such as dense and dense_2: others get
            none of them.
    """
    from keras.src.utils.naming import get_uid, reset_uids

    reset_uids()
    for name in sorted(set(taken)):
        stem, _, number = name.rpartition("_")
        stem, least = (stem, int(number) + 1) if stem and number.isdecimal() else (name, 1)
        while get_uid(stem) < least:
            pass


def variable_of(initial: Any) -> Any:
    """The Keras variable that TensorFlow is asked to make; None where it is asked by others.

    Args:
        initial: What TensorFlow is given as its initial value: a function of Keras, which holds it.
    """
    import keras

    held = [cell.cell_contents for cell in getattr(initial, "__closure__", None) or ()]
    return next((one for one in held if isinstance(one, keras.Variable)), None)


def operations() -> Any:
    """The module whose functions `conv` and `max_pool` the layers of Keras call."""
    from keras.src.backend.tensorflow import nn

    return nn


def symbolic_build() -> Callable[..., None] | None:
    """Keras's method that builds a model on a whole batch before the fit; None: it has none."""
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

    return getattr(TensorFlowTrainer, "_maybe_symbolic_build", None)


def home() -> str:
    """The folder in which Keras keeps what it downloads."""
    from keras.src.backend.config import keras_home

    return str(keras_home())


def automatic_name(kind: type) -> str:
    """The name that Keras gives a layer of a class, before its number."""
    import keras

    return str(keras.src.utils.naming.to_snake_case(kind.__name__))


PUBLIC = {
    "keras.src.layers": "keras.layers",
    "keras.src.optimizers.schedules": "keras.optimizers.schedules",
    "keras.src.optimizers": "keras.optimizers",
    "keras.src.losses": "keras.losses",
    "keras.src.metrics": "keras.metrics",
    "keras.src.initializers": "keras.initializers",
    "keras.src.regularizers": "keras.regularizers",
}
"""Keras's modules, and where people find what is in them; the first that fits."""


def walk(model: Any, inputs: Any, call: Callable[[Any], Callable[..., Any]]) -> Any:
    """The outputs of a model for given inputs, each of its layers called as one likes.

    Args:
        model: What `functional` gives.
        inputs: As the model takes them.
        call: Called with a layer or another operation; gives what is called in its place.
    """
    return model._run_through_graph(inputs, operation_fn=lambda operation, **_: call(operation))


def logits(tensor: Any) -> Any:
    """What a softmax or a sigmoid made a tensor of; None: of nothing that is known."""
    return getattr(tensor, "_keras_logits", None)


def mask_of(tensor: Any) -> Any:
    """Which steps of a tensor are real, as a layer has said of its output; None: it has not."""
    return getattr(tensor, "_keras_mask", None)


def masked(tensor: Any, mask: Any) -> Any:
    """A tensor that has such a mask."""
    if mask is not None:
        tensor._keras_mask = mask
    return tensor
