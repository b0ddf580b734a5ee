"""The JSON Schema that an editor completes and checks a recipe with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from test_writing import PLUGINS, with_plugin

from kbuilder import catalog
from kbuilder.layer_lists import keras_layers
from kbuilder.recipe import shipped
from kbuilder.recipe.writing import to_json_schema, to_yaml

SCHEMA = to_json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
LAYERS = {keras_layers.arguments(layer).__name__ for layer in keras_layers.table()["layers"]}


def faults(text: str) -> list[str]:
    content = YAML(typ="safe", pure=True).load(text)
    return [error.message for error in VALIDATOR.iter_errors(content)]


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", shipped.names())
def test_it_accepts_every_shipped_recipe(name: str) -> None:
    assert faults(shipped.find(name).read_text()) == []


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_it_accepts_every_plugin(folder: str, name: str) -> None:
    assert faults(to_yaml(with_plugin(folder, name))) == []


def test_it_accepts_every_notation_of_augmentations() -> None:
    augment = "[flip, {crop: }, {shift: 0.1}, {shift: {height: 0, width: 0.2}}]"
    rest = f"features: {{x: {{kind: image, augment: {augment}}}}}"
    assert faults(f"data: {{source: csv, path: a, target: y}}\n{rest}") == []


@pytest.mark.parametrize(
    "rest",
    [
        "modl: mlp", "model: mpl", "model: {name: mlp, unit: 3}", "model: {name: mlp, units: 0}",
        "model: {name: mlp, units: []}", "model: {txt: lstn}", "features: {x: numbr}",
        "features: {x: {kind: number, means: 3}}", "task: {name: binary, classes: x}",
        "training: {epochs: 0}", "training: {epochs: x}", "training: {optimizer: adm}",
        "model: {name: sequential, layers: [conv2]}", "model: {name: sequential, layers: []}",
        "model: {name: sequential, layers: [{dense: {unit: 3}}]}",
        "features: {x: {kind: image, augment: [flp]}}", "features: {x: {kind: image, augment: 3}}",
        "features: {x: {kind: image, augment: [{crop: 0}]}}",
        "features: {x: {kind: image, augment: [{flip: both, crop: 4}]}}",
        "model: {name: sequential, layers: [{repeat: {times: 2, layers: [{residual: {x: 3}}]}}]}",
        "model: {name: sequential, layers: [{branches: [[flatten], [{conv2d: {filters: 0}}]]}]}",
    ],
)  # fmt: skip
def test_it_refuses_what_check_refuses(rest: str) -> None:
    assert faults(f"data: {{source: csv, path: a, target: y}}\n{rest}")


def test_it_accepts_blocks_within_blocks() -> None:
    layers = "[{branches: [[], [{repeat: {times: 2, layers: [{residual: 3}, relu]}}]]}, flatten]"
    data = "data: {source: sklearn, name: digits}"
    assert faults(f"{data}\nmodel: {{name: sequential, layers: {layers}}}") == []


def fields(schema: Any, owner: str = "Recipe") -> Iterator[tuple[str, str, Any]]:
    """Owner, name and schema of every property."""
    if isinstance(schema, list):
        for item in schema:
            yield from fields(item, owner)
    elif isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield owner, name, field
        for key, part in schema.items():
            yield from fields(part, key if schema is SCHEMA.get("$defs") else owner)


def test_every_field_says_what_it_is() -> None:
    """Arguments of layers are Keras's, and are described there."""
    layers = LAYERS | {f"kbuilder__layer_lists__keras_layers__{layer}" for layer in LAYERS}
    own = [item for item in fields(SCHEMA) if item[0] not in layers]
    silent = [
        f"{owner}.{name}"
        for owner, name, field in own
        if not field.get("description") and not (owner == "AnyLayer" and name in ALLOWED)
    ]
    assert len(own) > 100
    assert silent == []


ALLOWED = {*keras_layers.names(), *catalog.names("blocks")}


def test_every_class_says_what_it_is() -> None:
    assert [name for name, part in SCHEMA["$defs"].items() if not part.get("description")] == []


def test_every_class_is_written_once() -> None:
    """Within `$defs`: three copies of the table of layers made half a megabyte of it."""
    titles = [part.get("title") for part in walk(SCHEMA) if "properties" in part]
    written = [title for title in titles if title]
    repeated = {title for title in written if written.count(title) > 1}
    assert repeated == {"GRU", "LSTM"}  # an architecture and a layer each
    assert len(json.dumps(SCHEMA)) < 300_000


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from walk(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from walk(part)


def test_the_file_beside_the_shipped_recipes_is_of_today() -> None:
    file = shipped.folder() / shipped.SCHEMA
    assert json.loads(file.read_text(encoding="utf-8")) == SCHEMA, "run `make schema`"
