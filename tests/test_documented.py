"""Everything that a user can name is described where he looks for it."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import pytest
from pages import PAGES, section

import kbuilder as kb
from kbuilder import catalog
from kbuilder.runs import resuming, run_folder
from kbuilder.spec import Spec, descriptions

HOMES = {
    "sources": "data", "splits": "data", "features": "features", "augmentations": "features",
    "tasks": "tasks", "architectures": "architectures", "blocks": "architectures",
    "schedules": "training", "export/formats": "export",
}  # fmt: skip
"""The page whose tables have a row for each plug-in, by its folder."""
RESUME = "docs/resume.md"
MODULES = [
    import_module(module.name)
    for module in walk_packages(kb.__path__, "kbuilder.")
    if not module.name.endswith("__main__")
]


def rows(text: str) -> set[str]:
    """What stands in backticks in the first cells of the tables."""
    cells = re.findall(r"^\|([^|]*)\|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("folder", [*catalog.FOLDERS, "export/formats"])
def test_every_plug_in_has_a_row_on_the_page_of_its_subject(folder: str) -> None:
    page = f"docs/{HOMES[folder]}.md"
    missing = set(catalog.own(folder)) - rows(PAGES[page])
    assert not missing, f"no row in a table of {page} for: {sorted(missing)}"


@pytest.mark.parametrize("folder", ["sources", "tasks"])
def test_every_source_and_task_has_a_row_in_the_readme(folder: str) -> None:
    missing = set(catalog.own(folder)) - rows(PAGES["README.md"])
    assert not missing, f"no row in a table of README.md for: {sorted(missing)}"


def test_every_architecture_is_in_the_readme_or_between_two_that_are() -> None:
    text = PAGES["README.md"]
    lines = (("vgg11", "vgg19"), ("resnet18", "resnet152"), ("resnet20", "resnet110"))
    assert [f"`{a}` to `{b}`" for a, b in lines if f"`{a}` to `{b}`" not in text] == []
    known = set(re.findall(r"`(\w+)`", text))
    missing = set(catalog.own("architectures")) - known
    assert {name for name in missing if not name.startswith(("vgg", "resnet"))} == set()


def test_the_docs_say_what_may_be_changed_when_a_run_is_resumed() -> None:
    named = set(re.findall(r"`((?:data|training)\.\w+)`", section(RESUME, "More epochs")))
    assert named == set(resuming.CHANGEABLE)
    usual = kb.Checkpoints()
    shown = f"{{every_minutes: {usual.every_minutes:g}, keep: {usual.keep}}}"
    assert shown in section(RESUME, "Checkpoints")


def test_every_file_of_a_run_has_a_row_in_the_docs() -> None:
    assert rows(section(RESUME, "Files of a run")) == {
        *run_folder.FILES,
        run_folder.LOCK,
        "checkpoints/",
    }


def test_the_docs_name_every_field_of_training() -> None:
    fields = f"`training: {{{', '.join(kb.Training.model_fields)}}}`"
    assert fields in PAGES["docs/training.md"]


def members(module: ModuleType) -> list[tuple[str, Any]]:
    """The public classes and functions that a module defines, and their public methods."""
    found = []
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(member) or inspect.isfunction(member):
            found.append((name, member))
        if inspect.isclass(member):
            found += [
                (f"{name}.{inner}", value)
                for inner, value in vars(member).items()
                if inspect.isfunction(value)
                and not inner.startswith("_")
                and not any(inner in vars(base) for base in member.__mro__[1:])
            ]
    return found


def promised() -> set[str]:
    """Methods whose promise stands in a protocol or in Keras, and need not be said again."""
    import keras

    from kbuilder import contracts

    kinds = (
        contracts.Source, contracts.Feature, contracts.Augmentation, contracts.Architecture,
        contracts.Task, contracts.Schedule, contracts.Splitting, contracts.Listener, contracts.Fit,
        keras.layers.Layer,
    )  # fmt: skip
    return {name for kind in kinds for name in dir(kind)}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_class_and_function_says_what_it_does(module: ModuleType) -> None:
    assert module.__doc__, f"{module.__name__} has no docstring"
    known = promised()
    bare = [
        name
        for name, member in members(module)
        if not inspect.getdoc(member) and name.rpartition(".")[2] not in known
    ]
    assert not bare, f"without a docstring in {module.__name__}: {bare}"


SPECS = sorted(
    {
        member
        for module in MODULES
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Spec) and member is not Spec
    },
    key=lambda kind: kind.__name__,
)


def test_the_schema_classes_are_all_found() -> None:
    plugins = {
        catalog.find(folder, name) for folder in catalog.FOLDERS for name in catalog.names(folder)
    }
    assert plugins < set(SPECS)
    assert {"Recipe", "Training", "Random", "Optimizer"} < {kind.__name__ for kind in SPECS}


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_has_a_description(kind: type[Spec]) -> None:
    bare = [name for name in kind.model_fields if name not in descriptions(kind)]
    assert not bare, f"fields of {kind.__name__} without a description: {bare}"


@pytest.mark.parametrize("name", catalog.names("architectures"))
def test_every_architecture_states_its_shapes_and_its_source(name: str) -> None:
    text = inspect.getdoc(catalog.find("architectures", name)) or ""
    for heading in ("Input shape:", "Output shape:", "Source:"):
        assert heading in text
