"""Shipped recipes reach what their headers claim, where their data is present.

Those that claim 40 seconds or more are left to `make recipes`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bad import real

from kbuilder.recipe import shipped
from kbuilder.recipe.reading import read

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import run_recipes

SECONDS = 40


@pytest.mark.parametrize("name", shipped.names())
@pytest.mark.slow
def test_a_shipped_recipe_reaches_its_claim(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    claim = run_recipes.claim(name)
    if claim.seconds >= SECONDS:
        pytest.skip(f"it claims {claim.seconds:.0f} s: `make recipes` fits it")
    scratch = tmp_path_factory.getbasetemp() / "recipes"
    scratch.mkdir(exist_ok=True)
    overrides = run_recipes.settings(name, real("."), scratch)
    if isinstance(overrides, str):
        pytest.skip(overrides)
    scores, _ = run_recipes.fit(name, overrides, scratch)
    assert scores[claim.metric] >= claim.least


@pytest.mark.parametrize("name", shipped.names())
def test_a_shipped_recipe_opens_with_its_schema_its_subject_its_command_and_its_claim(
    name: str,
) -> None:
    file = shipped.find(name)
    schema, about, *_ = file.read_text(encoding="utf-8").splitlines()
    assert schema == "# yaml-language-server: $schema=../recipe.schema.json"
    assert about.startswith("# ")
    said = shipped.header(file)
    assert said["run"] == f"kbuilder fit recipes/{name}.yaml"
    assert run_recipes.claim(name).least > 0


@pytest.mark.parametrize("name", shipped.names())
def test_a_shipped_recipe_says_where_its_data_can_be_had(name: str) -> None:
    source = read(shipped.find(name)).data
    assert not hasattr(source, "path") or source.origin
