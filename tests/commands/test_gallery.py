"""`kbuilder recipes`."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad import command

from kbuilder.recipe import shipped


def test_every_recipe_is_listed_with_what_it_is_about() -> None:
    done = command("recipes", "list")
    lines = dict(line.split(None, 1) for line in done.out.splitlines())
    assert list(lines) == shipped.names()
    assert lines["image/digits-cnn"] == (
        "Which digit was written?  1,797 images of 8 × 8 pixels, bundled with scikit-learn."
    )
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("name", ["tabular/adult", "tabular/adult.yaml"])
def test_a_recipe_is_shown_as_it_is(name: str) -> None:
    text = shipped.find("tabular/adult").read_text(encoding="utf-8")
    assert command("recipes", "show", name) == (0, text, "")


def test_a_recipe_is_copied_into_a_folder_once() -> None:
    done = command("recipes", "copy", "tabular/adult", "deep/down")
    assert done == (0, "deep/down/adult.yaml\n", "")
    copy = Path("deep/down/adult.yaml")
    before = shipped.find("tabular/adult").read_text(encoding="utf-8").splitlines()
    schema, *rest = copy.read_text(encoding="utf-8").splitlines()
    assert schema == "# yaml-language-server: $schema=recipe.schema.json"
    assert rest == before[1:]
    beside = copy.with_name("recipe.schema.json")
    assert beside.read_bytes() == (shipped.folder() / "recipe.schema.json").read_bytes()
    copy.write_text("mine")
    done = command("recipes", "copy", "tabular/adult", "deep/down")
    said = "Error: deep/down/adult.yaml is there already. Expected a folder without it.\n"
    assert done == (2, "", said)
    assert copy.read_text() == "mine"


def test_a_recipe_is_copied_here_without_a_folder() -> None:
    assert command("recipes", "copy", "image/digits-cnn") == (0, "digits-cnn.yaml\n", "")
    assert Path("digits-cnn.yaml").is_file()


@pytest.mark.parametrize("verb", ["show", "copy"])
def test_an_unknown_recipe_has_its_near_match_named(verb: str) -> None:
    assert command("recipes", verb, "tabular/adlt") == (
        2, "",
        "Error: no recipe 'tabular/adlt' comes with kbuilder. "
        "`kbuilder recipes list` shows them all.\n    Did you mean 'tabular/adult'?\n",
    )  # fmt: skip
    assert command("recipes", verb, "../setup").code == 2


def test_a_verb_that_is_misspelt_has_its_near_match_named() -> None:
    done = command("recepes", "list")
    assert done.code == 2
    assert done.err.endswith("Error: No such command 'recepes'. Did you mean 'recipes'?\n")
