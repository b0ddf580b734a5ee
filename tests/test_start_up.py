"""What does not need TensorFlow does not wait for it. Each test needs a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bad import DATA, ROOT

HEAVY = {"keras", "tensorflow"}


def run(*arguments: str, path: Path | str = ".") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=path, env=environment
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("--version", 0),
        ("fit --help", 0),
        ("check good.yaml", 0),
        ("check bad.yaml", 2),
        ("recipes list", 0),
        ("schema", 0),
        ("explain", 0),
        ("explain mlp", 0),
        ("explain nothing", 2),
        ("fit bad.yaml", 2),
        ("show bad.yaml", 2),
        ("fit nowhere.yaml", 2),
        ("evaluate nowhere", 2),
        ("predict nowhere rows.csv", 2),
        ("export nowhere exported", 2),
        ("fti good.yaml", 2),
    ],
)
@pytest.mark.slow
def test_neither_tensorflow_nor_keras_is_imported(arguments: str, code: int) -> None:
    Path("good.yaml").write_text(DATA + "model: {name: sequential, layers: [{dense: 3}]}")
    Path("bad.yaml").write_text(DATA + "model: {name: lsmt}\ntraining: {optimizer: {momentum: 1}}")
    done = run("-X", "importtime", "-m", "kbuilder", *arguments.split())
    timed = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip() for line in timed}
    assert done.returncode == code
    assert "kbuilder.commands.main" in modules
    assert {module for module in modules if module.partition(".")[0] in HEAVY} == set()


def test_what_a_recipe_may_hold_is_explained_without_numpy() -> None:
    done = run("-X", "importtime", "-m", "kbuilder", "explain", "training.schedule")
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "kbuilder.describing.reference" in modules
    assert {"numpy", *HEAVY} & modules == set()


EVERYTHING = """
import sys
from importlib import import_module
from kbuilder import catalog
from kbuilder.commands.main import main
sys.argv = ["kbuilder", "check", *sys.argv[1:]]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
slow = {"jinja2", "keras", "matplotlib", "numpy", "pandas", "PIL", "pyarrow", "sklearn"}
slow |= {"sqlalchemy", "tensorflow"}
print(sorted(slow & set(sys.modules)))
for folder in catalog.FOLDERS:
    for name in catalog.names(folder):
        import_module(f"kbuilder.{folder}.{name}")
print(sorted(slow & set(sys.modules)))
"""
RECIPES = {
    "csv": "data: {path: rows.csv, target: answer}\n",
    "parquet": "data: {path: rows.parquet, target: [a, b]}\ntask: regression\nmodel: mlp\n",
    "pictures": "data: {source: image_folder, path: pictures}\nmodel: resnet20\n",
    "texts": "data: {source: text_folder, path: texts}\nmodel: lstm\n",
    "kinds": "data: {path: rows.csv, target: answer, split: {by: time, column: day}}\n"
    "features: {text: {kind: text}, size: number, day: datetime}\ntask: binary\nmodel: gru\n",
}


def test_checking_a_recipe_and_importing_any_plug_in_waits_for_no_numpy() -> None:
    for name, recipe in RECIPES.items():
        Path(name).write_text(recipe)
    done = run("-c", EVERYTHING, *RECIPES)
    *checked, after, plugins = done.stdout.splitlines()
    assert checked == [f"{name}: no problem found." for name in RECIPES], done.stderr
    assert after == "[]"
    assert plugins == "[]"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "there is no rows.csv. Expected a table, such as a CSV file."),
        ("size,answer\n1,yes\n2,yes\n", "the target 'answer' has one value only"),
        (
            "size,answer\n1,\xcf\xf0\xe8\xe2\xe5\xf2\n2,no\n",
            "the encoding of rows.csv is not utf-8, and no other",
        ),
        ("size,reply\n1,yes\n2,no\n", "rows.csv has no column 'answer'."),
    ],
    ids=["no file", "one value", "encoding", "no target"],
)
def test_what_is_wrong_with_the_data_is_said_before_they_are_imported(
    rows: str | None, said: str
) -> None:
    Path("good.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}")
    if rows is not None:
        Path("rows.csv").write_bytes(rows.encode("latin-1"))
    done = run("-X", "importtime", "-m", "kbuilder", "fit", "good.yaml")
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 1
    assert said in done.stderr
    assert {module for module in modules if module.partition(".")[0] in HEAVY} == set()


MACOS = """
import sys
from kbuilder import engine
engine.PLATFORM = "darwin"
first = []
sys.addaudithook(
    lambda event, given: event == "import" and given[0] in ("tensorflow", "pandas")
    and first.append(given[0])
)
import kbuilder as kb
try:
    kb.fit(kb.read("good.yaml"))
except kb.KBuilderError as error:
    print(first[0], error)
"""


@pytest.mark.slow
def test_on_macos_tensorflow_is_imported_before_pandas_where_a_fit_would_hang_else() -> None:
    Path("good.yaml").write_text("data: {source: csv, path: rows.csv, target: answer}")
    done = run("-c", MACOS)
    assert done.stdout.startswith("tensorflow good.yaml:1:27: data.path: there is no"), done.stderr


def test_a_format_that_a_run_is_not_for_is_refused_without_them(fitted: Any) -> None:
    run_folder = str(fitted("mixed").path)
    arguments = ["export", run_folder, "exported", "--format", "onnx"]
    done = run("-X", "importtime", "-m", "kbuilder", *arguments)
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 1
    assert "Error: the column 'colour' (category) is of words" in done.stderr
    assert "kbuilder.export.exporting" in modules
    assert {module for module in modules if module.partition(".")[0] in (*HEAVY, "onnx")} == set()


def test_the_three_ways_to_call_it_are_one_command() -> None:
    program = Path(sys.executable).parent / "kbuilder"
    ways = [[str(program)], ["-m", "kbuilder"], [str(ROOT / "cli.py")]]
    said = [run(*way, "--help") for way in ways]
    assert {done.returncode for done in said} == {0}
    assert said[0].stdout.startswith("Usage: kbuilder [OPTIONS] COMMAND [ARGS]...\n")
    assert len({done.stdout for done in said}) == 1
    assert {done.stderr for done in said} == {""}
