"""Plug-ins in a recipe: by their names, and as objects of the caller's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kbuilder import catalog
from kbuilder.contracts import CONTRACTS, Form
from kbuilder.errors import BuildError, CallError, Key, listed
from kbuilder.refusals import custom, detail, refuse, together, unknown
from kbuilder.spec import Spec, defined


class _Field(Protocol):
    """An annotation that validates a field and dumps it again."""

    def validate(self, value: object, info: ValidationInfo) -> object: ...
    def dump(self, value: Any) -> Any: ...


def validated_and_dumped(field: _Field) -> CoreSchema:
    """What pydantic does with a field of such an annotation."""
    return core_schema.with_info_plain_validator_function(
        field.validate,
        serialization=core_schema.plain_serializer_function_ser_schema(field.dump),
    )


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
        promises = "kbuilder/contracts says what each is"
        return f"its class {kind.__name__} lacks {gone}; {promises}"
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


def _found(folder: str, name: object, key: Key) -> type[Spec]:
    """The class called `name`; an error that names the nearest if there is none."""
    known = catalog.names(folder)
    try:
        return catalog.find(folder, str(name))
    except KeyError:
        if ":" in str(name):
            more = {"suggestion": None}
            raise together(
                [detail(key, _elsewhere(str(name)), name, "unknown_name", more)]
            ) from None
        raise together([unknown(key, name, known)]) from None
    except CallError as error:
        raise refuse(key, str(error).rstrip("."), name) from None


def _elsewhere(name: str) -> str:
    """What is expected in place of `module:Class`, whose module is not at hand."""
    module, _, spelled = name.partition(":")
    if module == "__main__":
        return (
            f"{spelled} was a class of a program or a notebook, and is none of this one. Expected "
            "it to be defined here, or in a file of its own, whose folder `--plugins DIR` (in "
            "Python kb.plugins) names"
        )
    where = " or ".join(map(str, catalog.folders()))
    looked = f"there is no {module}.py with {spelled} in {where}" if where else "no folder is named"
    return (
        f"{looked}. Expected `--plugins DIR` (in Python kb.plugins), with the folder of "
        f"{module}.py: a recipe alone makes no code run"
    )


def _plugin(folder: str, value: object) -> Spec | None:
    """An object as a plug-in of `folder`; one of the caller's own becomes one. None: it is none."""
    try:
        if folder == "architectures" and not isinstance(value, Spec):
            # By its name, since it knows this file, and only Python gives such objects.
            value = import_module("kbuilder.architectures._given").architecture(value)
        if not isinstance(value, Spec):
            return None
        if catalog.is_in(folder, value):
            return value
        if type(value).__module__.startswith("kbuilder."):
            return None
        catalog.adopt(folder, type(value))
    except CallError as error:
        raise custom(str(error).rstrip(".")) from None
    return value


@dataclass(frozen=True)
class Unnamed:
    """The fields of a plug-in whose name is left open, until it is inferred.

    Args:
        folder: The folder of `catalog` where the name will be looked up.
        fields: The fields, as they were written.
        context: What they are validated with.
    """

    folder: str
    fields: Mapping[str, Any]
    context: Any = field(default=None, compare=False)

    def named(self, name: str, key: Key) -> Spec:
        """The plug-in, now that its name is known; `key` is where it stands in the recipe.

        Raises:
            BuildError: if it has no such fields, or they are wrong.
        """
        kind = catalog.find(self.folder, name)
        try:
            return cast(Any, kind).model_validate(dict(self.fields), context=self.context)
        except ValidationError as error:
            # By its name, since it knows this file, and only what is wrong needs it.
            problems = import_module("kbuilder.recipe.problems")
            found = problems.of_call(kind, error, dict(self.fields)).problems
            said = "; ".join(problem.message for problem in found)
            raise BuildError(
                f"of {name}, which is inferred: {said}", key=(*key, *found[0].key)
            ) from None


class Named:
    """Annotation of a field that holds a plug-in, as in `Annotated[Task, Named("tasks")]`.

    Accepted are the bare name (`lstm`), a mapping with the name among its keys
    (`{name: lstm, units: 64}`), and an object of the plug-in's class.

    Args:
        folder: The folder of `catalog` where the name is looked up.
        key: The key of the mapping that holds the name.
        open_: Whether the name may be left out of a mapping, to be inferred.
        assume: Gives the name that a mapping without one is meant to have, or None, of the
            mapping and of what it is validated with.
        form: The form of feature that it has to take, where it is an architecture; left out: any.
    """

    def __init__(
        self,
        folder: str,
        key: str = "name",
        open_: bool = False,
        assume: Callable[[Mapping[str, Any], Any], str | None] | None = None,
        form: Form | None = None,
    ) -> None:
        self.form = form
        self.folder = folder
        self.key = key
        self.assume = assume
        self.open_ = open_

    def find(self, name: object) -> type[Spec]:
        """The class called `name`; an error that names the nearest if there is none."""
        kind = _found(self.folder, name, (self.key,))
        self._check_form(kind, str(name))
        return kind

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it takes."""
        known = catalog.names(self.folder)
        return tuple(n for n in known if self._fits(catalog.find(self.folder, n)))

    def _fits(self, kind: Any) -> bool:
        return self.form is None or self.form in kind.forms

    def _check_form(self, kind: Any, name: str) -> None:
        """Refuse an architecture that does not take the form."""
        if not self._fits(kind):
            fitting = listed(self.names, 100)
            expected = f"{name} takes no {self.form}. Expected one of: {fitting}"
            raise refuse((self.key,), expected, name)

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The plug-in that a name, a mapping or an object stands for."""
        if isinstance(value, str):
            value = {self.key: value}
        if isinstance(value, dict):
            if self.key not in value and self.assume is not None:
                name = self.assume(value, info.context)
                value = value if name is None else {self.key: name, **value}
            if self.key not in value:
                if self.open_ and value and self._knows(value):
                    return Unnamed(self.folder, value, info.context)
                known = listed(self.names, 100)
                message = f"Expected one of: {known}"
                raise together([detail((self.key,), message, value, "missing_name")])
            fields = {key: item for key, item in value.items() if key != self.key}
            return self.find(value[self.key]).model_validate(fields, context=info.context)
        plugin = _plugin(self.folder, value)
        if plugin is None:
            raise PydanticCustomError(
                "plugin_type", "Expected a name, or a mapping with the key '{key}'",
                {"key": self.key},
            )  # fmt: skip
        self._check_form(plugin, catalog.name_of(plugin))
        return plugin

    def _knows(self, fields: Mapping[str, Any]) -> bool:
        """Whether some plug-in has each of the fields."""
        kinds = [catalog.find(self.folder, name) for name in catalog.own(self.folder)]
        return any(fields.keys() <= kind.model_fields.keys() for kind in kinds)  # type: ignore[attr-defined]

    def dump(self, value: Any) -> dict[str, Any]:
        """A mapping that `validate` takes: the name, then the fields."""
        if isinstance(value, Unnamed):
            return dict(value.fields)
        return {self.key: catalog.name_of(value), **value.model_dump(mode="json")}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return validated_and_dumped(self)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        known = self.names
        options: list[dict[str, Any]] = [{"enum": list(known), "description": "The name alone."}]
        for name in known:
            option = defined(catalog.find(self.folder, name), handler)
            details = handler.resolve_ref_schema(option)
            if self.key not in details["properties"]:  # it is written out already
                which = {"const": name, "description": f"Which of the {self.folder}."}
                details["properties"] = {self.key: which, **details["properties"]}
                needed = [] if self.assume is not None else [self.key]
                details["required"] = [*needed, *details.get("required", [])]
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
        plugin = _plugin(self.folder, value)
        if plugin is not None:
            return plugin
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
        return validated_and_dumped(self)

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
