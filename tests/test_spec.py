"""What all schema classes share."""

from __future__ import annotations

import linecache
from typing import Any

import pytest
from pydantic import Field

from kbuilder.recipe.recipe import Recipe
from kbuilder.recipe.training import Training
from kbuilder.spec import Spec, descriptions


class Base(Spec):
    """A class with fields."""

    first: int = 1
    """What the first is;
    over two lines."""
    bare: int = 2
    other: int = Field(3, description="As pydantic has it.")


def local() -> type[Spec]:
    class Base(Spec):
        """Of the same name as another."""

        first: int = 1
        """Another one."""

    return Base


def test_a_description_is_the_docstring_below_a_field() -> None:
    said = {"first": "What the first is;\nover two lines.", "other": "As pydantic has it."}
    assert descriptions(Base) == said
    assert descriptions(local()) == {"first": "Another one."}
    properties = Base.model_json_schema()["properties"]
    assert {name: one.get("description") for name, one in properties.items()} == {
        **said, "bare": None,
    }  # fmt: skip


def test_fields_of_a_base_keep_theirs() -> None:
    class More(Base):
        """One with a field more."""

        bare: int = 5
        """Now with a word."""
        last: int = 4
        """The last."""

    assert list(descriptions(More)) == ["first", "bare", "other", "last"]
    assert descriptions(More)["bare"] == "Now with a word."


CELL = '''
class Cell(Spec):
    """A class in a cell of a notebook."""

    first: int = 1
    """{}"""
'''


def test_a_class_in_a_cell_of_a_notebook_has_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["what is no Python", CELL.format("What it was."), CELL.format("What it is.")]
    for number, source in enumerate(cells):
        entry = len(source), None, source.splitlines(keepends=True), f"<cell {number}>"
        monkeypatch.setitem(linecache.cache, f"<cell {number}>", entry)
    space: dict[str, Any] = {"__name__": "__main__", "Spec": Spec}
    exec(compile(cells[-1], "<cell 2>", "exec"), space)
    assert descriptions(space["Cell"]) == {"first": "What it is."}
    assert "What it is." in str(space["Cell"].model_json_schema())


@pytest.mark.parametrize("kind", [Recipe, Training])
def test_every_field_of_a_recipe_has_one(kind: type[Spec]) -> None:
    assert descriptions(kind).keys() == kind.model_fields.keys()


def test_a_class_without_a_source_has_none() -> None:
    made: dict[str, type[Spec]] = {}
    text = 'class Made(Spec):\n    """Made of text."""\n    size: int = 1\n    """Its size."""\n'
    exec(text, {"Spec": Spec, "__name__": "nowhere"}, made)
    assert descriptions(made["Made"]) == {}
    assert "properties" in made["Made"].model_json_schema()
