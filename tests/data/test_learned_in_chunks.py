"""What is learned of rows does not go by the chunks in which they were read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import Table, parquet

import kbuilder as kb
from kbuilder import cache, catalog
from kbuilder.data import dataset, learning
from kbuilder.recipe.recipe import Recipe
from kbuilder.tables import (
    dictionary,
    dictionary_array,
    merging,
    parquet_file,
    scratch,
    table,
)

ROWS = 2000
WORDS = ("red", "green", "blue", "dark", "light", "sea", "sky", "", None)
FEATURES: dict[str, Any] = {
    "plain": kb.Number(),
    "far": kb.Number(),
    "robust": kb.Number(rescale="robust"),
    "binned": kb.Number(bins=9),
    "named": kb.Category(),
    "coded": kb.Category(),
    "note": kb.Text(),
    "counted": kb.Text(output_mode="tf_idf"),
    "day": kb.Datetime(),
    "tags": kb.Set(),
    "wave": kb.Array(),
    "path": kb.Tokens(),
}
TASKS: dict[str, Any] = {
    "binary": kb.Binary(), "class": kb.Multiclass(), "number": kb.Regression(),
    "flags": kb.Multilabel(),
}  # fmt: skip
ELSEWHERE = {"image", "video"}
"""Kinds whose values are files: of them a size is learned alone, of all files together."""
OF_SERIES = {"forecasting"}
"""Tasks whose rows are windows of whole series, which are cut when all chunks have been read."""


def frame() -> pd.DataFrame:
    """Rows whose sums go by the order of the terms, and whose words come late and seldom."""
    random = np.random.default_rng(0)
    plain = random.normal(size=ROWS) * 10.0 ** random.integers(-6, 6, ROWS)
    far = np.where(np.arange(ROWS) == 1234, 1e9, random.normal(size=ROWS))
    words = np.array(WORDS, dtype=object)
    label = random.choice(["yes", "no"], ROWS)
    return pd.DataFrame({
        "plain": plain,
        "far": far,
        "robust": np.where(random.random(ROWS) < 0.1, np.nan, plain),
        "binned": random.exponential(size=ROWS),
        "named": words[np.minimum(random.geometric(0.3, ROWS) - 1, len(words) - 1)],
        "coded": random.integers(0, 40, ROWS),
        "note": [" ".join(random.choice([f"w{n}" for n in range(300)], 5)) for _ in range(ROWS)],
        "counted": [" ".join(random.choice(["sea", "sky", "sun"], 4)) for _ in range(ROWS)],
        "day": [f"2021-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(ROWS)],
        "tags": [", ".join(random.choice(["a", "b", "c"], 2, replace=False)) for _ in range(ROWS)],
        "wave": [random.normal(size=4).tolist() for _ in range(ROWS)],
        "path": [random.integers(1, 30, 5).tolist() for _ in range(ROWS)],
        "binary": label,
        "class": random.choice(["x", "y", "z"], ROWS),
        "number": plain * 3 + 1,
        "flags": [", ".join(random.choice(["p", "q", "r"], 2, replace=False)) for _ in range(ROWS)],
    })  # fmt: skip


def learned(path: Path) -> str:
    """The content of `columns.json`."""
    recipe = Recipe(
        data=kb.CSV(path=path, target=tuple(TASKS), checks=dict.fromkeys(("leak", "sum"), "warn")),
        features=FEATURES, task=TASKS, model="mlp",
    )  # fmt: skip
    looked = dataset.look(recipe)
    features, _ = learning.learn_features(looked.resolved.recipe, looked.parts.train)
    return dataset.Columns(features, looked.targets).to_json()


def test_every_kind_and_every_task_is_learned_here() -> None:
    kinds = {catalog.name_of(feature) for feature in FEATURES.values()}
    assert kinds == set(catalog.names("features")) - ELSEWHERE
    assert {catalog.name_of(task) for task in TASKS.values()} == set(
        catalog.names("tasks")
    ) - OF_SERIES


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("whole") / "rows.parquet"
    parquet.write_table(Table.from_pandas(frame()), path)
    return learned(path)


@pytest.mark.parametrize("chunks", [7, 1000])
def test_columns_are_bit_equal_whatever_chunks_a_file_has(
    tmp_path: Path, whole: str, chunks: int
) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(Table.from_pandas(frame()), path, row_group_size=-(-ROWS // chunks))
    assert parquet.read_metadata(path).num_row_groups == chunks
    assert learned(path) == whole


@pytest.mark.parametrize("chunks", [1, 7])
def test_columns_are_bit_equal_where_long_columns_lie_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: str, chunks: int
) -> None:
    """Words are then read part by part, and counted without an object for each."""
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    for module, name, value in (
        (scratch, "LEAST", 1), (scratch, "AT_ONCE", 100), (parquet_file, "PART", 150),
        (parquet_file, "LONG", 0), (parquet_file, "MANY", 1), (merging, "AT_ONCE", 90),
        (dictionary_array, "MANY", 5), (dictionary, "MANY", 5), (dictionary, "AT_ONCE", 100),
        (table, "MANY", 64),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    path = tmp_path / "rows.parquet"
    parquet.write_table(Table.from_pandas(frame()), path, row_group_size=-(-ROWS // chunks))
    with scratch.used():
        assert learned(path) == whole


def test_columns_are_bit_equal_whatever_files_the_rows_are_in(tmp_path: Path, whole: str) -> None:
    for number, rows in enumerate(np.array_split(np.arange(ROWS), 7)):
        parquet.write_table(Table.from_pandas(frame().iloc[rows]), tmp_path / f"{number}.parquet")
    assert learned(tmp_path / "*.parquet") == whole
