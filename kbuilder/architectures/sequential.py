"""A network written layer by layer."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from kbuilder import layer_table
from kbuilder.contracts import Form, Signal
from kbuilder.errors import BuildError
from kbuilder.layer_table import Layer
from kbuilder.spec import Spec

INPUTS = {
    2: "a vector (batch, d)",
    3: "a sequence (batch, time, d)",
    4: "an image (batch, height, width, channels)",
}


class _Layers:
    """Annotation of `layers`: checks every layer, then what they are to each other."""

    def validate(self, value: object) -> tuple[Layer, ...]:
        if not isinstance(value, list | tuple) or not value:
            expected = "Expected a list of at least one layer"
            raise layer_table.problems([layer_table.refused((), expected, value)])
        found: list[InitErrorDetails] = []
        layers: list[tuple[int, str, dict[str, Any]]] = []
        for index, item in enumerate(value):
            try:
                [(name, arguments)] = layer_table.read(item).items()
                layers.append((index, name, arguments))
            except ValidationError as error:
                found.extend(layer_table.moved(error, (index,)))
        found.extend(_misplaced(layers, len(value) - 1))
        if found:
            raise layer_table.problems(found)
        return tuple({name: arguments} for _, name, arguments in layers)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "items": layer_table.json_schema(handler)}


def _misplaced(layers: list[tuple[int, str, dict[str, Any]]], last: int) -> list[InitErrorDetails]:
    """What is wrong with the order of layers that are right by themselves."""
    found = []
    owners: dict[str, int] = {}
    for index, name, arguments in layers:
        if name == "embedding" and index > 0:
            message = "embedding reads the words of a text. Expected it as the first layer"
            found.append(layer_table.refused((index, name), message))
        activation = arguments.get("activation")
        one_sigmoid = activation == "sigmoid" and arguments.get("units") == 1
        if index == last and (activation in ("softmax", "log_softmax") or one_sigmoid):
            message = (
                "the task adds its own last layer and loss, so the list ends before that layer. "
                "Remove this one"
            )
            found.append(layer_table.refused((index, name, "activation"), message, activation))
        given = arguments.get("name")
        if given is not None and owners.setdefault(given, index) != index:
            message = f"layer {owners[given]} has this name too. Expected a name of its own"
            found.append(layer_table.refused((index, name, "name"), message, given))
    return found


class Sequential(Spec):
    """Layers of Keras, one after the other, as listed; the task adds the last layer.

    A layer is its Keras name in snake_case with its arguments (`conv2d: {filters: 32, kernel_size:
    3}`), with its first argument alone (`dense: 64`), or by itself (`flatten`). Arguments are those
    of Keras 3, with its defaults. A text is read by an `embedding`, which comes first.

    Input shape: vector (batch, d), text (batch, time), sequence (batch, time, d) or image (batch,
        height, width, channels), as the first layer takes it.
    Output shape: (batch, d), as the last layer gives it.
    Source: Chollet et al. 2015, Keras (https://keras.io/api/layers).
    """

    layers: Annotated[tuple[Layer, ...], _Layers()]
    """The layers, the first nearest to the input, without the last layer of the task."""

    forms: ClassVar[tuple[Form, ...]] = ("vector", "text", "sequence", "image")

    def apply(self, signal: Signal) -> Any:
        x = signal.tensor
        if signal.form == "text" and "embedding" not in self.layers[0]:
            raise BuildError(
                "a text reaches the layers through an embedding. "
                "Add `- embedding: 64` before the first layer.",
                key=("model", "layers", 0),
            )
        for index in range(len(self.layers)):
            x = self._step(index, x, signal)
        if len(x.shape) != 2:
            pooling = {3: "global_max_pooling1d", 4: "global_max_pooling2d"}.get(len(x.shape))
            mend = f"`- flatten` or `- {pooling}`" if pooling else "`- flatten`"
            raise BuildError(
                f"{self._title(-1)} is the last layer and gives {_shape(x)}. Expected a vector "
                f"(batch, d): add {mend} after it.",
                key=("model", "layers", len(self.layers) - 1),
            )
        return x

    def _step(self, index: int, x: Any, signal: Signal) -> Any:
        """The output of one layer; what Keras refuses is said in a sentence."""
        key, title = ("model", "layers", index), self._title(index)
        [(name, arguments)] = self.layers[index].items()
        if name == "embedding" and signal.form != "text":
            raise BuildError(
                f"{title} expects the words of a text (batch, time); its input here is "
                f"{_described(x)}. Remove it.",
                key=key,
            )
        if name == "embedding":
            arguments = {"input_dim": signal.vocabulary_size, **arguments}
        try:
            layer = _create(name, arguments)
        except Exception as error:  # whatever Keras raises, a person needs to know which layer
            raise BuildError(f"{title} cannot be made: {_sentence(error)}.", key=key) from error
        rank = _rank(layer)
        if rank is not None and rank != len(x.shape):
            raise BuildError(
                f"{title} expects {INPUTS.get(rank, f'{rank} axes')}; its input here is "
                f"{_described(x)}.{self._mend(index, rank, len(x.shape))}",
                key=key,
            )
        for axis in _axes(arguments):
            if axis == 0 or not -len(x.shape) < axis < len(x.shape):
                raise BuildError(
                    f"{title} has no axis {axis} to work along; its input here is {_described(x)}. "
                    "Axis 0 is the batch, -1 the last.",
                    key=key,
                )
        try:
            return layer(x)
        except Exception as error:  # as above
            raise BuildError(
                f"{title} cannot be applied to {_described(x)}: {_sentence(error, arguments)}.",
                key=key,
            ) from error

    def _title(self, index: int) -> str:
        """The name of a layer and its place in the list."""
        [name] = self.layers[index]
        return f"{name} (layers.{index % len(self.layers)})"

    def _mend(self, index: int, wanted: int, given: int) -> str:
        """What to write instead, where it is plain from the layers."""
        [name] = self.layers[index]
        before = next(iter(self.layers[index - 1])) if index else ""
        recurrent = (*layer_table.table()["recurrent"], layer_table.WRAPPER)
        if wanted == 3 and given == 2 and before in recurrent:
            return f" Give {self._title(index - 1)} `return_sequences: true`."
        twin = name.replace("1d", "2d") if wanted == 3 else name.replace("2d", "1d")
        if {wanted, given} == {3, 4} and twin in layer_table.names() and twin != name:
            return f" Use {twin} in its place."
        if given == 2 and (before == "flatten" or before.startswith("global_")):
            return f" Put it before {self._title(index - 1)}."
        return ""


def _create(name: str, arguments: dict[str, Any]) -> Any:
    """The Keras layer."""
    import keras

    if name == layer_table.WRAPPER:
        [(inner, given)] = arguments.items()
        return keras.layers.Bidirectional(_create(inner, given))
    given = {
        key: keras.regularizers.L1L2(**value) if isinstance(value, dict) else value
        for key, value in arguments.items()
    }
    return getattr(keras.layers, layer_table.table()["layers"][name]["class"])(**given)


def _rank(layer: Any) -> int | None:
    """The number of axes that a layer takes, batch included; None if it takes any."""
    spec = layer.input_spec
    if isinstance(spec, list):  # as SimpleRNN has it: its input, then its state
        spec = spec[0]
    if spec is None or spec.ndim:
        return spec and spec.ndim
    # Dense takes 2 or more; convolutions say "at least" too, but more would be no image.
    return spec.min_ndim if spec.min_ndim and spec.min_ndim > 2 else None


def _axes(arguments: dict[str, Any]) -> tuple[int, ...]:
    axes = arguments.get("axis", arguments.get("shared_axes", ()))
    return axes if isinstance(axes, tuple) else (axes,)


def _shape(x: Any) -> str:
    sizes = ("any" if size is None else str(size) for size in x.shape[1:])
    return f"({', '.join(['batch', *sizes])})"


def _described(x: Any) -> str:
    kind = INPUTS.get(len(x.shape), "an array").split(" (")[0]
    return f"{kind} {_shape(x)}"


def _sentence(error: Exception, arguments: dict[str, Any] | None = None) -> str:
    """The first sentence of what Keras says, or our own where it speaks of its insides."""
    text = re.sub(r"\x1b\[\d*m|Exception encountered when calling .*\n+", "", str(error))
    text = re.split(r"\.?(?: Received\b|\n|$)", text.strip())[0].rstrip(".").replace("`", "")
    if text.startswith("Computed output size would be"):
        window = "kernel_size" if "kernel_size" in (arguments or {}) else "pool_size"
        size = (arguments or {}).get(window, 2)
        return (
            f"{window} {_plain(size)} is too large for it. Give a smaller one, `padding: same`, or "
            "less pooling before it"
        )
    return text[:1].lower() + text[1:] or type(error).__name__


def _plain(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
