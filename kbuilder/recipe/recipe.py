"""The recipe itself: where the rows are, what to predict, which network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema

from kbuilder import catalog
from kbuilder.contracts import FORMS, Architecture, Feature, Foldered, Source, Task
from kbuilder.errors import listed, nearest
from kbuilder.named import Named, validated_and_dumped
from kbuilder.recipe import balance
from kbuilder.recipe.branches import SHARE
from kbuilder.recipe.positions import Origin
from kbuilder.recipe.training import Training
from kbuilder.refusals import refuse, together, unknown
from kbuilder.spec import Count, Spec

OneArchitecture = Annotated[Architecture, Named("architectures", open_=True)]
OneTask = Annotated[Task, Named("tasks")]
Branches = dict[str, OneArchitecture]
Tasks = dict[str, OneTask]
SHARED = (
    "it says that the columns of a form have one network together. Expected it beside the form: "
    "`model: {text: lstm, share: true}`"
)


class OneOrEach:
    """Annotation of a field that holds one plug-in, or a mapping with one for each of several.

    Args:
        folder: The folder of `catalog` where names are looked up.
        each: The type of the mapping.
        several: Whether a mapping without a name is meant as one for each.
        flags: Keys beside these that are true or false, with what each says.
        open_: As in `Named`.
    """

    def __init__(
        self,
        folder: str,
        each: Any,
        several: Callable[[dict[Any, Any]], bool],
        flags: Mapping[str, str] | None = None,
        open_: bool = False,
    ) -> None:
        self.each = each
        self.named = Named(folder, open_=open_)
        self.flags = flags or {}
        self._several = several

    def is_each(self, value: object) -> bool:
        """Whether `value` is meant as a mapping with a plug-in for each."""
        # A column may be called name; what it is given is a mapping then, or a task itself.
        if not isinstance(value, dict) or not isinstance(value.get("name", {}), dict | Spec):
            return False
        plugins = {key: one for key, one in value.items() if key not in self._flagged(value)}
        return bool(plugins) and self._several(plugins)

    def _flagged(self, value: dict[Any, Any]) -> dict[str, bool]:
        """The flags of a mapping; what is called like one may be a column."""
        return {key: value[key] for key in self.flags if isinstance(value.get(key), bool)}

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The plug-in, or the mapping."""
        flagged = self._flagged(value) if isinstance(value, dict) else {}
        if self.is_each(value):
            plugins = {key: one for key, one in dict(value).items() if key not in flagged}  # type: ignore[call-overload]  # it is one
            given = TypeAdapter(self.each).validate_python(plugins, context=info.context)
            return {**given, **{key: True for key, flag in flagged.items() if flag}}
        for key, flag in flagged.items():
            raise refuse((key,), self.flags[key], flag)
        return self.named.validate(value, info)

    def dump(self, value: Any) -> Any:
        """What `validate` takes."""
        if isinstance(value, dict):
            return {
                key: plugin if isinstance(plugin, bool) else self.named.dump(plugin)
                for key, plugin in value.items()
            }
        return self.named.dump(value)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return validated_and_dumped(self)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        one = self.named.__get_pydantic_json_schema__(schema, handler)
        each: dict[str, Any] = {"type": "object", "additionalProperties": one}
        if self.flags:
            each["properties"] = {
                flag: {"type": "boolean", "description": f"{said[0].upper()}{said[1:]}."}
                for flag, said in self.flags.items()
            }
        return {"anyOf": [one, each]}


def weight_of(data: Source) -> str | None:
    """The column of the weights of the rows; None: all weigh the same."""
    weight: str | None = getattr(data, "weight", None)  # not every source has such a column
    return weight


def _by_key(value: dict[Any, Any]) -> bool:
    """Whether a mapping has an architecture for each form or column, however it is misspelled."""
    if any(isinstance(one, int | float | list | tuple | None) for one in value.values()):
        return False
    if any(nearest(key, FORMS) for key in value):
        return True
    known = catalog.names("architectures")
    names = [one.get("name") if isinstance(one, dict) else one for one in value.values()]
    if all(not isinstance(name, str | None) or name in known for name in names):
        return not all(name is None for name in names) or not _has_fields(value)
    near = all(not isinstance(name, str) or nearest(name, known) for name in names)
    return near and not _has_fields(value)


def _has_fields(value: dict[Any, Any]) -> bool:
    """Whether some key is a field of an architecture."""
    kinds = [catalog.find("architectures", name) for name in catalog.own("architectures")]
    return any(key in kind.model_fields for kind in kinds for key in value)  # type: ignore[attr-defined]


def _by_target(value: dict[Any, Any]) -> bool:
    """Whether a mapping has a task for each target: a task object, its name, or its fields."""
    known = catalog.names("tasks")
    return all(
        isinstance(task, dict | Spec) or (isinstance(task, str) and nearest(task, known))
        for task in value.values()
    )


def _source_of(fields: Mapping[str, Any], context: Any) -> str | None:
    """The source that is meant where none is named: by its fields, and what stands at its path."""
    if "path" not in fields:  # the others are known by their first field
        names = {next(iter(catalog.find("sources", name).model_fields)): name  # type: ignore[attr-defined]
                 for name in catalog.own("sources")}  # fmt: skip
        return next((name for field, name in names.items() if field in fields), None)
    if isinstance(fields["path"], list | tuple):
        return "csv"
    folder = Path((context or {}).get("folder") or "")
    path = folder / str(fields["path"])
    if path.suffix.lower() == ".npz" or isinstance(fields.get("columns"), Mapping):
        return "arrays"
    if not path.is_dir():
        return "csv"
    kinds = {name: catalog.find("sources", name) for name in sorted(catalog.own("sources"))}
    held = {name: kind.holds(path) for name, kind in kinds.items() if isinstance(kind, Foldered)}
    return max(held, key=lambda name: held[name])


class Recipe(Spec):
    """Where the rows are, what to predict, which network.

    Only `data` is required. What is left out is inferred from the rows, each time with a reason
    that is printed and saved; what is written always wins. Without `source` a folder is an
    image_folder, a text_folder or an array_folder, whatever it holds most of, a `.npz` file is
    arrays, and any other file, or several, a table (csv). A recipe is data: it runs no code and is
    never changed; a resolved recipe is a new one.
    """

    data: Annotated[Source, Named("sources", key="source", assume=_source_of)]
    """Where the rows are, and which column is predicted."""
    features: dict[str, Annotated[Feature, Named("features", key="kind")]] = Field(default={})
    """How columns are read: a kind by column name. Columns left out are inferred."""
    task: Annotated[Task | Tasks, OneOrEach("tasks", Tasks, _by_target)] | None = None
    """What is predicted: one task, or one for each target by its column. Left out: inferred."""
    model: (
        Annotated[
            Architecture | Branches,
            OneOrEach("architectures", Branches, _by_key, {SHARE: SHARED}, open_=True),
        ]
        | None
    ) = None
    """Which network: an architecture by name, or one for each form of feature, or for a column.
    Fields without a name are those of the network that is inferred. `share: true` beside forms: the
    columns of a form have one network together, and are read as one."""
    training: Training = Training()
    """How the network is fitted."""
    ensemble: Count = 1
    """How many networks are fitted, with seeds from that of training on; >= 1. Their answers are
    averaged, and they are one model. It takes as many times as long."""

    _origin: Origin | None = PrivateAttr(default=None)

    @property
    def origin(self) -> Origin | None:
        """Where the recipe was read, for messages; None for a recipe made in Python."""
        return self._origin

    @property
    def networks(self) -> int:
        """How many networks are fitted in all."""
        folds = getattr(self.data.split, "folds", None)  # not every way of dividing has some
        times = 1 if folds is None else folds.count + (folds.model == "refit")
        return self.ensemble * times

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they were read."""
        if not isinstance(other, Recipe):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Recipe.model_fields)

    @model_validator(mode="after")
    def _parts_agree(self) -> Any:
        for name in self.data.target:
            if name in self.data.ignore:
                raise refuse(
                    ("data", "ignore"), f"{name!r} is the target and is ignored. "
                    "Expected columns other than the target", list(self.data.ignore),
                )  # fmt: skip
            if name in self.features:
                raise refuse(
                    ("features", name), f"{name!r} is the target, so it cannot be a feature. "
                    "Expected columns other than the target",
                )  # fmt: skip
        weight = weight_of(self.data)
        others = {
            "the target": self.data.target, "a feature": self.features, "ignored": self.data.ignore,
        }  # fmt: skip
        for what, names in others.items():
            if weight in names:
                raise refuse(
                    ("data", "weight"), f"{weight!r} is {what} and the weight of the rows. "
                    "Expected a column of its own", weight,
                )  # fmt: skip
        for name in self.features:
            if name in self.data.ignore:
                raise refuse(
                    ("features", name), f"{name!r} is a feature here and ignored in data.ignore. "
                    "Expected one of the two",
                )  # fmt: skip
        schedule = self.training.schedule
        validates = self.data.split.validates or getattr(self.data, "validation_path", None)
        if schedule and schedule.needs_validation and not validates:
            raise refuse(
                ("training", "schedule"), f"{catalog.name_of(schedule)} looks at the validation "
                "loss, and data.split holds no rows back for it. Expected another schedule, or "
                "`split: {validation: 0.1}`", catalog.name_of(schedule),
            )  # fmt: skip
        last = self.training.seed + self.ensemble - 1
        if last >= 2**32:
            raise refuse(
                ("ensemble",), f"the seeds of the networks go up to {last:,}. Expected less than "
                "2^32, by a smaller training.seed", self.ensemble,
            )  # fmt: skip
        if isinstance(self.task, dict):
            for name in self.task:
                if name not in self.data.target:
                    raise refuse(
                        ("task", name), f"{name!r} is no target. "
                        f"Expected one of: {listed(self.data.target)}",
                    )  # fmt: skip
        tasks: list[Task | None] = (
            [self.task]
            if not isinstance(self.task, dict)
            else [self.task.get(name) for name in self.data.target]
        )
        own = self.training.balance
        if own != "none" and not any(t is None or t.stratified for t in tasks):
            given = listed(catalog.name_of(task) for task in tasks)
            raise refuse(
                ("training", "balance"), f"{given} has no single class per row to balance. "
                f"Expected none with task {given}", own,
            )  # fmt: skip
        wrong, known = balance.unknown({} if isinstance(own, str) else own, tasks)
        if wrong:
            key = ("training", "balance")
            raise together([unknown((*key, name), name, known) for name in wrong])
        return self
