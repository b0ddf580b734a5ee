"""What all schema classes share: the base, the types of their fields, and plug-ins by name.

One class is the YAML schema, the Python API and the documentation of a thing. This file holds the
few pydantic parts that make it so; it knows no plug-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from kbuilder import catalog
from kbuilder.contracts import CONTRACTS
from kbuilder.errors import BuildError, CallError, Key, listed, nearest

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
        use_attribute_docstrings=True, validate_default=False, allow_inf_nan=False,
        protected_namespaces=(),
    )  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields:
            raise CallError(
                f"a {type(self).__name__} is never changed. Make another: "
                f"`it.model_copy(update={{{name!r}: …}})`."
            )
        super().__setattr__(name, value)


class FromCommandLine(str):
    """A string given by `-o`: as a path it is relative to the working folder, not the recipe's."""


def _as_tuple(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


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


T = TypeVar("T")


def learned(value: T | None) -> T:
    """A field that is open until it has been learned from training rows.

    Raises:
        BuildError: if it is still open.
    """
    if value is None:
        raise BuildError("a part is used before it was learned. Expected `learn` before.")
    return value


def lacking(folder: str, kind: object) -> str | None:
    """What a class lacks to be a plug-in of `folder`, in a few words; None: nothing."""
    if not isinstance(kind, type) or not issubclass(kind, Spec):
        return "Expected a class that derives from kbuilder.spec.Spec"
    promised = CONTRACTS[folder]
    members = {name for name in vars(promised) if not name.startswith("_")}
    members |= promised.__annotations__.keys()
    known = {*dir(kind), *kind.model_fields}
    if members - known:
        gone = listed(sorted(members - known))
        return f"its class {kind.__name__} lacks {gone}; kbuilder/contracts.py says what each is"
    if not kind.__doc__:
        return f"its class {kind.__name__} has no docstring, which is what people read of it"
    return None


catalog.check_by(lacking)


def origins(value: object) -> set[catalog.Origin]:
    """The plug-ins of others in a recipe, or in a part of one."""
    if isinstance(value, Mapping):
        return origins(tuple(value.values()))
    if isinstance(value, tuple | list):
        return {origin for item in value for origin in origins(item)}
    if not isinstance(value, Spec):
        return set()
    found = origins([getattr(value, name) for name in type(value).model_fields])
    own = catalog.origin_of(value)
    return found if own is None else {*found, own}


def given(plugin: Any) -> dict[str, Any]:
    """The fields of a plug-in that a person gave, as a recipe holds them."""
    fields: dict[str, Any] = plugin.model_dump(mode="json", exclude_unset=True)
    return fields


def refuse(key: Key, message: str, value: object = None) -> ValidationError:
    """An error at `key` within the object that is being validated. Raise what this returns."""
    return _refuse("refused", message, {}, key, value)


def _refuse(kind: str, message: str, context: dict, key: Key, value: object) -> ValidationError:
    error = PydanticCustomError(kind, message, context or None)
    details = InitErrorDetails(type=error, loc=key, input=value)
    return ValidationError.from_exception_data("recipe", [details])


def defined(kind: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """A reference to the JSON Schema of a class, which is written out once, below `$defs`."""
    schema: Any = kind.__pydantic_core_schema__
    reference = core_schema.definition_reference_schema(schema["ref"])
    return handler(core_schema.definitions_schema(reference, [schema]))


def _found(folder: str, name: object, key: Key) -> type[Spec]:
    """The class called `name`; an error that names the nearest if there is none."""
    known = catalog.names(folder)
    try:
        return catalog.find(folder, str(name))
    except KeyError:
        raise _refuse(
            "unknown_name", f"Expected one of: {listed(known, 100)}",
            {"suggestion": nearest(name, known)}, key, name,
        ) from None  # fmt: skip
    except CallError as error:
        raise _refuse("refused", str(error).rstrip("."), {}, key, name) from None


def _is_plugin(folder: str, value: object) -> bool:
    """Whether an object is a plug-in of `folder`; a class of the caller's own becomes one."""
    if not isinstance(value, Spec):
        return False
    if catalog.is_in(folder, value):
        return True
    if type(value).__module__.startswith("kbuilder."):
        return False
    try:
        catalog.adopt(folder, type(value))
    except CallError as error:
        raise PydanticCustomError("refused", "{why}", {"why": str(error).rstrip(".")}) from None
    return True


class Named:
    """Annotation of a field that holds a plug-in, as in `Annotated[Task, Named("tasks")]`.

    Accepted are the bare name (`lstm`), a mapping with the name among its keys
    (`{name: lstm, units: 64}`), and an object of the plug-in's class.

    Args:
        folder: The folder of `catalog` where the name is looked up.
        key: The key of the mapping that holds the name.
    """

    def __init__(self, folder: str, key: str = "name") -> None:
        self.folder = folder
        self.key = key

    def find(self, name: object) -> type[Spec]:
        """The class called `name`; an error that names the nearest if there is none."""
        return _found(self.folder, name, (self.key,))

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The plug-in that a name, a mapping or an object stands for."""
        if isinstance(value, str):
            value = {self.key: value}
        if isinstance(value, dict):
            if self.key not in value:
                raise _refuse(
                    "missing_name", f"Expected one of: {listed(catalog.names(self.folder), 100)}",
                    {}, (self.key,), value,
                )  # fmt: skip
            fields = {key: item for key, item in value.items() if key != self.key}
            return self.find(value[self.key]).model_validate(fields, context=info.context)
        if not _is_plugin(self.folder, value):
            raise PydanticCustomError(
                "plugin_type", "Expected a name, or a mapping with the key '{key}'",
                {"key": self.key},
            )  # fmt: skip
        return value

    def dump(self, value: Any) -> dict[str, Any]:
        """A mapping that `validate` takes: the name, then the fields."""
        return {self.key: catalog.name_of(value), **value.model_dump(mode="json")}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.dump),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        known = catalog.names(self.folder)
        options: list[dict[str, Any]] = [{"enum": list(known), "description": "The name alone."}]
        for name in known:
            option = defined(catalog.find(self.folder, name), handler)
            details = handler.resolve_ref_schema(option)
            if self.key not in details["properties"]:  # it is written out already
                which = {"const": name, "description": f"Which of the {self.folder}."}
                details["properties"] = {self.key: which, **details["properties"]}
                details["required"] = [self.key, *details.get("required", [])]
            options.append(option)
        return {"anyOf": options}


class Keyed:
    """Annotation of a field that holds a plug-in whose name is a key, not a value.

    Accepted are the bare name (`crop`), the name with the first argument (`{crop: 4}`) or with any
    of them (`{crop: {padding: 4}}`), and an object of the plug-in's class.

    Args:
        folder: The folder of `catalog` where the name is looked up.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The plug-in that a name, a mapping or an object stands for."""
        if _is_plugin(self.folder, value):
            return value
        name, given = value, None
        if isinstance(value, dict) and len(value) == 1:
            [(name, given)] = value.items()
        elif not isinstance(value, str):
            raise PydanticCustomError(
                "plugin_type", "Expected one name, or one name with its arguments"
            )
        place: Key = () if isinstance(value, str) else (str(name), "[key]")
        kind = _found(self.folder, name, place)
        if not isinstance(given, dict):
            given = {} if given is None else {next(iter(kind.model_fields)): given}
        one = TypeAdapter(dict[str, kind])  # type: ignore[valid-type]
        return one.validate_python({str(name): given}, context=info.context)[str(name)]

    def dump(self, value: Any) -> dict[str, Any]:
        """A mapping that `validate` takes."""
        return {catalog.name_of(value): value.model_dump(mode="json")}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.dump),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        known = catalog.names(self.folder)
        properties = {}
        for name in known:
            whole = defined(catalog.find(self.folder, name), handler)
            details = handler.resolve_ref_schema(whole)
            first = next(iter(details["properties"].values()))
            alone = {key: part for key, part in first.items() if key != "default"}
            options = [whole, alone, {"type": "null"}]
            about = details["description"].partition("\n")[0]
            properties[name] = {"description": about, "anyOf": options}
        mapping = {
            "type": "object", "properties": properties, "minProperties": 1, "maxProperties": 1,
            "additionalProperties": False,
        }  # fmt: skip
        return {"anyOf": [{"enum": list(known), "description": "The name alone."}, mapping]}
