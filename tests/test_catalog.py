"""The folder is the register."""

from __future__ import annotations

import ast
from typing import Any, ClassVar

import pytest
from bad import ROOT

import kbuilder as kb
from kbuilder import catalog
from kbuilder.named import lacking
from kbuilder.spec import Spec, descriptions

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
def test_a_plugin_has_what_its_folder_promises(folder: str, name: str) -> None:
    assert lacking(folder, catalog.find(folder, name)) is None


DATA = {"number", "string", "bytes", "array", "list", "mixed"}
"""The kinds of columns before anybody knows what they mean (`table.Kind`), two of which are names
of features as well."""
FREE = {
    "sequential", "text", "image", "constant", "crop", "step", "linear", "residual", "maxout",
    "time", "column",
}  # fmt: skip
"""Names that mean something else elsewhere: forms of tensors, names in Keras, ways of writing."""
HOMES = ("spelling.py", "keras_layers.py", "build.py")
"""Tables of Keras's own names, of losses and layers."""


def test_no_file_compares_a_plugin_by_its_name() -> None:
    known = {name for folder, name in PLUGINS if folder != "blocks"} - DATA - FREE
    losses = {"poisson", "focal", "mean_squared_error", "binary_crossentropy",
              "categorical_crossentropy", "mean_absolute_error", "huber"}  # fmt: skip
    found = []
    for file in sorted((ROOT / "kbuilder").rglob("*.py")):
        inner = file.relative_to(ROOT / "kbuilder")
        if inner.parts[0] in catalog.FOLDERS or inner.name in HOMES:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Compare):
                continue
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and part.value in known | losses:
                    found.append(f"{inner}:{node.lineno}: {ast.unparse(node)}")
            names = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
            if any(name.attr == "name_of" for name in names):
                found.append(f"{inner}:{node.lineno}: {ast.unparse(node)}")
    assert found == []


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
    assert kind.model_fields.keys() == descriptions(kind).keys()


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


def test_whatever_a_plugin_of_others_raises_is_said_with_its_name() -> None:
    class Odd(Spec):
        """A kind of feature."""

        recognise: ClassVar[Any] = staticmethod(lambda profile: {}["gone"])

    catalog._loaded[Odd] = catalog.Origin("features", "odd", package="other", version="1.0")
    with pytest.raises(kb.KBuilderError) as caught, catalog.blamed(Odd, "recognise a column"):
        Odd.recognise(None)
    assert str(caught.value) == (
        "features.odd of other 1.0 failed to recognise a column: KeyError: 'gone'"
    )
    del catalog._loaded[Odd]
    with pytest.raises(KeyError), catalog.blamed(Odd, "recognise a column"):
        Odd.recognise(None)  # it is ours: nothing is said that we do not know
