"""The reference of a recipe in words, made from the schema classes: they are the documentation."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from kbuilder import catalog
from kbuilder.errors import CallError, listed, nearest
from kbuilder.layer_lists import keras_layers
from kbuilder.layer_lists.lists import AnyLayer
from kbuilder.named import Keyed, Named
from kbuilder.recipe.recipe import OneOrEach, Recipe
from kbuilder.spec import Spec, descriptions

WIDTH = 100
TITLES = {
    "sources": "source", "splits": "split", "features": "kind of feature",
    "augmentations": "augmentation", "tasks": "task", "architectures": "architecture",
    "blocks": "block", "schedules": "schedule",
}  # fmt: skip
"""What a plug-in is called, by its folder."""
PLURALS = {folder: folder.title() for folder in TITLES} | {"features": "Kinds of features"}
WORDS = {"integer": "a whole number", "number": "a number", "string": "a text",
         "boolean": "true or false", "null": "null", "object": "a mapping"}  # fmt: skip


def explain(name: str | None) -> str:
    """The reference of a plug-in, a section, a field or a layer, such as `mlp` or `conv2d`.

    Args:
        name: What is looked up; None: an overview.

    Raises:
        CallError: if there is nothing of this name.
    """
    if name is None:
        return _overview()
    entries = [_plugin(folder, name) for folder in catalog.FOLDERS if name in catalog.names(folder)]
    if not entries:
        folder, _, inner = name.partition(".")
        if folder in catalog.FOLDERS and inner in catalog.names(folder):
            entries = [_plugin(folder, inner)]
    if name in (AnyLayer.__name__, *keras_layers.names()):
        entries.append(_layer(name))
    if not entries:
        entries = list(_at(tuple(name.split("."))))
    if not entries:
        plugins = [one for folder in catalog.FOLDERS for one in catalog.names(folder)]
        known = [*Recipe.model_fields, *plugins, *keras_layers.names()]
        near = nearest(name, known)
        raise CallError(
            f"there is nothing called {name!r} in a recipe."
            + (f" Did you mean {near!r}?" if near else "")
            + " `kbuilder explain` lists what there is."
        )
    return "\n\n".join(entries)


def fields(kind: type[Spec]) -> Iterator[tuple[str, FieldInfo, str]]:
    """The fields of a class: name, pydantic's own record, and its type in words."""
    schema = kind.model_json_schema()
    if "$ref" in schema:  # of a class that holds itself
        schema = {**schema, **schema["$defs"][schema["$ref"].rpartition("/")[2]]}
    for name, field in kind.model_fields.items():
        folder = folder_of(field)
        told = f"one of the {folder}" if folder else _type(schema["properties"][name], schema)
        yield name, field, told


def _overview() -> str:
    lines = ["The sections of a recipe; `kbuilder explain NAME` has each, and their fields:", ""]
    lines += [f"  {name:<10} {first_line(text)}" for name, text in descriptions(Recipe).items()]
    for folder, title in PLURALS.items():
        lines += ["", f"{title}:"]
        for name in catalog.names(folder):
            lines.append(f"  {name:<18} {first_line(inspect.getdoc(catalog.find(folder, name)))}")
    return "\n".join(lines)


def _plugin(folder: str, name: str) -> str:
    """The whole reference of a plug-in."""
    kind = catalog.find(folder, name)
    origin = catalog.origin_of(kind)
    whose = "" if origin is None else f" of {origin.package or origin.path} {origin.version[:12]}"
    return _entry(f"{name} ({TITLES[folder]}{whose})", kind)


def _layer(name: str) -> str:
    """The reference of a layer of Keras, or of the form that all have in a list."""
    if name == AnyLayer.__name__:
        known = {"layers": keras_layers.names(), "blocks": catalog.names("blocks")}
        text = "\n\n".join(f"{kind}: {', '.join(names)}." for kind, names in known.items())
        return "\n".join([_entry(name, AnyLayer), "", *_wrapped(text, "  ")])
    if name == keras_layers.WRAPPER:
        return "\n".join([f"{name} (layer)", "", *_wrapped(keras_layers.ABOUT_WRAPPER, "  ")])
    return _entry(f"{name} (layer)", keras_layers.arguments(name))


def _entry(title: str, kind: type) -> str:
    lines = [title, "", *_wrapped(inspect.getdoc(kind) or "", "  ")]
    own = list(fields(kind)) if issubclass(kind, Spec) else []
    if own:
        lines += ["", "  fields:"]
    for name, field, told in own:
        lines += ["", f"    {name}: {told}{default_of(field)}"]
        lines += _wrapped(descriptions(kind).get(name, ""), "      ")
    return "\n".join(lines)


def _at(key: tuple[str, ...]) -> Iterator[str]:
    """What stands at a key of a recipe, in every class that has it."""
    kinds: list[Any] = [Recipe]
    for place, part in enumerate(key):
        found = [kind for kind in kinds if part in getattr(kind, "model_fields", {})]
        if not found:
            return
        field = found[0].model_fields[part]
        folder = folder_of(field)
        if place == len(key) - 1:
            yield _field(".".join(key), found, part)
            if folder is None:
                inner = [kind for kind in classes_of(field.annotation) if issubclass(kind, Spec)]
                yield from (_entry(kind.__name__, kind) for kind in inner)
            return
        kinds = (
            [catalog.find(folder, name) for name in catalog.names(folder)]
            if folder
            else [kind for kind in classes_of(field.annotation) if issubclass(kind, Spec)]
        )


def _field(path: str, kinds: list[type[Spec]], name: str) -> str:
    """One field, as the first class that has it says."""
    _, field, told = next(one for one in fields(kinds[0]) if one[0] == name)
    text = descriptions(kinds[0]).get(name, "")
    lines = [f"{path}: {told}{default_of(field)}", "", *_wrapped(text, "  ")]
    folder = folder_of(field)
    if folder is not None:
        lines += ["", f"  {folder}:"]
        for other in catalog.names(folder):
            lines.append(
                f"    {other:<18} {first_line(inspect.getdoc(catalog.find(folder, other)))}"
            )
    if len(kinds) > 1:
        lines += ["", f"  It is a field of {listed(catalog.name_of(kind) for kind in kinds)}."]
    return "\n".join(lines)


def folder_of(field: FieldInfo) -> str | None:
    """The folder of the plug-ins that a field takes; None: it takes none."""
    for part in (*field.metadata, *_parts(field.annotation)):
        if isinstance(part, Named | Keyed):
            return part.folder
        if isinstance(part, OneOrEach):
            return part.named.folder
    return None


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation and all within it, the metadata of Annotated too."""
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def classes_of(annotation: Any) -> list[type]:
    """The classes that an annotation names, however deep."""
    return [part for part in _parts(annotation) if isinstance(part, type)]


def _type(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """A JSON schema in words, with its bounds."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            told = dict.fromkeys(_type(one, root) for one in schema[several])
            return " or ".join(told)
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        return "a list" + (f" of: {_type(items, root)}" if items else "")
    return f"{WORDS.get(str(kind), 'any value')}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    marks = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    told = [f"{mark} {schema[key]:g}" if abs(schema[key]) < 1e6 else f"{mark} {schema[key]:,}"
            for key, mark in marks.items() if key in schema]  # fmt: skip
    return f", {' and '.join(told)}" if told else ""


def default_of(field: FieldInfo) -> str:
    """What a field is, left out."""
    if field.is_required():
        return "; required"
    value = field.get_default()
    if value is PydanticUndefined or value is None:  # a factory looks at the other fields
        return ""
    if isinstance(value, Spec):
        return f"; default {type(value).__name__}()"
    plain = list(value) if isinstance(value, tuple) else value
    return f"; default {json.dumps(plain, default=str, ensure_ascii=False)}"


def first_line(text: str | None) -> str:
    """The first line of a docstring, which sums it up."""
    return (text or "").strip().partition("\n")[0]


def _wrapped(text: str, margin: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        indent = margin + " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(line.strip(), WIDTH, initial_indent=indent,
                               subsequent_indent=indent) or [""]  # fmt: skip
    return lines
