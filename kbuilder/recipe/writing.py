"""From a `Recipe` back to YAML, and to the JSON Schema that an editor checks it with."""

from __future__ import annotations

import io
from typing import Any

from kbuilder.recipe.recipe import Recipe


def to_yaml(recipe: Recipe) -> str:
    """The recipe with every value written out; `read` gives an equal recipe."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # lists of plain values on one line, all else a line each
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(_tidy(recipe.model_dump(mode="json", exclude_none=False)), stream)
    return stream.getvalue()


def to_json_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe (draft 2020-12), with a description of every field."""
    schema = Recipe.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidy(value: Any) -> Any:
    """Without empty values, but for those that mean something: a null that turns a default off."""
    if isinstance(value, dict):
        kept = {key: _tidy(item) for key, item in value.items()}
        return {k: v for k, v in kept.items() if (v is not None or k == "early_stopping")}
    return [_tidy(item) for item in value] if isinstance(value, list) else value
