"""The reference as Markdown: the recipe, each folder of plug-ins, and the layers of Keras.

It is made from the same classes as `kbuilder explain`; the documentation is built with it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

from kbuilder import catalog
from kbuilder.describing.reference import (
    PLURALS,
    classes_of,
    default_of,
    fields,
    first_line,
    folder_of,
)
from kbuilder.layer_lists import keras_layers
from kbuilder.layer_lists.lists import AnyLayer
from kbuilder.recipe.recipe import Recipe
from kbuilder.spec import Spec, descriptions

HEADINGS = ("Input shape: ", "Output shape: ", "Source: ")
"""Lines of a docstring that are paragraphs of their own."""


def pages() -> dict[str, str]:
    """The text of each page, by its file name."""
    found = {"recipe.md": _recipe(), "layers.md": _layers()}
    return found | {f"{folder}.md": _plugins(folder) for folder in catalog.FOLDERS}


def _recipe() -> str:
    return "\n".join(["# Recipe", *_class(Recipe), *_inner([Recipe]), ""])


def _plugins(folder: str) -> str:
    kinds = {name: catalog.find(folder, name) for name in sorted(catalog.own(folder))}
    lines = [f"# {PLURALS[folder]}", "", "| name | what it is |", "|---|---|"]
    for name, kind in kinds.items():
        about = escaped(first_line(inspect.getdoc(kind))).replace("|", "\\|")
        lines.append(f"| [`{name}`](#{name}) | {about} |")
    for name, kind in kinds.items():
        lines += ["", f"## `{name}` {{#{name}}}", "", f"In Python: `kb.{kind.__name__}`."]
        lines += _class(kind)
    return "\n".join([*lines, *_inner(kinds.values()), ""])


def _layers() -> str:
    """The layers of Keras that a list takes, each with its arguments."""
    lines = ["# Layers", *_class(AnyLayer)]
    for name in keras_layers.names():
        lines += ["", f"## `{name}` {{#{name}}}"]
        if name == keras_layers.WRAPPER:
            lines += _paragraphs(keras_layers.ABOUT_WRAPPER)
        else:
            lines += _class(keras_layers.arguments(name))
    return "\n".join([*lines, ""])


def _inner(kinds: Iterable[type]) -> list[str]:
    """The classes that are held by fields of others, each once."""
    lines: list[str] = []
    known, waiting = set(kinds), list(kinds)
    while waiting:
        for inner in _held(waiting.pop(0)):
            if inner not in known:
                known.add(inner)
                waiting.append(inner)
                lines += ["", f"## {inner.__name__} {{#{inner.__name__.lower()}}}"]
                lines += _class(inner)
    return lines


def _held(kind: type) -> list[type[Spec]]:
    """The classes in the fields of a class."""
    if not issubclass(kind, Spec):
        return []
    held = [one for field in kind.model_fields.values() for one in classes_of(field.annotation)]
    return [one for one in held if issubclass(one, Spec)]


def _class(kind: type) -> list[str]:
    """The docstring of a class, and a definition of each field."""
    lines = _paragraphs(inspect.getdoc(kind) or "")
    for name, field, words in fields(kind) if issubclass(kind, Spec) else ():
        told = escaped(words)
        folder = folder_of(field)
        if folder is not None:
            told = told.replace(folder, f"[{folder}]({folder}.md)")
        told = re.sub(rf"\b{AnyLayer.__name__}\b", r"[\g<0>](layers.md)", told)
        for inner in classes_of(field.annotation):
            if issubclass(inner, Spec):
                title = inner.__name__
                told = re.sub(rf"\b{title}\b", f"[{title}](#{title.lower()})", told)
        default = default_of(field)
        told += re.sub(r"^; default (.*)$", r"; default `\1`", default) or "; optional"
        lines += ["", f"`{name}`", f":   {told}"]
        for paragraph in _paragraphs(descriptions(kind).get(name, "")):
            lines += [f"    {paragraph}"] if paragraph else [""]
    return lines


def _paragraphs(text: str) -> list[str]:
    """A docstring as Markdown: each paragraph on a line, with an empty line before it."""
    for heading in HEADINGS:
        text = text.replace(f"\n{heading}", f"\n\n{heading}")
    lines: list[str] = []
    for paragraph in filter(None, text.split("\n\n")):
        lines += ["", escaped(" ".join(paragraph.split()))]
    return lines


def escaped(text: str) -> str:
    """Text as Markdown shows it; what stands in backticks is code there too."""
    spans = re.split(r"(`[^`]*`)", text)
    marks = re.compile(r"([\\*_\[\]{}#])")
    spans[::2] = [marks.sub(r"\\\1", span).replace("<", "&lt;") for span in spans[::2]]
    return "".join(spans)
