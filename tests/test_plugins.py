"""Plug-ins of others: of an installed package, and of a folder that the caller names."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forking import Forks
from halting import HANG

HERE = Path(__file__).parent / "plugins"
MAIN = Path(__file__).parents[1]
FOLDER = str(HERE / "folder")
PROGRAM = """
import contextlib, io, json, sys
from kbuilder.commands.main import main

def run(words):
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    sys.argv = ["kbuilder", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as done:
            code = done.code
    out.flush()
    return code, out.buffer.getvalue().decode(), err.getvalue()

lines = json.load(open(sys.argv[1]))
print(json.dumps([run(words) for words in lines]))
"""
RECIPE = """
data: {source: csv, path: rows.csv, target: visits}
model: {name: bow, units: 6}
training: {epochs: 2, schedule: {name: halving, every: 2}}
"""
PICTURES = """
data: {source: arrays, path: p.npz, columns: {x: x, y: y}, target: y}
features: {x: {kind: image, augment: [invert]}}
model: {name: sequential, layers: [flatten, {doubled: 3}, {dense: 4}]}
training: {epochs: 1}
"""

Commands = Callable[..., list[tuple[int, str, str]]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is installed, built from its source."""
    folder = tmp_path_factory.mktemp("site")
    source = shutil.copytree(HERE / "package", tmp_path_factory.mktemp("source") / "package")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--target", str(folder), str(source)],
        check=True, timeout=HANG,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def commands(site: Path, forked: Forks, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Runs commands in a process of its own, with the package or without it."""
    program = tmp_path_factory.mktemp("program")
    (program / "run.py").write_text(PROGRAM)
    folder = tmp_path_factory.mktemp("work")
    random = np.random.default_rng(0)
    share = random.integers(0, 100, 200)
    pd.DataFrame(
        {"share": [f"{value} %" for value in share], "size": random.random(200),
         "visits": random.poisson(share / 10)}
    ).to_csv(folder / "rows.csv", index=False)  # fmt: skip
    images = random.random((80, 6, 6))
    np.savez(folder / "p.npz", x=images, y=np.array(["a", "b"])[(images[:, 0, 0] > 0.5) * 1])
    (folder / "r.yaml").write_text(RECIPE)
    (folder / "p.yaml").write_text(PICTURES)

    def run(*words: str, installed: bool = True) -> list[tuple[int, str, str]]:
        paths = [str(MAIN), *([str(site)] if installed else [])]
        (program / "lines.json").write_text(json.dumps([line.split() for line in words]))
        given = [str(program / name) for name in ("run.py", "lines.json")]
        done = forked(given, str(folder), PYTHONPATH=os.pathsep.join(paths))
        assert done.returncode == 0, done.stderr
        return [(code, out, err) for code, out, err in json.loads(done.stdout)]

    run.folder = folder  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="module")
def used(commands: Commands) -> dict[str, tuple[int, str, str]]:
    """All verbs, with a recipe whose every plug-in is another's."""
    lines = [
        "check r.yaml p.yaml", "show r.yaml", "fit r.yaml --run-dir run", "evaluate run",
        "predict run run/examples.json", "export run exported",
        "export run exported-keras --format keras", "export run exported-onnx --format onnx",
        "eject r.yaml", "fit p.yaml --run-dir pictures", "evaluate pictures", "eject p.yaml",
        "schema", "fit --resume run -o training.epochs=3 --run-dir longer",
        f"fit r.yaml --run-dir strand -o model=strand --plugins {FOLDER}",
        f"evaluate strand --plugins {FOLDER}", f"export strand x --plugins {FOLDER}",
        f"fit r.yaml --run-dir mine -o model=mine:Mine --plugins {FOLDER} --smoke",
    ]  # fmt: skip
    described = commands.folder / "exported-keras/1/assets.extra/kbuilder.json"  # type: ignore
    done = dict(zip(lines, commands(*lines), strict=True))
    return {**done, "described": (0, described.read_text(), "")}


@pytest.mark.slow
def test_every_verb_takes_them_or_says_why_not(used: dict[str, tuple[int, str, str]]) -> None:
    wrong = {line: (code, err) for line, (code, _, err) in used.items() if code}
    assert wrong == {
        "export run exported-onnx --format onnx": (
            1,
            "Error: the column 'share' (percent) is of words, and an export to ONNX takes numbers "
            "alone. Expected numbers, whole numbers, arrays or images, or --format saved_model, "
            "which looks words up.\n",
        ),
    }
    assert "the number before %, divided by scale" in used["described"][1]


def test_their_kinds_are_recognised_with_reasons(used: dict[str, tuple[int, str, str]]) -> None:
    shown = used["show r.yaml"][1]
    assert (
        "# task: count (the target counts something: 0, 1, 2 …; nearly as likely: `task: " in shown
    )
    assert "# features.share: percent (each value ends in %)" in shown
    assert "#     features: {share: percent}" in shown


def test_a_run_says_which_it_used(commands: Any, used: Any) -> None:
    known = json.loads((commands.folder / "run/plugins.json").read_text())
    assert [(one["folder"], one["name"], one["package"], one["version"]) for one in known] == [
        ("architectures", "bow", "tinyplug", "1.2"), ("features", "percent", "tinyplug", "1.2"),
        ("schedules", "halving", "tinyplug", "1.2"), ("tasks", "count", "tinyplug", "1.2"),
    ]  # fmt: skip
    known = json.loads((commands.folder / "strand/plugins.json").read_text())
    assert known[0]["path"] == f"{FOLDER}/architectures/strand.py"
    assert re.fullmatch("[0-9a-f]{64}", known[0]["version"])
    known = json.loads((commands.folder / "pictures/plugins.json").read_text())
    assert [one["name"] for one in known] == ["invert", "doubled"]
    lock = json.loads((commands.folder / "run/lock.json").read_text())
    assert "plugins.json" in lock["sha256"]


def test_what_is_not_here_is_refused_politely(commands: Commands, used: Any) -> None:
    recipe, run, strand, resumed, other = commands(
        "check r.yaml", "evaluate run", "evaluate strand", "fit --resume run", "evaluate mine",
        installed=False,
    )  # fmt: skip
    assert (recipe[0], run[0], strand[0], resumed[0], other[0]) == (2, 1, 1, 1, 1)
    assert "'bow'" in recipe[2]
    said = (
        "Error: run was fitted with the plug-in architectures.bow of tinyplug 1.2, which is not "
        "here. Install it: `pip install tinyplug==1.2`.\n"
    )
    assert (run[2], resumed[2]) == (said, said)
    assert strand[2] == (
        f"Error: strand was fitted with the plug-in architectures.strand of {FOLDER}/architectures/"
        f"strand.py, which is not here. Name its folder: `--plugins {FOLDER}`.\n"
    )
    assert other[2].endswith(f"Name its folder: `--plugins {FOLDER}`.\n")


def test_an_ejected_script_brings_the_layers_of_others_along(
    commands: Any, used: dict[str, tuple[int, str, str]], forked: Forks
) -> None:
    script = used["eject r.yaml"][1]
    assert "class Percentages(keras.layers.Layer):" in script
    assert "tinyplug" not in script
    assert "poisson" in script.lower()
    ast.parse(script)
    path = commands.folder / "model.py"
    path.write_text(re.sub(r"(?m)^EPOCHS = .*", "EPOCHS = 1", script))
    done = forked([str(path)], str(commands.folder))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "'loss'" in done.stdout


def test_the_schema_shows_them(used: dict[str, tuple[int, str, str]]) -> None:
    text = used["schema"][1]
    for word in ("bow", "invert", "doubled", "percent", "halving", "count"):
        assert f'"{word}"' in text


def test_an_export_with_them_is_served_without_them(
    commands: Any, used: Any, forked: Forks
) -> None:
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from kbuilder.serving import exported\n"
        "folder = Path('exported/1')\n"
        "exported.check(folder)\n"
        "exported.Exported(folder).verify()\n"
        "assert 'tinyplug' not in sys.modules\n"
    )
    (commands.folder / "serve.py").write_text(program)
    done = forked([str(commands.folder / "serve.py")], str(commands.folder), PYTHONPATH=str(MAIN))
    assert done.returncode == 0, done.stderr


TRAP = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"


def test_no_recipe_and_no_run_makes_a_folder_run(commands: Any) -> None:
    folder = commands.folder / "plugins/architectures"
    folder.mkdir(parents=True)
    (folder / "trap.py").write_text(TRAP)
    (commands.folder / "trap.py").write_text(TRAP)
    (commands.folder / "t.yaml").write_text("data: {source: csv, path: rows.csv, target: visits}\n")
    lines = [
        f"{verb} t.yaml -o model={name}"
        for verb in ("check", "fit")
        for name in ("trap", "trap:Trap", "plugins.architectures.trap:Trap", "os:system")
    ]
    assert [code for code, _, _ in commands(*lines)] == [2] * len(lines)
    assert not list(commands.folder.rglob("ran"))
    [(code, _, err)] = commands("check t.yaml -o model=trap --plugins plugins")
    assert code == 2
    assert "has no class that is called like the file. Expected a class Trap" in err
    assert list(commands.folder.rglob("ran")) == [folder / "ran"]


def test_another_version_is_warned_of(commands: Any, used: Any) -> None:
    folder = commands.folder / "changed"
    shutil.copytree(FOLDER, folder)
    fit = "fit r.yaml -o model=strand --run-dir before --smoke --plugins changed"
    assert [code for code, _, _ in commands(fit)] == [0]
    with (folder / "architectures/strand.py").open("a") as file:
        file.write("# another version\n")
    [(code, _, err)] = commands("evaluate before --plugins changed")
    assert (code, err) == (
        0,
        "Warning: before was fitted with another version of the plug-in architectures.strand of "
        f"{folder}/architectures/strand.py, which may prepare the rows in another way.\n",
    )


BAD = {
    "no folder": ("nowhere", {}, "there is no folder nowhere. Expected the folder of your plug"),
    "empty": ("d", {}, "d holds no plug-ins. Expected files such as d/architectures/resmlp.py"),
    "a name of ours": ("d", {"architectures/mlp.py": ""}, "has the name of kbuilder's own"),
    "a fault": ("d", {"architectures/trap.py": "1 / 0"}, "ZeroDivisionError: division by zero"),
    "no Spec": ("d", {"architectures/trap.py": "class Trap: pass"}, "derives from kbuilder.spec"),
    "lacking": (
        "d", {"architectures/trap.py":
              "from kbuilder.spec import Spec\nclass Trap(Spec):\n    'It.'\n"},
        "its class Trap lacks apply, forms; kbuilder/contracts says what each is",
    ),
    "no docstring": (
        "d", {"architectures/trap.py":
              "from kbuilder.spec import Spec\nclass Trap(Spec):\n"
              "    @property\n    def forms(self): pass\n    def apply(self, signal): pass\n"},
        "has no docstring",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_folder_that_is_wrong_is_said(name: str, commands: Any) -> None:
    place, content, said = BAD[name]
    shutil.rmtree(commands.folder / "d", ignore_errors=True)
    if place == "d":
        (commands.folder / "d/architectures").mkdir(parents=True)
    for file, text in content.items():
        (commands.folder / "d" / file).write_text(text)
    [(code, out, err)] = commands(f"check r.yaml -o model=trap --plugins {place}")
    assert (code, out) == (2, "")
    assert said in err
    assert "did not foresee" not in err
