"""From pydantic's errors to sentences: what is wrong, what is expected, what was received.

And what is left of a recipe without what is wrong with it, to be checked again.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from kbuilder import catalog
from kbuilder.errors import CallError, Key, Problem, RecipeError, hidden, listed, nearest
from kbuilder.named import Keyed, Named
from kbuilder.recipe.positions import Origin
from kbuilder.recipe.recipe import OneOrEach, Recipe
from kbuilder.spec import Spec, descriptions

# What was expected, by pydantic's type of error; {…} is filled from the error's context.
EXPECTED = {
    "bool_type": "Expected true or false",
    "dict_type": "Expected a mapping of keys and values",
    "finite_number": "Expected a finite number",
    "float_type": "Expected a number",
    "greater_than": "Expected a number greater than {gt}",
    "greater_than_equal": "Expected a number of at least {ge}",
    "int_from_float": "Expected a whole number",
    "int_type": "Expected a whole number",
    "less_than": "Expected a number less than {lt}",
    "less_than_equal": "Expected a number of at most {le}",
    "list_type": "Expected a list",
    "literal_error": "Expected one of: {expected}",
    "model_type": "Expected a mapping of keys and values",
    "none_required": "Expected null",
    "string_too_short": "Expected a text that is not empty",
    "string_too_long": "Expected a text of at most {max_length} characters",
    "string_type": "Expected a text",
    "too_short": "Expected at least {min_length} of them",
    "too_long": "Expected at most {max_length} of them",
    "tuple_type": "Expected a list",
}


# Errors that come of what `without` took out, when the rest is checked again.
CONSEQUENCES = ("missing", "missing_name", "too_short")

# How the names of types begin that pydantic puts into the way to a value.
TYPES = ("literal[", "constrained-", "dict[", "function-", "tuple[")

# What stands in for a required value that is missing or wrong, while the rest is checked.
NOBODY = "(a column that no recipe has)"
STAND_INS: dict[object, Any] = {
    "columns": {NOBODY: NOBODY}, "layers": ["flatten"], "name": "digits", "path": "-",
    "query": "SELECT", "sql": {"url": "sqlite://", "query": "SELECT"}, "target": NOBODY,
    "url": "sqlite://",
}  # fmt: skip


def details(error: ValidationError, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors that pydantic found, one for each place.

    Where a value may be of several types, pydantic has an error for each of them, at a place with
    the name of the type in it. `types` has them all, `choices` the words that it may be.
    """
    found: dict[Key, dict[str, Any]] = {}
    for item in error.errors(include_url=False):
        slip = item["loc"][-1] == "[key]"
        key = _without_types(tuple(item["loc"])[: -1 if slip else None], data)
        before = found.get(key, {"types": (), "expected": (), "choices": ()})
        choices = _choices(item)
        found[key] = {
            **item, "loc": key, "at_key": slip, "types": (*before["types"], item["type"]),
            "expected": (*before["expected"], _phrase(item, choices)),
            "choices": (*before["choices"], *choices),
            "several": key != tuple(item["loc"])[: -1 if slip else None],
        }  # fmt: skip
    below = {key[:length] for key in found for length in range(len(key))}
    return [
        item
        for key, item in found.items()
        if item["type"] != "default_factory_not_called"  # another value is missing, and told
        and not (item["type"] == "too_short" and key in below)  # short of its bad items
        and not (item["several"] and key in below)  # of that type it is, with something wrong in it
    ]


def _without_types(key: Key, data: dict[str, Any]) -> Key:
    """The way to a value without the names of types that pydantic puts into it."""
    types = {"str", "int", "bool", *(schema.__name__ for schema in Spec.__subclasses__())}
    way: Key = ()
    for part in key:
        written = str(part)
        if not (written in types or written.startswith(TYPES)) or _has(_value(data, way), part):
            way = (*way, part)
    return way


def _choices(item: Any) -> tuple[str, ...]:
    """The words that a value may be."""
    if item["type"] != "literal_error":
        return ()
    words = item["ctx"]["expected"].replace(" or ", ", ").split(", ")
    return tuple(word.strip("'") for word in words)


def _phrase(item: Any, choices: tuple[str, ...]) -> str:
    """What one type of a value expects."""
    if choices:
        return f"Expected one of: {', '.join(choices)}"
    context = {
        name: f"{value:g}" if isinstance(value, float) else value
        for name, value in item.get("ctx", {}).items()
    }
    known = EXPECTED.get(item["type"])
    return str(item["msg"]) if known is None else known.format(**context)


def of_call(kind: type[Spec], error: ValidationError, fields: dict[str, Any]) -> RecipeError:
    """The error of a call of a schema class in Python, in the words that a recipe gets."""
    origin = Origin(f"kb.{kind.__name__}", ())
    found = [explain(item, fields, origin, kind) for item in details(error, fields)]
    return RecipeError(replace(problem, place=origin.name) for problem in found)


def explain(error: Any, data: dict[str, Any], origin: Origin, root: type[Spec] = Recipe) -> Problem:
    """The problem that an error stands for, with its place in the file.

    Args:
        error: One of `details`.
        data: What was checked.
        origin: Where it was read.
        root: The class that it was checked against.
    """
    key: Key = error["loc"]
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        owner = schema_at(key[:-1], data, root)
        known = _keys_of(owner)
        message = f"unknown key {key[-1]!r}. Expected one of: {listed(known, 40)}."
        suggestion = nearest(key[-1], known)
        return origin.locate(Problem(key, message, suggestion), at_key=True)
    if kind == "missing":
        owner = schema_at(key[:-1], data, root)
        message = f"the required key {key[-1]!r} is missing.{_description(owner, str(key[-1]))}"
        return origin.locate(Problem(key, message), at_key=True)
    if kind == "missing_name":
        message = f"the required key {key[-1]!r} is missing. {error['msg']}."
        return origin.locate(Problem(key, message), at_key=True)
    if kind == "refused":
        got = "" if value is None else f" Got {_shown(value)}."
        return origin.locate(Problem(key, f"{error['msg']}.{got}"))
    if kind == "unknown_name":
        way = origin.written(key)
        key = key if way in origin.values or way in origin.overrides else key[:-1]
    suggestion = context.get("suggestion")
    expected = _expected(error)
    if error["choices"]:
        suggestion = nearest(value, error["choices"]) if isinstance(value, str) else None
    got = _shown(value)
    if "string_type" in error["types"] and isinstance(value, bool | int | float):
        got += f"; in quotes it is a text: '{got}'"
    problem = Problem(key, f"{expected}. Got {got}.", suggestion)
    misnamed = kind == "unknown_name" and key[-1] == value  # the word is a key, not a value
    return origin.locate(problem, at_key=misnamed or error["at_key"])


def _expected(error: Any) -> str:
    """What was expected, of all the types that the value may be of."""
    first, *others = error["expected"]
    if others and error["choices"]:  # the words first, in a row with what else it may be
        types = [p.removeprefix("Expected ") for p in (first, *others) if "one of: " not in p]
        words: list[str] = [*error["choices"], *types]
        return f"Expected {', '.join(words[:-1])} or {words[-1]}"
    return " or ".join([first, *(text.removeprefix("Expected ") for text in others)])


def without(rest: dict[str, Any], data: dict[str, Any], errors: list[dict[str, Any]]) -> Any:
    """A copy of `rest` without the values at fault, with a stand-in for what is required.

    Args:
        rest: What was checked.
        data: The recipe as it is written.
        errors: What was found in `rest`, from `details`.
    """
    rest = deepcopy(rest)
    away: set[Key] = set()
    for error in errors:
        key = error["loc"]
        owner = _value(rest, key[:-1])
        if error["type"] == "missing" and isinstance(owner, dict):
            owner[key[-1]] = _source(data) if key == ("data",) else STAND_INS.get(key[-1])
        else:
            named = error["type"] in ("missing", "missing_name")
            away.add(_standing(rest, key[:-1] if named else key))
    for key in sorted(away - {()}, key=len, reverse=True):
        owner = _value(rest, key[:-1])
        if isinstance(owner, dict):
            owner.pop(key[-1], None)
    return rest


def _source(data: dict[str, Any]) -> dict[str, Any]:
    """A source that stands in for one that cannot be read, with the columns that it names."""
    written = data.get("data")
    fields = written if isinstance(written, dict) else {}
    named = {key: fields[key] for key in ("target", "ignore") if key in fields}
    return {"source": "frame", **named}


def _standing(rest: dict[str, Any], key: Key) -> Key:
    """The longest beginning of `key` that can be taken out; a bad item spoils its whole list."""
    while key and not (isinstance(_value(rest, key[:-1]), dict) and _has(rest, *key)):
        key = key[:-1]
    return key


def _has(data: Any, *key: str | int) -> bool:
    """Whether there is a value at `key`."""
    for part in key:
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not in_list and not (isinstance(data, dict) and part in data):
            return False
        data = data[part]
    return True


def _value(data: Any, key: Key) -> Any:
    """The value at `key`, or None."""
    for part in key:
        if not _has(data, part):
            return None
        data = data[part]
    return data


def schema_at(key: Key, data: Any, root: type[Spec] = Recipe) -> type[BaseModel] | None:
    """The schema class of the mapping at `key`, found by walking classes and data together."""
    here: Any = root
    value: Any = data
    for part in key:
        value = _value(value, (part,))
        if isinstance(here, type) and issubclass(here, Spec):
            field = here.model_fields.get(str(part))
            here = (field.annotation, *field.metadata) if field else None
        elif here is not None:
            here = _inside(here)
        here = _class_of(here, value, part)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _class_of(annotation: Any, value: Any, key: str | int) -> Any:
    """The class that `value` is checked against, or the annotation where that takes more steps."""
    for part in _flat(annotation):
        if isinstance(part, Keyed) and key in catalog.names(part.folder):
            return catalog.find(part.folder, str(key))
        if isinstance(part, OneOrEach):
            if part.is_each(value):
                return part.each
            part = part.named
        if isinstance(part, Named):
            name = value
            if isinstance(value, dict):
                name = value.get(part.key)
                if name is None and part.assume is not None:
                    name = part.assume(value, None)
            try:
                return catalog.find(part.folder, name) if isinstance(name, str) else None
            except (KeyError, CallError):
                return None
        if isinstance(part, type) and issubclass(part, Spec):
            return part
    return annotation


def _inside(annotation: Any) -> Any:
    """The annotation of the items of a mapping or a list."""
    return tuple(part for item in _flat(annotation) for part in get_args(item))


def _as_parts(annotation: Any) -> tuple[Any, ...]:
    return annotation if isinstance(annotation, tuple) else (annotation,)


def _flat(annotation: Any) -> list[Any]:
    """The annotation with what it is annotated with and joined from, but not what it contains."""
    parts: list[Any] = []
    for item in _as_parts(annotation):
        origin = get_origin(item)
        parts.append(item)
        if origin is Annotated:
            parts += [*item.__metadata__, *_flat(item.__origin__)]
        elif origin in (Union, UnionType):
            parts += _flat(get_args(item))
    return parts


def _keys_of(owner: type[BaseModel] | None) -> list[str]:
    return list(owner.model_fields) if owner else []


def _description(owner: type[BaseModel] | None, name: str) -> str:
    text = (descriptions(owner).get(name, "") if owner else "").rstrip(".")
    if not text:
        return ""
    return f" Expected: {text[0].lower()}{text[1:]}."


def _shown(value: Any) -> str:
    """A received value as a recipe would write it, cut to one line."""
    if isinstance(value, str):
        text = repr(str(value))
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = repr(list(value) if isinstance(value, tuple) else value)
    text = hidden(text)
    return text if len(text) <= 60 else text[:57] + "…"
