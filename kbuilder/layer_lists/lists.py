"""Lists of layers in a recipe: layers of Keras and blocks, checked one by one and as a whole.

A block is several layers under one name. It is a plug-in, a class in `kbuilder/blocks/`, and may
hold lists of layers itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from kbuilder import catalog
from kbuilder.errors import Key
from kbuilder.layer_lists import keras_layers
from kbuilder.layer_lists.masking import INSTEAD, PaddingError
from kbuilder.refusals import detail, moved, together
from kbuilder.spec import Spec, defined

Layer = dict[str, Any]
"""A layer as it is kept: `{"conv2d": {"filters": 32, "kernel_size": 3}}`, or a block,
`{"residual": Residual(filters=32)}`."""


class Block(Spec):
    """Abstract base of blocks."""

    @property
    def lists(self) -> dict[Key, tuple[Layer, ...]]:
        """The lists of layers within, by their keys."""
        return {}

    @property
    def closing(self) -> bool:
        """Whether the last layers of its lists are its own last layers."""
        return False

    @property
    def ranks(self) -> tuple[int, ...]:
        """The numbers of axes that it takes, batch included; empty: any."""
        return ()

    def apply(self, x: Any, place: Key) -> Any:
        """The output of the block.

        Args:
            x: A KerasTensor.
            place: The key of the block in the recipe, such as `("model", "layers", 2, "repeat")`.

        Raises:
            BuildError: if a layer does not take what comes to it.
        """
        return self.passed(x, None, place)[0]

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        """The output of the block, and which of its steps are real.

        A block that can tell padding from data defines this in place of `apply`; of any other,
        padding is refused.

        Args:
            x, place: As `apply` takes them.
            mask: Which steps of `x` are real, (batch, time) booleans; None: all are.

        Raises:
            BuildError: as `apply`, and if padding would count as data.
        """
        if mask is not None:
            raise PaddingError(INSTEAD)
        return self.apply(x, place), None


class Listed:
    """Annotation of a list of layers.

    Args:
        least: Layers that it has at least.
        whole: Whether it is the whole network, and not a list within a block.
    """

    def __init__(self, least: int = 1, whole: bool = False) -> None:
        self.least = least
        self.whole = whole

    def validate(self, value: object) -> tuple[Layer, ...]:
        """Checks every layer, then what they are to each other."""
        if not isinstance(value, list | tuple) or len(value) < self.least:
            expected = "Expected a list of at least one layer"
            if not self.least:
                expected = "Expected a list of layers; an empty one passes its input on"
            raise together([detail((), expected, value)])
        found: list[InitErrorDetails] = []
        layers: dict[Key, Layer] = {}
        for index, item in enumerate(value):
            try:
                layers[(index,)] = _read(item)
            except ValidationError as error:
                found.extend(moved(error, (index,)))
        if self.whole:
            found.extend(_misplaced(layers, len(value) - 1))
        if found:
            raise together(found)
        return tuple(layers.values())

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "array", "minItems": self.least, "items": _reference(handler)}


Layers = Annotated[tuple[Layer, ...], Listed()]
"""A list of layers within a block."""


def _read(value: object) -> Layer:
    """A layer of Keras or a block, from any of its notations."""
    if isinstance(value, Block):
        return {catalog.name_of(value): value}
    blocks = catalog.names("blocks")
    name, given = keras_layers.notation(value, sorted((*keras_layers.names(), *blocks)))
    if name not in blocks:
        return keras_layers.read(value)
    if isinstance(given, Block):
        return {name: given}
    return {name: keras_layers.validated(name, catalog.find("blocks", name), given)}


def _misplaced(layers: dict[Key, Layer], last: int) -> list[InitErrorDetails]:
    """What is wrong with the order of layers that are right by themselves.

    Args:
        layers: Those of the network, by their place in the list.
        last: The place of the last one.
    """
    found = []
    owners: dict[str, Key] = {}
    for key, name, arguments, closing, times in _walk(layers, last):
        if name == "embedding" and key != (0, name):
            message = "embedding reads the words of a text. Expected it as the first layer"
            found.append(detail(key, message))
        activation = arguments.get("activation")
        one_sigmoid = activation == "sigmoid" and arguments.get("units") == 1
        if closing and (activation in ("softmax", "log_softmax") or one_sigmoid):
            message = (
                "the task adds its own last layer and loss, so the list ends before that layer. "
                "Remove this one"
            )
            found.append(detail((*key, "activation"), message, activation))
        given = arguments.get("name")
        if given is None:
            continue
        if times > 1:
            message = f"this layer is made {times} times, and each needs a name. Remove this one"
            found.append(detail((*key, "name"), message, given))
        elif owners.setdefault(given, key[:-1]) != key[:-1]:
            owner = ".".join(map(str, owners[given]))
            message = f"layer {owner} has this name too. Expected a name of its own"
            found.append(detail((*key, "name"), message, given))
    return found


def _walk(
    layers: dict[Key, Layer], last: int, closing: bool = True, times: int = 1
) -> Iterator[tuple[Key, str, dict[str, Any], bool, int]]:
    """Every layer of Keras, those of blocks too.

    Yields its key, name and arguments, whether its output is one of the whole, and how many times
    it is made.
    """
    for key, layer in layers.items():
        [(name, arguments)] = layer.items()
        ends = closing and key[-1] == last
        if not isinstance(arguments, Block):
            yield (*key, name), name, arguments, ends, times
            continue
        inner = times * getattr(arguments, "times", 1)
        for way, items in arguments.lists.items():
            within = {(*key, name, *way, index): item for index, item in enumerate(items)}
            yield from _walk(within, len(items) - 1, ends and arguments.closing, inner)


class AnyLayer(Spec):
    """A layer of Keras, or a block: its name, alone or with its arguments.

    The names are Keras's in snake_case, the arguments those of Keras 3, with its defaults; Keras
    documents them (https://keras.io/api/layers).
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        blocks = {name: catalog.find("blocks", name) for name in catalog.names("blocks")}
        running = _describing.set(True)
        try:
            one = keras_layers.json_schema(handler, blocks)
        finally:
            _describing.reset(running)
        return {"description": cls.__doc__, **one}


# Whether the JSON Schema of a layer is being written, in which blocks refer to it again.
_describing: ContextVar[bool] = ContextVar("_describing", default=False)


def _reference(handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """A reference to the JSON Schema of a layer, which is written out once."""
    if not _describing.get():
        return defined(AnyLayer, handler)
    schema: Any = AnyLayer.__pydantic_core_schema__
    return handler(core_schema.definition_reference_schema(schema["ref"]))
