"""The Keras layers that a recipe may list, and the check of what is written about one.

Names and arguments come from `layer_table.json`, which tools/write_layer_table.py generates from
Keras's signatures, so that a recipe is checked without Keras. Nothing is read before it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from kbuilder.errors import Key, listed, nearest
from kbuilder.spec import Count, Counts, Fraction, Positive, Shape, Spec, defined

Layer = dict[str, dict[str, Any]]
"""A layer as it is kept: `{"conv2d": {"filters": 32, "kernel_size": 3}}`."""

WRAPPER = "bidirectional"  # its value is a recurrent layer
ZEROS = ("zero", "zeros")
NotNegative = Annotated[int, Field(ge=0)]


class Arguments(Spec):
    """Base of the generated classes, one a layer: a field for each argument."""

    model_config = ConfigDict(use_attribute_docstrings=False)  # they have no source to read


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
    known = known or names()
    given: object = None
    if isinstance(value, dict) and len(value) == 1:
        [(name, given)] = value.items()
    elif isinstance(value, str):
        name = value
    else:
        expected = "Expected one layer: its name, or its name with its arguments indented below it"
        raise problems([refused((), expected, value)])
    if name not in known:
        raise problems([unknown(() if isinstance(value, str) else (name,), name, known)])
    name = str(name)
    if name != WRAPPER:
        return {name: _check(name, given)}
    try:
        return {name: read(given, table()["recurrent"])}
    except ValidationError as error:
        raise problems(moved(error, (name,))) from None


def _check(layer: str, given: object) -> dict[str, Any]:
    """The arguments of a layer, checked; those that are null are left to Keras's default."""
    known = list(table()["layers"][layer]["arguments"])
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        if known == ["name"]:
            raise problems([refused((layer,), f"{layer} takes no value. Expected it alone", given)])
        given = {known[0]: given}
    try:
        checked = arguments(layer).model_validate(given)
    except ValidationError as error:
        found = []
        for item, details in zip(error.errors(), moved(error, (layer,)), strict=True):
            name, key = item["loc"][-1], details["loc"]
            if item["type"] == "missing":
                details = refused(key, f"the required argument {name!r} of {layer} is missing")
            elif item["type"] == "extra_forbidden" and name in table()["left_out"]:
                reason = table()["left_out"][name]
                details = refused(key, f"{name!r} has no place in a recipe: {reason}. Remove it")
            elif item["type"] == "extra_forbidden":
                details = unknown(key, name, known)
            found.append(details)
        raise problems(found) from None
    return checked.model_dump(exclude_unset=True, exclude_none=True)


@cache
def arguments(layer: str) -> type[Arguments]:
    """The class that checks the arguments of a layer."""
    fields: dict[str, Any] = {}
    for name, row in table()["layers"][layer]["arguments"].items():
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
    activation: Any = Literal[tuple(table()["activations"])]
    initializers = table()["initializers"]
    regularizer: Any = Literal[tuple(table()["regularizers"])]
    weights: Any = Literal[tuple(name for name in initializers if name not in ZEROS)]
    margins = _one_or_list(NotNegative, NotNegative, 2)
    return {
        "activation": activation,
        "axes": Shape,
        "axis": int,
        "causal padding": Literal["valid", "same", "causal"],
        "count": Count,
        "counts 1": _one_or_list(Count, Count, 1),
        "counts 2": _one_or_list(Count, Count, 2),
        "flag": bool,
        "initializer": Literal[tuple(initializers)],
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
        "regularizer": _name_or_strengths(regularizer),
        "seed": NotNegative,
        "shape": Annotated[Shape, AfterValidator(_sizes)],
        "share": Annotated[float, Field(ge=0, le=1)],
        "sizes 1": _one_or_list(NotNegative, NotNegative, 1),
        "sizes 2": _one_or_list(NotNegative, NotNegative, 2),
        "spatial axes": Counts,
        "weights initializer": Annotated[weights, BeforeValidator(_not_zeros)],
    }


def _one_or_list(one: Any, item: Any, length: int) -> Any:
    """A whole number for all axes, or a list with an item for each."""
    alone = TypeAdapter(one, config=ConfigDict(strict=True))
    many = TypeAdapter(list[item], config=ConfigDict(strict=True))

    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return alone.validate_python(value)
        if len(value) != length:
            raise _custom(f"Expected a whole number, or a list of {length}")
        return tuple(many.validate_python(list(value)))

    return Annotated[Any, PlainValidator(check, json_schema_input_type=one | list[item])]


def _name_or_strengths(name: Any) -> Any:
    """A regularizer's name, or the strengths `{l1: …, l2: …}` of Keras's L1L2."""
    strengths = dict[
        Literal["l1", "l2"], Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]
    ]
    alone, numbers = TypeAdapter(name), TypeAdapter(strengths)

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            return alone.validate_python(value)
        if not value or set(value) - {"l1", "l2"}:
            raise _custom("Expected a name, or strengths such as {l2: 0.0001}")
        return numbers.validate_python(value)

    return Annotated[Any, PlainValidator(check, json_schema_input_type=name | strengths)]


def _not_zeros(value: Any) -> Any:
    if value in ZEROS:
        raise _custom(
            "with zeros all units of a layer start equal, and with relu none of them would learn. "
            "Expected another initializer, such as glorot_uniform or he_normal"
        )
    return value


def _order(value: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(value) != list(range(1, len(value) + 1)):
        raise _custom("Expected each axis of a row once, the first being 1, such as [2, 1]")
    return value


def _sizes(value: tuple[int, ...]) -> tuple[int, ...]:
    if not value or value.count(-1) > 1 or any(size < 1 for size in value if size != -1):
        raise _custom("Expected the sizes of the axes, each at least 1; -1 for one that follows")
    return value


def _plain_name(value: str) -> str:
    if not value or not value.replace("_", "").isalnum() or not value.isascii():
        raise _custom("Expected a name of letters, digits and _")
    return value


def _custom(message: str) -> PydanticCustomError:
    return PydanticCustomError("refused", message)


def refused(key: Key, message: str, value: object = None) -> InitErrorDetails:
    """A problem at `key`; `message` has no full stop at its end."""
    return InitErrorDetails(type=_custom(message), loc=key, input=value)


def unknown(key: Key, word: object, known: Iterable[str]) -> InitErrorDetails:
    """A word at `key` that is none of the known."""
    known = list(known)
    message: Any = f"Expected one of: {listed(known, 100)}"
    error = PydanticCustomError("unknown_name", message, {"suggestion": nearest(word, known)})
    return InitErrorDetails(type=error, loc=key, input=word)


def problems(details: list[InitErrorDetails]) -> ValidationError:
    """All problems as one error. Raise what this returns."""
    return ValidationError.from_exception_data("layers", details)


def moved(error: ValidationError, key: Key) -> list[InitErrorDetails]:
    """The problems of `error`, whose keys were counted from `key` on."""
    found = []
    for item in error.errors(include_url=False):
        kind: Any = item["type"]
        if kind in ("refused", "unknown_name"):
            message: Any = item["msg"]
            kind = PydanticCustomError(kind, message, item.get("ctx"))
        found.append(
            InitErrorDetails(
                type=kind, loc=(*key, *item["loc"]), input=item["input"], ctx=item.get("ctx", {})
            )
        )
    return found


def json_schema(handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """The JSON Schema of one layer, for editors."""
    plain = [layer for layer in names() if layer != WRAPPER and not _needs(layer)]
    layers = {layer: _value_schema(layer, handler) for layer in table()["layers"]}
    wrapped = {layer: layers[layer] for layer in table()["recurrent"]}
    layers[WRAPPER] = _one_key(wrapped)
    return {"anyOf": [{"enum": plain, "description": "The name alone."}, _one_key(layers)]}


def _one_key(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _value_schema(layer: str, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """A mapping of arguments, or the first argument alone, or nothing."""
    whole = defined(arguments(layer), handler)
    fields = handler.resolve_ref_schema(whole)["properties"]
    options = [whole]
    first = next(iter(fields))
    if first != "name":
        options.append({key: fields[first][key] for key in fields[first] if key != "default"})
    return {"anyOf": options if _needs(layer) else [*options, {"type": "null"}]}


def _needs(layer: str) -> bool:
    rows: Iterable[dict[str, Any]] = table()["layers"][layer]["arguments"].values()
    return any("default" not in row for row in rows)
