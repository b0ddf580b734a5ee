"""From pydantic's errors to sentences: what is wrong, what is expected, what was received."""

from __future__ import annotations

from copy import deepcopy
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from kbuilder import catalog
from kbuilder.errors import Key, Problem, listed, nearest
from kbuilder.recipe.positions import Origin
from kbuilder.recipe.recipe import Branches, OneOrBranches, Recipe
from kbuilder.spec import Named, Spec

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
    "string_type": "Expected a text",
    "too_short": "Expected at least {min_length} of them",
    "too_long": "Expected at most {max_length} of them",
    "tuple_type": "Expected a list",
}


def explain(error: Any, data: dict[str, Any], origin: Origin) -> Problem:
    """The problem that a pydantic error stands for, with its place in the file."""
    key: Key = tuple(error["loc"])
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        owner = schema_at(key[:-1], data)
        known = _keys_of(owner)
        message = f"unknown key {key[-1]!r}. Expected one of: {listed(known, 40)}."
        suggestion = nearest(key[-1], known)
        return origin.locate(Problem(key, message, suggestion), at_key=True)
    if kind == "missing":
        owner = schema_at(key[:-1], data)
        message = f"the required key {key[-1]!r} is missing.{_description(owner, str(key[-1]))}"
        return origin.locate(Problem(key, message), at_key=True)
    if kind == "missing_name":
        message = f"the required key {key[-1]!r} is missing. {error['msg']}."
        return origin.locate(Problem(key, message), at_key=True)
    if kind == "refused":
        got = "" if value is None else f" Got {_shown(value)}."
        return origin.locate(Problem(key, f"{error['msg']}.{got}"))
    if kind == "unknown_name":
        key = key if key in origin.values or key in origin.overrides else key[:-1]
    expected = EXPECTED.get(kind, error["msg"]).format(**context)
    suggestion = context.get("suggestion")
    if kind == "literal_error":
        choices = [
            choice.strip("'") for choice in context["expected"].replace(" or ", ", ").split(", ")
        ]
        expected = f"Expected one of: {', '.join(choices)}"
        suggestion = nearest(value, choices) if isinstance(value, str) else None
    return origin.locate(Problem(key, f"{expected}. Got {_shown(value)}.", suggestion))


def without(data: dict[str, Any], keys: list[Key]) -> tuple[dict[str, Any], bool]:
    """A copy of `data` without the values at `keys`, and whether there was one to take out."""
    data = deepcopy(data)
    changed = False
    for key in sorted(keys, key=len, reverse=True):
        here: Any = data
        try:
            for part in key[:-1]:
                here = here[part]
            if isinstance(here, dict):
                del here[key[-1]]
            else:
                # A bad item spoils its list, and a short form is its own value: take the whole.
                _drop(data, key[:-1])
        except (KeyError, IndexError, TypeError):
            continue
        changed = True
    return data, changed


def _drop(data: Any, key: Key) -> None:
    here = data
    for part in key[:-1]:
        here = here[part]
    del here[key[-1]]


def schema_at(key: Key, data: Any) -> type[BaseModel] | None:
    """The schema class of the mapping at `key`, found by walking classes and data together."""
    here: Any = Recipe
    value: Any = data
    for part in key:
        value = value[part] if isinstance(value, dict) and part in value else (
            value[part] if isinstance(value, list) and isinstance(part, int) else None
        )  # fmt: skip
        if isinstance(here, type) and issubclass(here, Spec):
            field = here.model_fields.get(str(part))
            here = (field.annotation, *field.metadata) if field else None
        elif here is not None:
            here = _inside(here)
        here = _class_of(here, value)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _class_of(annotation: Any, value: Any) -> Any:
    """The class that `value` is checked against, or the annotation where that takes more steps."""
    for part in _flat(annotation):
        if isinstance(part, OneOrBranches):
            if part.branches(value):
                return Branches
            part = Named("architectures")
        if isinstance(part, Named):
            name = value if isinstance(value, str) else (value or {}).get(part.key)
            return catalog.find(part.folder, name) if name in catalog.names(part.folder) else None
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
    field = owner.model_fields.get(name) if owner else None
    if field is None or not field.description:
        return ""
    text = field.description.rstrip(".")
    return f" Expected: {text[0].lower()}{text[1:]}."


def _shown(value: Any) -> str:
    """A received value as a recipe would write it, cut to one line."""
    if isinstance(value, str):
        text = repr(str(value))
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
