"""The pages of the reference have every field of every class of a recipe, as the class says it."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import kbuilder as kb
from kbuilder import catalog
from kbuilder.describing import reference_pages
from kbuilder.describing.reference import classes_of, fields
from kbuilder.layer_lists import keras_layers
from kbuilder.layer_lists.lists import AnyLayer
from kbuilder.spec import Spec, descriptions

PLUGINS = [(folder, name) for folder in catalog.FOLDERS for name in sorted(catalog.own(folder))]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The text of each page, by its file name."""
    return reference_pages.pages()


def entry(page: str, title: str) -> str:
    """What a page has of one class."""
    parts = page.split(f"\n## {title} {{#{title.strip('`').lower()}}}\n")
    assert len(parts) == 2, f"{len(parts) - 1} entries are called {title}"
    return parts[1].partition("\n## ")[0]


def check(kind: type[Spec], text: str) -> None:
    """Every field is there, with its default, its description, and the class's own."""
    words = " ".join(text.split())
    assert " ".join(reference_pages.escaped(inspect.getdoc(kind) or "").split()) in words
    for name, field in kind.model_fields.items():
        start = f"\n`{name}`\n:   "
        assert text.count(start) == 1, name
        first, _, rest = text.partition(start)[2].partition("\n")
        told = " ".join(rest.partition("\n`")[0].split())
        assert " ".join(reference_pages.escaped(descriptions(kind).get(name, "")).split()) in told
        value = None if field.default_factory else field.get_default()
        if field.is_required():
            assert first.endswith("; required"), name
        elif value is None:
            assert first.endswith("; optional"), name
        elif isinstance(value, Spec):
            assert first.endswith(f"; default `{type(value).__name__}()`"), name
        else:
            assert json.loads(first.partition("; default `")[2].removesuffix("`")) == (
                list(value) if isinstance(value, tuple) else value
            ), name


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_each_plug_in_is_on_the_page_of_its_folder_with_every_field(
    folder: str, name: str, pages: dict[str, str]
) -> None:
    kind = catalog.find(folder, name)
    text = entry(pages[f"{folder}.md"], f"`{name}`")
    assert text.startswith(f"\nIn Python: `kb.{kind.__name__}`.\n")
    assert getattr(kb, kind.__name__) is kind
    assert f"| [`{name}`](#{name}) | " in pages[f"{folder}.md"]
    check(kind, text)


def inner(kind: type[Spec]) -> Iterator[type[Spec]]:
    """The classes that are held by the fields of a class, and by theirs."""
    for field in kind.model_fields.values():
        for one in classes_of(field.annotation):
            if issubclass(one, Spec):
                yield one
                yield from inner(one)


def test_each_section_of_a_recipe_is_on_its_page_with_every_field(pages: dict[str, str]) -> None:
    page = pages["recipe.md"]
    check(kb.Recipe, page.partition("\n## ")[0])
    held = list(inner(kb.Recipe))
    assert {"Training", "Optimizer", "EarlyStopping", "Checkpoints", "Plan"} == {
        kind.__name__ for kind in held
    }
    for kind in held:
        check(kind, entry(page, kind.__name__))


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_each_class_that_a_plug_in_holds_is_on_the_same_page(
    folder: str, name: str, pages: dict[str, str]
) -> None:
    for kind in inner(catalog.find(folder, name)):
        check(kind, entry(pages[f"{folder}.md"], kind.__name__))


@pytest.mark.parametrize("layer", keras_layers.table()["layers"])
def test_each_layer_of_keras_is_on_its_page_with_every_argument(
    layer: str, pages: dict[str, str]
) -> None:
    check(keras_layers.arguments(layer), entry(pages["layers.md"], f"`{layer}`"))


def test_each_class_that_a_type_names_has_an_entry(pages: dict[str, str]) -> None:
    """A type in words names classes by their titles, each a link to where its fields are."""
    named = set()
    for folder, name in PLUGINS:
        text = entry(pages[f"{folder}.md"], f"`{name}`")
        for field, _, told in fields(catalog.find(folder, name)):
            for title in re.findall(r"(?:^|: |or )([A-Z][A-Za-z]+)(?= or |$)", told):
                [target] = re.findall(rf"\n`{field}`\n:   .*\[{title}\]\(([a-z.#]+)\)", text)
                page, _, anchor = target.partition("#")
                assert not anchor or f" {{#{anchor}}}\n" in pages[page or f"{folder}.md"]
                named.add(title)
    assert {"AnyLayer"} <= named


def test_a_list_of_layers_links_to_the_layers(pages: dict[str, str]) -> None:
    told = "\n`layers`\n:   a list of: [AnyLayer](layers.md); required\n"
    assert told in entry(pages["architectures.md"], "`sequential`")
    assert (
        " ".join((inspect.getdoc(AnyLayer) or "").split()).partition(":")[0] in pages["layers.md"]
    )
    assert entry(pages["layers.md"], "`bidirectional`")


def test_a_field_has_its_type_its_bounds_and_its_default(pages: dict[str, str]) -> None:
    assert (
        "\n`keep`\n"
        ":   a whole number, >= 1 and &lt;= 1,048,576; default `2`\n\n"
        "    How many are kept; >= 1. Each holds the best weights too.\n"
    ) in pages["recipe.md"]
    assert "\n:   one of the [schedules](schedules.md); optional\n" in pages["recipe.md"]
    assert "\n:   [Optimizer](#optimizer) or adadelta | " in pages["recipe.md"]
    assert "\n:   one of the [splits](splits.md)" in pages["sources.md"]


def test_text_is_shown_as_it_stands_and_code_as_code() -> None:
    assert reference_pages.escaped("a_b < c*d, `e_f < g`, [h] {i}") == (
        "a\\_b &lt; c\\*d, `e_f < g`, \\[h\\] \\{i\\}"
    )


def test_the_pages_are_made_without_tensorflow() -> None:
    code = (
        "import sys; from kbuilder.describing import reference_pages; reference_pages.pages(); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    words = [sys.executable, "-c", code]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "set()\n"
