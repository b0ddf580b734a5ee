"""Everything that a user can name is described where he looks for it."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import pytest

import kbuilder as kb
from kbuilder import catalog
from kbuilder.runs import resuming, run_folder
from kbuilder.spec import Spec

README = Path(__file__).parents[1] / "README.md"
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
def test_every_plug_in_has_a_row_in_the_readme(folder: str) -> None:
    missing = set(catalog.names(folder)) - rows(README.read_text(encoding="utf-8"))
    assert not missing, f"no row in a table of README.md for: {sorted(missing)}"


def test_the_readme_says_what_may_be_changed_when_a_run_is_gone_on_with() -> None:
    text = README.read_text(encoding="utf-8")
    section = text.partition("### Interrupted, or not long enough\n")[2].partition("\n### ")[0]
    named = set(re.findall(r"`((?:data|training)\.\w+)`", section))
    assert named == set(resuming.CHANGEABLE)
    usual = kb.Checkpoints()
    assert f"{{every_minutes: {usual.every_minutes:g}, keep: {usual.keep}}}" in section


def test_every_file_of_a_run_has_a_row_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    section = text.partition("### A run\n")[2].partition("\n### ")[0]
    assert rows(section) == {*run_folder.FILES, run_folder.LOCK, "checkpoints/"}


def test_the_readme_names_every_field_of_training() -> None:
    text = README.read_text(encoding="utf-8")
    assert f"`training: {{{', '.join(kb.Training.model_fields)}}}`" in text


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
        contracts.Task, contracts.Schedule, contracts.Listener, contracts.Fit, keras.layers.Layer,
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
    assert {"Recipe", "Training", "Split", "Optimizer"} < {kind.__name__ for kind in SPECS}


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_has_a_description(kind: type[Spec]) -> None:
    bare = [name for name, field in kind.model_fields.items() if not field.description]
    assert not bare, f"fields of {kind.__name__} without a description: {bare}"


@pytest.mark.parametrize("name", catalog.names("architectures"))
def test_every_architecture_states_its_shapes_and_its_source(name: str) -> None:
    text = inspect.getdoc(catalog.find("architectures", name)) or ""
    for heading in ("Input shape:", "Output shape:", "Source:"):
        assert heading in text
