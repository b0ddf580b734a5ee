"""From a recipe back to YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bad import recipe
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kbuilder as kb
from kbuilder import catalog
from kbuilder.recipe import reading, shipped
from kbuilder.recipe.writing import to_yaml

# What a plug-in cannot do without.
REQUIRED: dict[str, dict[str, Any]] = {
    "array_folder": {"path": Path("/arrays")},
    "arrays": {"path": Path("/rows.npz"), "columns": {"x": "a", "y": "b"}, "target": "y"},
    "csv": {"path": Path("/rows.csv"), "target": "y"},
    "frame": {"target": "y"},
    "image_folder": {"path": Path("/images")},
    "text_folder": {"path": Path("/texts")},
    "video_folder": {"path": Path("/films")},
    "sklearn": {"name": "iris"},
    "column": {"column": "part", "names": {"test": ["2024"]}},
    "group": {"column": "customer"},
    "time": {"column": "date", "group": "customer"},
    "sql": {"sql": {"url": "sqlite:////rows.db", "query": "SELECT 1"}, "target": "y"},
    "branches": {"layers": [[], ["flatten", {"maxout": 3}]], "merge": "add"},
    "inception": {"conv1": 4, "conv3": [2, 4], "conv5": [1, 2], "pool": 2},
    "maxout": {"units": 4, "kernel_regularizer": {"l2": 0.1}},
    "multi_head_attention": {"num_heads": 2, "key_dim": 4},
    "repeat": {"times": 2, "layers": [{"residual": {"layers": ["relu"]}}]},
    "residual": {"filters": 4, "activation": {"leaky_relu": 0.1}},
    "keras_layer": {
        "config": {
            "module": "keras.layers",
            "class_name": "Dense",
            "config": {"units": 3, "x": None},
        }
    },
    "sequential": {"layers": ["flatten", {"dense": 3}, {"dense": {"units": 3, "name": "last"}}]},
}
PLUGINS = [(folder, name) for folder in catalog.FOLDERS for name in catalog.names(folder)]


def with_plugin(folder: str, name: str) -> kb.Recipe:
    """A recipe with the plug-in in its place."""
    plugin = catalog.find(folder, name)(**REQUIRED.get(name, {}))
    place: dict[str, Any] = {
        "sources": {"data": plugin},
        "splits": {"data": {"path": "/rows.csv", "target": "y", "split": plugin}},
        "features": {"features": {"x": plugin}},
        "tasks": {"task": plugin}, "architectures": {"model": plugin},
        "augmentations": {"features": {"x": {"kind": "image", "augment": [plugin]}}},
        "schedules": {"training": {"schedule": plugin, "early_stopping": None}},
        "blocks": {"model": kb.Sequential(layers=[plugin])} if folder == "blocks" else {},
    }[folder]  # fmt: skip
    return kb.Recipe(**{"data": kb.CSV(**REQUIRED["csv"]), **place})


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_every_plugin_comes_back_from_yaml(folder: str, name: str) -> None:
    before = with_plugin(folder, name)
    assert reading.parse(to_yaml(before)) == before


@pytest.mark.parametrize("name", shipped.names())
def test_every_shipped_recipe_comes_back_from_yaml(name: str) -> None:
    before = reading.read(shipped.find(name))
    assert reading.parse(to_yaml(before)) == before


@pytest.mark.parametrize(
    "rest",
    [
        "training: {early_stopping: null}",
        "training: {early_stopping: {patience: 2, min_delta: 0.5}, balance: auto}",
        "training: {seed: 4294967295}",
        "training: {optimizer: {name: sgd, learning_rate: 1e-7, momentum: 0.9, nesterov: true}}",
        "model: {text: lstm, image: {name: cnn, filters: [1, 2]}, vector: mlp}",
        "features: {early_stopping: number, null: text, '': image, 1: array}",
        "task: {name: regression, mean: [0.1, -1e300], scale: [3, 4], outputs: 2}",
        "task: {name: multiclass, classes: 3}",
    ],
)
def test_what_is_written_comes_back(rest: str) -> None:
    before = recipe(rest, "data.path=/rows.csv")
    assert reading.parse(to_yaml(before)) == before


def test_a_target_that_is_called_name_comes_back_from_yaml() -> None:
    before = kb.Recipe(
        data=kb.CSV(path=Path("/rows.csv"), target=["name", "price"]),
        task={"name": kb.Multiclass(), "price": kb.Regression()},
    )
    assert reading.parse(to_yaml(before)) == before


def test_a_path_is_written_whole_since_the_saved_recipe_lies_elsewhere(tmp_path: Path) -> None:
    written = to_yaml(kb.Recipe(data=kb.CSV(path=Path("rows.csv"), target="y")))
    assert f"  path: {tmp_path}/rows.csv\n" in written


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.text(min_size=1),
            st.text("0123456789-+._eExXoObB:~=<>", min_size=1, max_size=8),
            st.sampled_from(["yes", "null", "True", "1e3", "2001-01-01", "<<", "=", " a "]),
        ),
        min_size=2,
        max_size=5,
        unique=True,
    )
)
@example(["?0", "\x85", "\u2028", "a: b", "#"])  # what ruamel.yaml would write without quotes
def test_any_words_come_back_as_the_same_words(words: list[str]) -> None:
    before = kb.Recipe(
        data=kb.CSV(path=Path("/rows.csv"), target=words, missing=["", *words]),
        features={f"x {word}": kb.Category(vocabulary=words) for word in words},
        task=kb.Multiclass(classes=words),
    )
    assert reading.parse(to_yaml(before)) == before
