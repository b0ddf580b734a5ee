"""The recipe itself: where the rows are, what to predict, which network."""

from __future__ import annotations

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
from pydantic_core import CoreSchema, core_schema

from kbuilder import catalog
from kbuilder.contracts import FORMS, Architecture, Feature, Form, Source, Task
from kbuilder.errors import listed, nearest
from kbuilder.recipe.positions import Origin
from kbuilder.recipe.training import Training
from kbuilder.spec import Named, Spec, refuse

One = Annotated[Architecture, Named("architectures")]
Branches = dict[Form, One]


class OneOrBranches:
    """Annotation of `model`: one architecture, or a mapping from form to architecture."""

    @staticmethod
    def branches(value: object) -> bool:
        """Whether `value` is meant as a mapping from form to architecture."""
        if not isinstance(value, dict) or "name" in value:
            return False
        if not any(nearest(key, FORMS) for key in value):
            return False
        return not any(isinstance(p, int | float | list | tuple | None) for p in value.values())

    def validate(self, value: object, info: ValidationInfo) -> object:
        """The architecture, or the architecture of each form."""
        if self.branches(value):
            return TypeAdapter(Branches).validate_python(value, context=info.context)
        return Named("architectures").validate(value, info)

    def dump(self, value: Any) -> Any:
        """What `validate` takes."""
        name = Named("architectures")
        if isinstance(value, dict):
            return {form: name.dump(architecture) for form, architecture in value.items()}
        return name.dump(value)

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
        one = Named("architectures").__get_pydantic_json_schema__(schema, handler)
        return {"anyOf": [one, {"type": "object", "propertyNames": {"enum": list(FORMS)},
                                "additionalProperties": one}]}  # fmt: skip


class Recipe(Spec):
    """Where the rows are, what to predict, which network.

    Only `data` is required. What is left out is inferred from the rows, each time with a reason
    that is printed and saved; what is written always wins. A recipe is data: it runs no code and
    is never changed; a resolved recipe is a new one.
    """

    data: Annotated[Source, Named("sources", key="source")]
    """Where the rows are, and which column is predicted."""
    features: dict[str, Annotated[Feature, Named("features", key="kind")]] = Field(default={})
    """How columns are read: a kind by column name. Columns left out are inferred."""
    task: Annotated[Task, Named("tasks")] | None = None
    """What is predicted. Left out: inferred from the target."""
    model: Annotated[Architecture | Branches, OneOrBranches()] | None = None
    """Which network: an architecture by name, or one for each form of feature."""
    training: Training = Training()
    """How the network is fitted."""

    _origin: Origin | None = PrivateAttr(default=None)

    @property
    def origin(self) -> Origin | None:
        """Where the recipe was read, for messages; None for a recipe made in Python."""
        return self._origin

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
        for name in self.features:
            if name in self.data.ignore:
                raise refuse(
                    ("features", name), f"{name!r} is a feature here and ignored in data.ignore. "
                    "Expected one of the two",
                )  # fmt: skip
        if self.task is not None and self.training.balance == "auto":
            task = catalog.name_of(self.task)
            if not self.task.stratified:
                raise refuse(
                    ("training", "balance"), f"{task} has no single class per row to balance. "
                    f"Expected none with task {listed([task])}", "auto",
                )  # fmt: skip
        return self
