"""From a `Recipe` back to YAML, and to the JSON Schema that an editor checks it with."""

from __future__ import annotations

import io
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from kbuilder.recipe.recipe import Recipe

NULLS = ("checkpoints", "early_stopping")
"""Keys whose null turns a default off."""
VERBATIM = ("config",)
"""Keys whose value is another library's, in which a null may mean anything."""

PLAIN = re.compile(r"[\w/][\w ./-]*")


def to_yaml(recipe: Recipe) -> str:
    """The recipe with every value written out; `read` gives an equal recipe."""
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        """With quotes around all but plain words: ruamel.yaml leaves out some that it needs."""

        def represent_str(self, data: str) -> Any:
            style = None if PLAIN.fullmatch(data) else '"'
            return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Representer.add_representer(str, Representer.represent_str)
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = Representer
    yaml.default_flow_style = None  # lists of plain values on one line, all else a line each
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(_tidy(recipe.model_dump(mode="json", exclude_none=False)), stream)
    return stream.getvalue()


def to_json_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe (draft 2020-12), with a description of every field."""
    schema = Recipe.model_json_schema(schema_generator=_Untitled)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which would be its name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _tidy(value: Any) -> Any:
    """Without empty values, but for those that mean something."""
    if isinstance(value, dict):
        kept = {k: item if k in VERBATIM else _tidy(item) for k, item in value.items()}
        return {k: v for k, v in kept.items() if (v is not None or k in NULLS)}
    return [_tidy(item) for item in value] if isinstance(value, list) else value
