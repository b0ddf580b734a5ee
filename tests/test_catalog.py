"""The folder is the register."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad import ROOT

import kbuilder as kb
from kbuilder import catalog

PLUGINS = [(folder, name) for folder in catalog.FOLDERS for name in catalog.names(folder)]


@pytest.mark.parametrize("folder", catalog.FOLDERS)
def test_every_file_of_a_folder_is_a_plugin(folder: str) -> None:
    files = {file.stem for file in (ROOT / "kbuilder" / folder).rglob("*.py")}
    assert set(catalog.names(folder)) == {name for name in files if not name.startswith("_")}
    assert files


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_a_plugin_is_found_by_its_file_and_by_its_class(folder: str, name: str) -> None:
    kind = catalog.find(folder, name)
    assert kind.__name__.lower() == name.replace("_", "")
    assert kind.__module__ == f"kbuilder.{folder}.{name}"
    assert catalog.name_of(kind) == name
    assert catalog.public(kind.__name__) is kind
    assert getattr(kb, kind.__name__) is kind
    assert kind.__name__ in dir(kb)


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_a_file_has_one_public_class(folder: str, name: str) -> None:
    module = vars(__import__(f"kbuilder.{folder}.{name}", fromlist=["_"]))
    own = [
        title
        for title, member in module.items()
        if isinstance(member, type) and member.__module__ == f"kbuilder.{folder}.{name}"
    ]
    assert [title for title in own if not title.startswith("_")] == [
        catalog.find(folder, name).__name__
    ]


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_a_plugin_says_what_it_is_and_so_does_each_of_its_fields(folder: str, name: str) -> None:
    kind = catalog.find(folder, name)
    assert (kind.__doc__ or "").strip()
    assert [name for name, field in kind.model_fields.items() if not field.description] == []


def test_no_two_plugins_have_one_name() -> None:
    titles = [catalog.find(folder, name).__name__ for folder, name in PLUGINS]
    assert len(set(titles)) == len(titles)


def test_unknown_names_are_refused() -> None:
    for lookup in (
        lambda: catalog.find("architectures", "lsmt"),
        lambda: catalog.find("architectures", "__init__"),
        lambda: catalog.find("architectures", "../recipe/recipe"),
        lambda: catalog.public("Lstm"),
        lambda: catalog.public("Spec"),
    ):
        with pytest.raises(KeyError):
            lookup()
    with pytest.raises(AttributeError, match=r"^module 'kbuilder' has no attribute 'Lstm'$"):
        kb.Lstm  # noqa: B018


def test_public_names_are_sorted_few_and_there() -> None:
    assert sorted(kb.__all__) == kb.__all__
    assert len(kb.__all__) < 20
    assert [name for name in kb.__all__ if not hasattr(kb, name)] == []


def test_every_plugin_has_its_row_in_the_readme() -> None:
    readme = Path(ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for _, name in PLUGINS if f"`{name}`" not in readme] == []
