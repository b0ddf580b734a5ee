"""The types of the public names for editors and mypy: `kbuilder/__init__.pyi`.

A field takes more than it becomes: `units=32` and `units=[32]` both become a tuple. Type checkers
see what it becomes, so that the stub says what it takes, as the JSON Schema of a recipe does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import kbuilder
from kbuilder import catalog
from kbuilder.describing.reference import folder_of
from kbuilder.spec import Spec

PLAIN = {
    "integer": "int", "number": "float", "string": "str", "boolean": "bool", "null": "None",
    "object": "Mapping[str, Any]",
}  # fmt: skip
HEAD = '''"""Types of the public names; `make schema` writes them from the schema classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kbuilder.spec import Spec as _Spec
'''


def write() -> str:
    """The content of the stub."""
    homes: dict[str, str] = vars(kbuilder)["_HOMES"]
    plugins = [
        catalog.find(folder, name)
        for folder in catalog.FOLDERS
        for name in sorted(catalog.own(folder))
    ]
    specs = {kind.__name__: kind for kind in plugins}
    others = {}
    for name, home in homes.items():
        thing = getattr(kbuilder, name)
        if isinstance(thing, type) and issubclass(thing, Spec):
            specs[name] = thing
        else:
            others[name] = home
    imports = [f"from {home} import {name} as {name}" for name, home in others.items()]
    imports += [f"from {kind.__module__} import {name} as _{name}" for name, kind in specs.items()]
    classes = [_class(name, kind) for name, kind in sorted(specs.items())]
    return "\n".join([HEAD, *sorted(imports), "", "__version__: str", "", *classes])


def _class(name: str, kind: type[Spec]) -> str:
    """A class with the arguments that it takes."""
    arguments = "".join(f"        {one},\n" for one in _arguments(kind))
    given = f"\n        self,\n        *,\n{arguments}    " if arguments else "self"
    return f"class {name}(_{name}):\n    def __init__({given}) -> None: ...\n"


def _arguments(kind: type[Spec]) -> Iterator[str]:
    schema = kind.model_json_schema()
    if "$ref" in schema:
        schema = {**schema, **schema["$defs"][schema["$ref"].rpartition("/")[2]]}
    for name, field in kind.model_fields.items():
        told = _type(schema["properties"].get(name, {}))
        if folder_of(field) == "architectures":  # a function, or a layer of Keras
            told = f"Callable[[Any], Any] | {told}"
        if Path in _parts(field.annotation):
            told = told.replace("str", "str | Path")
        yield f"{name}: {told}" + ("" if field.is_required() else " = ...")


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(part for one in get_args(annotation) for part in _parts(one))]


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON schema as a Python type."""
    if "$ref" in schema:
        return "_Spec | str | Mapping[str, Any]"
    if "enum" in schema or "const" in schema:
        words = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(_literal(word) for word in words)}]"
    if "anyOf" in schema or "oneOf" in schema:
        told = [_type(one) for one in schema.get("anyOf", schema.get("oneOf"))]
        parts = dict.fromkeys(part for text in told for part in _split(text))
        if any("_Spec" in part for part in parts):  # by its name, too
            parts = {part: None for part in parts if not part.startswith("Literal[")}
            parts |= {"str": None}
        return " | ".join(sorted(parts, key="None".__eq__))
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"Sequence[{_type(items) if items else 'Any'}]"
    return PLAIN.get(str(schema.get("type")), "Any")


def _literal(word: Any) -> str:
    return json.dumps(word) if isinstance(word, str) else repr(word)


def _split(union: str) -> list[str]:
    """The members of a union, not those within brackets."""
    parts, depth = [""], 0
    for letter in union:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
