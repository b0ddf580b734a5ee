"""What all schema classes share: the base, the types of their fields, and plug-ins by name.

One class is the YAML schema, the Python API and the documentation of a thing. This file holds the
few pydantic parts that make it so; it knows no plug-in.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kbuilder.errors import BuildError, CallError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _Told(ModelMetaclass):
    """A call of a class says what is wrong with its arguments as a recipe does."""

    def __call__(cls, *arguments: Any, **fields: Any) -> Any:  # noqa: N805 - of a metaclass
        try:
            return super().__call__(*arguments, **fields)
        except ValidationError as error:
            # By its name, since it knows this file, and only what is wrong needs it.
            problems = import_module("kbuilder.recipe.problems")
            raise problems.of_call(cls, error, fields) from None


class Spec(BaseModel, metaclass=_Told):
    """Abstract base of every schema class: frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True,
        validate_default=False, allow_inf_nan=False, protected_namespaces=(),
    )  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields:
            raise CallError(
                f"a {type(self).__name__} is never changed. Make another: "
                f"`it.model_copy(update={{{name!r}: …}})`."
            )
        super().__setattr__(name, value)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """With what the docstrings of the fields say."""
        written = handler(schema)
        properties = handler.resolve_ref_schema(written)["properties"]
        for name, text in descriptions(cls).items():
            properties[name]["description"] = text
        return written


@cache
def descriptions(kind: type[BaseModel]) -> dict[str, str]:
    """The docstring below each field of a schema class, by field; those of its bases too.

    They are read from the source when they are asked for, which few commands do. Pydantic, which
    can read them too, does so whenever a class is made: a quarter of the time that `check` takes.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= _below(base)
    given = {name: field.description for name, field in kind.model_fields.items()}
    return {name: text for name in given if (text := given[name] or found.get(name))}


def _below(kind: type) -> dict[str, str]:
    """The docstrings below the fields that a class defines itself."""
    known = _documented(kind.__module__)
    if kind.__module__ == "__main__" and kind.__qualname__ not in known:
        # Of a notebook: its cells are kept as lines without a file; the last of a name counts.
        entries: Any = linecache.cache.values()  # size, time of the file, lines, name
        for lines in [entry[2] for entry in entries if entry[1:2] == (None,)]:
            known = {**known, **_classes("".join(lines))}
    return known.get(kind.__qualname__, {})


@cache
def _documented(module: str) -> dict[str, dict[str, str]]:
    """The docstrings below the fields of each class of a module, by the class's qualified name."""
    try:
        return _classes(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):  # of an interpreter, or of a compiled module
        return {}


@cache
def _classes(source: str) -> dict[str, dict[str, str]]:
    """The docstrings below the fields of each class in Python code; of none if it is no Python."""
    found: dict[str, dict[str, str]] = {}

    def look(node: ast.AST, prefix: str) -> None:
        for inner in ast.iter_child_nodes(node):
            name = f"{prefix}{getattr(inner, 'name', '')}"
            if isinstance(inner, ast.ClassDef):
                found[name] = dict(_docstrings(inner.body))
                look(inner, f"{name}.")
            elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                look(inner, f"{name}.<locals>.")
            elif isinstance(inner, ast.stmt):
                look(inner, prefix)

    with suppress(SyntaxError):
        look(ast.parse(source), "")
    return found


def _docstrings(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)


class FromCommandLine(str):
    """A string given by `-o`: as a path it is relative to the working folder, not the recipe's."""


def _as_tuple(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


def _as_words(value: object) -> object:
    """What YAML reads as numbers and truth values is meant as it is written in the data."""
    words = _as_tuple(value)
    if not isinstance(words, tuple):
        return words
    return tuple(str(w) if isinstance(w, int | float) else w for w in words)


def _as_path(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value:
        raise PydanticCustomError("path_type", "Expected a path")
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        raise PydanticCustomError("path_type", "Expected a path; there is no such home") from None
    folder = (info.context or {}).get("folder")
    if folder is None or isinstance(value, FromCommandLine):
        return path
    return Path(folder) / path  # an absolute path stays as it is


def _as_paths(value: object, info: ValidationInfo) -> object:
    """A path, or several as a tuple of them."""
    if not isinstance(value, list | tuple) or not value:
        return _as_path(value, info)
    paths = tuple(_as_path(item, info) for item in value)
    return paths if len(paths) > 1 else paths[0]


def _written_paths(paths: Path | tuple[Path, ...]) -> str | list[str]:
    if isinstance(paths, Path):
        return str(paths.absolute())
    return [str(path.absolute()) for path in paths]


def encoding_name(name: str) -> str:
    """An encoding that Python knows, for `AfterValidator`."""
    try:
        "".encode(name)
    except LookupError:
        raise PydanticCustomError("encoding", "Expected an encoding such as utf-8") from None
    return name


MOST = 2**20
"""The greatest of any count: more units, rows of a step, words or epochs are a slip of the hand."""
Count = Annotated[int, Field(ge=1, le=MOST)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | list[str]),
    Strict(False),
]
Ignored = Annotated[Names, Field(default=(), description="Columns that are not used.")]
Unreadable = Literal["error", "skip"]
Weight = Annotated[
    Annotated[str, Field(min_length=1)] | None,
    Field(
        default=None,
        description="A column of numbers of 0 or more: how much each row counts, in the loss and "
        "in the metrics;\nleft out: all alike.",
    ),
]
Time = Annotated[
    Annotated[str, Field(min_length=1)] | None,
    Field(
        default=None,
        description="The column of the time of each row, of a series whose next steps are "
        "forecast; or of several that are one sequence each (`series`).",
    ),
]
Series = Annotated[
    Annotated[str, Field(min_length=1)] | None,
    Field(
        default=None,
        description="The column that says which series a row belongs to; left out: all are of "
        "one. With a task that does not forecast, the rows of a series are one sequence, in the "
        "order of `time`, with one answer.",
    ),
]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", "'", " ", "_"]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_words, json_schema_input_type=str | float | list[str | float]),
    Strict(False),
]
"""Words of the data, as it has them."""
Missing = Words
Counts = Annotated[
    tuple[Count, ...],
    BeforeValidator(
        _as_tuple,
        json_schema_input_type=Count | Annotated[list[Count], Field(min_length=1)],
    ),
    Strict(False),
    Field(min_length=1),
]
Shape = Annotated[
    tuple[int, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=int | list[int]),
    Strict(False),
]
Values = Annotated[
    tuple[str | int, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=list[str | int]),
    Strict(False),
    Field(min_length=1),
]
Wholes = Annotated[
    tuple[int, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=list[int]),
    Strict(False),
    Field(min_length=1),
]
Units = Annotated[
    tuple[Count, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=int | list[int]),
    Strict(False),
]
Numbers = Annotated[
    tuple[float, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=float | list[float]),
    Strict(False),
]
FillMode = Literal["constant", "nearest", "reflect"]
DataPath = Annotated[
    Path,
    BeforeValidator(_as_path, json_schema_input_type=str),
    PlainSerializer(lambda path: str(path.absolute()), return_type=str),
]
DataPaths = Annotated[
    Path | tuple[Path, ...],
    BeforeValidator(
        _as_paths, json_schema_input_type=str | Annotated[list[str], Field(min_length=1)]
    ),
    PlainSerializer(_written_paths, return_type=str | list[str]),
]
"""A file, several of them, or a pattern such as `sales-*.csv`."""


T = TypeVar("T")


def learned(value: T | None) -> T:
    """A field that is open until it has been learned from training rows.

    Raises:
        BuildError: if it is still open.
    """
    if value is None:
        raise BuildError("a field is used before it was learned. Expected `learn` before.")
    return value


def given(plugin: Any) -> dict[str, Any]:
    """The fields of a plug-in that a person gave, as a recipe holds them."""
    fields: dict[str, Any] = plugin.model_dump(mode="json", exclude_unset=True)
    return fields


def defined(kind: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """A reference to the JSON Schema of a class, which is written out once, below `$defs`."""
    schema: Any = kind.__pydantic_core_schema__
    others = []
    if schema["type"] == "definitions":  # a field has a class that is named in it twice
        schema, others = schema["schema"], schema["definitions"]
    reference = core_schema.definition_reference_schema(schema["ref"])
    return handler(core_schema.definitions_schema(reference, [schema, *others]))
