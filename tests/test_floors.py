"""Imports go down only."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad import ROOT

PACKAGE = ROOT / "kbuilder"
FILES = sorted(PACKAGE.rglob("*.py"))

STAGES = (
    "building",
    "describing",
    "ejecting",
    "evaluation",
    "export",
    "preprocessing",
    "serving",
    "training",
)
PLUGINS = (
    "architectures", "augmentations", "blocks", "features", "schedules", "sources", "splits",
    "tasks",
)  # fmt: skip

# The floor of each file and folder right below kbuilder/. Those of one floor do not import each
# other, but on the ground floors 0 and 1.
FLOORS = {
    **dict.fromkeys(("catalog", "console", "contracts", "engine", "errors", "exports", "files",
                     "internals", "late", "lines", "named", "notebook", "progress",
                     "refusals", "signals", "spec", "summaries"), 0),
    **dict.fromkeys(("cache", "columns", "instances", "layer_lists", "layers", "recipe",
                     "room", "tables"), 1),
    **dict.fromkeys(("probabilities", "runs", "spreading"), 2),
    **dict.fromkeys(PLUGINS, 3),
    **dict.fromkeys(STAGES, 4),
    **dict.fromkeys(("data", "reporting"), 5),
    **dict.fromkeys(("networks", "run"), 6),
    "folds": 7,
    "judging": 8,
    "pipeline": 9,
    "trials": 10,
    "commands": 11,
    "__init__": 12,
    "__main__": 12,
}  # fmt: skip
HEAVY = ("tensorflow", "keras")


def part(module: str) -> str:
    """The file or folder right below kbuilder/ that a module belongs to."""
    return [*module.split("."), "__init__"][1]


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every module that is imported, but for type checkers; what comes from a package with it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import on line {node.lineno}"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".replace(".", "/")
                is_module = (ROOT / f"{inner}.py").is_file() or (ROOT / inner).is_dir()
                yield (inner.replace("/", ".") if is_module else str(node.module)), node
        else:
            yield from imports(node)


def test_every_file_is_walked() -> None:
    listed = subprocess.run(
        ["find", str(PACKAGE), "-name", "*.py"], capture_output=True, text=True, check=True
    )
    assert len(FILES) == len(listed.stdout.split()) > 50


def test_every_file_and_folder_has_its_floor() -> None:
    assert {part(name_of(file)) for file in FILES} == set(FLOORS)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_go_down_only(file: Path) -> None:
    here = part(name_of(file))
    wrong = []
    for module, node in imports(ast.parse(file.read_text(encoding="utf-8"))):
        if not module.startswith("kbuilder.") or part(module) == here:
            continue
        there = part(module)
        ground = FLOORS[there] == FLOORS[here] <= 1
        if not ground and FLOORS[there] >= FLOORS[here]:
            wrong.append(f"line {getattr(node, 'lineno', 0)}: {module}")
    assert wrong == []


def test_no_file_imports_itself_by_a_roundabout_way() -> None:
    reach = {
        name_of(file): {
            module
            for module, _ in imports(ast.parse(file.read_text(encoding="utf-8")))
            if module.startswith("kbuilder.") and module != name_of(file)
        }
        for file in FILES
    }
    done: set[str] = set()
    while ready := {name for name, below in reach.items() if name not in done and below <= done}:
        done |= ready
    assert set(reach) - done == set()


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_engine_is_imported_inside_functions_but_in_classes_of_its_own(file: Path) -> None:
    if imports_engine_at_top(name_of(file)):
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    at_top = [
        module
        for module, node in imports(tree)
        if id(node) not in inside and module.partition(".")[0] in HEAVY
    ]
    assert at_top == []
    if part(name_of(file)) != "commands":
        classes = [
            module
            for module, node in imports(tree)
            if id(node) not in inside and imports_engine_at_top(module)
        ]
        assert [m for m in classes if imports_engine(m)] == []


def imports_engine_at_top(module: str) -> bool:
    """Whether a module is about classes or functions of Keras, and imported when they are due."""
    return part(module) == "layers" or module in (
        "kbuilder.training.trainer",
        "kbuilder.training.held",
        "kbuilder.training.tracing",
        "kbuilder.serving.prediction_service",  # its messages are TensorFlow's
    )


def imports_engine(module: str) -> bool:
    """Whether a module imports the engine as soon as it is imported."""
    file = ROOT / f"{module.replace('.', '/')}.py"
    names = [name for name, _ in imports(ast.parse(file.read_text(encoding="utf-8")))]
    return any(name.partition(".")[0] in HEAVY for name in names)
