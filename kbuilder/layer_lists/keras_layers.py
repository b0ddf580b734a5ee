"""The Keras layers that a recipe may list, and the check of what is written about one.

Names and arguments come from `layer_table.json`, which tools/write_layer_table.py generates from
Keras's signatures, so that a recipe is checked without Keras. Nothing is read before it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema

from kbuilder.layer_lists import spelling
from kbuilder.refusals import custom, detail, moved, together, unknown
from kbuilder.spec import Count, Counts, Fraction, Positive, Shape, Spec, defined

Layer = dict[str, dict[str, Any]]
"""A layer as it is kept: `{"conv2d": {"filters": 32, "kernel_size": 3}}`."""

WRAPPER = "bidirectional"  # its value is a recurrent layer
ABOUT_WRAPPER = """A recurrent layer that reads a sequence in both directions.

Its value is that layer: `bidirectional: {lstm: {units: 64}}`; or `gru`, or `simple_rnn`."""
NotNegative = Annotated[int, Field(ge=0)]
T = TypeVar("T", bound=BaseModel)


class Arguments(Spec):
    """Base of the generated classes, one a layer: a field for each argument."""


@cache
def table() -> dict[str, Any]:
    """The generated table."""
    text = Path(__file__).with_name("layer_table.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def names() -> tuple[str, ...]:
    """The layers that a recipe may list, sorted."""
    return tuple(sorted([*table()["layers"], WRAPPER]))


def read(value: object, known: Sequence[str] = ()) -> Layer:
    """A layer from any of its notations: `flatten`, `{dense: 64}`, `{dense: {units: 64}}`.

    Args:
        value: What the recipe says.
        known: The layers that are allowed; left out: all.

    Raises:
        ValidationError: with every problem, each at its key within `value`.
    """
    name, given = notation(value, known or names())
    if name != WRAPPER:
        return {name: _check(name, given)}
    try:
        return {name: read(given, table()["recurrent"])}
    except ValidationError as error:
        raise together(moved(error, (name,))) from None


def notation(value: object, known: Sequence[str]) -> tuple[str, object]:
    """The name of a layer, one of the known, and what is written about it, not yet checked."""
    given: object = None
    if isinstance(value, dict) and len(value) == 1:
        [(name, given)] = value.items()
    elif isinstance(value, str):
        name = value
    else:
        expected = "Expected one layer: its name, or its name with its arguments indented below it"
        raise together([detail((), expected, value)])
    if name not in known:
        raise together([unknown(() if isinstance(value, str) else (name,), name, known)])
    return str(name), given


def _check(layer: str, given: object) -> dict[str, Any]:
    """The arguments of a layer, checked; those that are null are left to Keras's default."""
    if given is not None and not isinstance(given, dict) and list(_rows(layer)) == ["name"]:
        raise together([detail((layer,), f"{layer} takes no value. Expected it alone", given)])
    checked = validated(layer, arguments(layer), given)
    return checked.model_dump(exclude_unset=True, exclude_none=True)


def validated(layer: str, kind: type[T], given: object) -> T:
    """The arguments of a layer or a block: a mapping, or the first argument alone.

    Args:
        layer: Its name, for messages.
        kind: The class that checks its arguments.
        given: What the recipe says.

    Raises:
        ValidationError: with every problem, each at its key below the name.
    """
    known = list(kind.model_fields)
    written = given if isinstance(given, dict) else {} if given is None else {known[0]: given}
    try:
        return kind.model_validate(written)
    except ValidationError as error:
        found = []
        for item, details in zip(error.errors(), moved(error, (layer,)), strict=True):
            name, key = item["loc"][-1], details["loc"]
            if item["type"] == "missing":
                details = detail(key, f"the required argument {name!r} of {layer} is missing")
            elif item["type"] == "extra_forbidden" and name in table()["left_out"]:
                reason = table()["left_out"][name]
                details = detail(key, f"{name!r} has no place in a recipe: {reason}. Remove it")
            elif item["type"] == "extra_forbidden":
                details = unknown(key, name, known)
            found.append(details)
        raise together(found) from None


@cache
def arguments(layer: str) -> type[Arguments]:
    """The class that checks the arguments of a layer."""
    fields: dict[str, Any] = {}
    for name, row in _rows(layer).items():
        kind = kinds()[row["kind"]]
        if "default" not in row:
            fields[name] = (kind, ...)
        else:
            fields[name] = (kind if row["default"] is not None else kind | None, row["default"])
    title = table()["layers"][layer]["class"]
    text = f"Arguments of keras.layers.{title}, as Keras documents them."
    return create_model(title, __base__=Arguments, __module__=__name__, __doc__=text, **fields)


@cache
def kinds() -> dict[str, Any]:
    """What an argument may hold, by the kind that the table gives it."""
    initializers = table()["initializers"]
    random = [name for name in initializers if name not in spelling.SYMMETRIC]
    margins = _one_or_list(NotNegative, NotNegative, 2)
    return {
        "activation": _activation(table()["activations"]),
        "axes": Shape,
        "axis": int,
        "causal padding": Literal["valid", "same", "causal"],
        "count": Count,
        "counts 1": _one_or_list(Count, Count, 1),
        "counts 2": _one_or_list(Count, Count, 2),
        "flag": bool,
        "initializer": _initializer(initializers),
        "interpolation": Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"],
        "margins 1": margins,
        "margins 2": _one_or_list(NotNegative, margins, 2),
        "name": Annotated[str, AfterValidator(_plain_name)],
        "not negative": Annotated[float, Field(ge=0)],
        "number": float,
        "order": Annotated[Counts, AfterValidator(_order)],
        "padding": Literal["valid", "same"],
        "positive": Positive,
        "rate": Fraction,
        "regularizer": _name_or_strengths(table()["regularizers"]),
        "seed": NotNegative,
        "shape": Annotated[Shape, AfterValidator(_sizes)],
        "share": Annotated[float, Field(ge=0, le=1)],
        "sizes 1": _one_or_list(NotNegative, NotNegative, 1),
        "sizes 2": _one_or_list(NotNegative, NotNegative, 2),
        "spatial axes": Counts,
        "weights initializer": _initializer(random),
    }


class OfKind:
    """Annotation of a field that holds what an argument of Keras holds, by a key of `kinds`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return handler.generate_schema(kinds()[self.kind])


def _activation(names: list[str]) -> Any:
    """An activation of Keras by name, or one with its argument, as `spelling` has it."""
    name: Any = Literal[tuple(names)]
    adjustable: Any = Literal[tuple(key for key in spelling.ADJUSTABLE if key != "maxout")]
    alone, adjusted = TypeAdapter(name), TypeAdapter(spelling.Activation)

    def check(value: Any) -> Any:
        if "maxout" in (value if isinstance(value, dict) else [value]):
            raise custom(
                "maxout is a layer of its own in a list: leave the activation out, and write "
                "`- maxout: {units: 64, pieces: 2}` in place of a dense layer"
            )
        valid = adjusted if isinstance(value, dict) else alone
        return valid.validate_python(value)

    schema = name | dict[adjustable, Annotated[float, Field(ge=0)]]
    return Annotated[Any, PlainValidator(check, json_schema_input_type=schema)]


def _initializer(names: list[str]) -> Any:
    """An initializer by name; of weights, `names` has none that leaves all units alike."""

    def check(value: Any) -> Any:
        return value if value in names else spelling.started(value, names)

    name: Any = Literal[tuple(names)]
    return Annotated[name, BeforeValidator(check)]


def _one_or_list(one: Any, item: Any, length: int) -> Any:
    """A whole number for all axes, or a list with an item for each."""
    alone = TypeAdapter(one, config=ConfigDict(strict=True))
    many = TypeAdapter(list[item], config=ConfigDict(strict=True))

    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return alone.validate_python(value)
        if len(value) != length:
            raise custom(f"Expected a whole number, or a list of {length}")
        return tuple(many.validate_python(list(value)))

    return Annotated[Any, PlainValidator(check, json_schema_input_type=one | list[item])]


def _name_or_strengths(names: list[str]) -> Any:
    """A regularizer's name, or the strengths `{l1: …, l2: …}` of Keras's L1L2."""
    name: Any = Literal[tuple(names)]
    strengths = dict[
        Literal["l1", "l2"], Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]
    ]
    alone, numbers = TypeAdapter(name), TypeAdapter(strengths)

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            return alone.validate_python(value)
        if not value or set(value) - {"l1", "l2"}:
            raise custom("Expected a name, or strengths such as {l2: 0.0001}")
        return numbers.validate_python(value)

    return Annotated[Any, PlainValidator(check, json_schema_input_type=name | strengths)]


def _order(value: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(value) != list(range(1, len(value) + 1)):
        raise custom("Expected each axis of a row once, the first being 1, such as [2, 1]")
    return value


def _sizes(value: tuple[int, ...]) -> tuple[int, ...]:
    if not value or value.count(-1) > 1 or any(size < 1 for size in value if size != -1):
        raise custom("Expected the sizes of the axes, each at least 1; -1 for one that follows")
    return value


def _plain_name(value: str) -> str:
    if not value or not value.replace("_", "").isalnum() or not value.isascii():
        raise custom("Expected a name of letters, digits and _")
    return value


def json_schema(
    handler: GetJsonSchemaHandler, blocks: Mapping[str, type[BaseModel]]
) -> dict[str, Any]:
    """The JSON Schema of one layer or block, for editors.

    Args:
        handler: What pydantic generates it with.
        blocks: The class of each block.
    """
    kinds = {**{layer: arguments(layer) for layer in table()["layers"]}, **blocks}
    plain = sorted(name for name, kind in kinds.items() if not _needs(kind))
    values = {name: _value_schema(kind, handler) for name, kind in kinds.items()}
    values[WRAPPER] = _one_key({layer: values[layer] for layer in table()["recurrent"]})
    return {"anyOf": [{"enum": plain, "description": "The name alone."}, _one_key(values)]}


def _one_key(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _value_schema(kind: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """A mapping of arguments, or the first argument alone, or nothing."""
    whole = defined(kind, handler)
    fields = handler.resolve_ref_schema(whole)["properties"]
    options = [whole]
    first = next(iter(fields))
    if first != "name":
        options.append({key: fields[first][key] for key in fields[first] if key != "default"})
    return {"anyOf": options if _needs(kind) else [*options, {"type": "null"}]}


def _needs(kind: type[BaseModel]) -> bool:
    return any(field.is_required() for field in kind.model_fields.values())


def _rows(layer: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = table()["layers"][layer]["arguments"]
    return rows
