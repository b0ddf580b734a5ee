"""The commands and code of the README and of docs/ do what they say, run in an empty folder.

`make test` is not run from here: it is what runs these tests. `make demo` is run with the
environment that the tests are in.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bad import real
from forking import PROGRAM, Forks
from pages import ROOT, blocks
from sklearn.datasets import load_iris

# Writes which of the two a process imports first, and its arguments.
WATCH = """
import sys

imported = []

def note(event, names):
    if event == "import" and names[0] in ("tensorflow", "pandas") and not imported:
        imported.append(names[0])
        with open("imported.txt", "a") as file:
            print(names[0], *sys.argv[1:2], file=file)

sys.addaudithook(note)
"""


Done = subprocess.CompletedProcess[str]


def shell(command: str, folder: Path, *, code: int = 0, path: str = "") -> Done:
    """Run a line as a shell does, with the commands of this environment.

    Args:
        path: A folder of modules that are found before all others.
    """
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    modules = os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": commands, "PYTHONPATH": modules},
    )  # fmt: skip
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def run(forked: Forks) -> Callable[..., Done]:
    """As `shell`, but kbuilder and Python start with TensorFlow imported."""

    def run(command: str, folder: Path, *, code: int = 0) -> Done:
        program, *words = shlex.split(command)
        if program not in ("kbuilder", "python") or set("|&;<>$\n") & set(command.strip()):
            return shell(command, folder, code=code)
        done = forked([PROGRAM, *words] if program == "kbuilder" else words, str(folder))
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def pattern(shown: str) -> str:
    """A shown output as a regular expression: … is any text, a number any number, over lines."""
    words = re.sub(r"\s+", " ", shown.strip())
    parts = [re.escape(part.strip()) for part in words.split("…")]
    loose = r".*?".join(parts).replace(r"\ ", r"\s+")
    return re.sub(r"\d+(?:\\?[.,]\d+)*", r"\\d[\\d.,]*", loose)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with a CSV file of the user's own."""
    folder = tmp_path_factory.mktemp("workshop")
    bunch = load_iris(as_frame=True)
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in bunch.feature_names]
    frame = bunch.data.set_axis(names, axis=1)
    frame["species"] = [str(bunch.target_names[place]) for place in bunch.target]
    frame.to_csv(folder / "flowers.csv", index=False)
    recipe = blocks("yaml", "path: flowers.csv")
    (folder / "flowers.yaml").write_text(recipe, encoding="utf-8")
    return folder


def workflow() -> list[str]:
    """The lines of the workflow, without the last, which serves until it is stopped."""
    *lines, serving = blocks("sh", "kbuilder check flowers.yaml\n").splitlines()
    assert serving.startswith("kbuilder serve")
    return lines


@pytest.mark.slow
def test_the_workflow_runs_line_by_line(workshop: Path, run: Any) -> None:
    for line in workflow():
        run(line, workshop)
    predictions = (workshop / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert len(predictions) == 151
    assert predictions[0].startswith("label,probability,probability of setosa")
    assert (workshop / "exported/flowers/1/saved_model.pb").is_file()


@pytest.mark.slow
def test_what_reads_a_recipes_data_looks_at_it_before_tensorflow_is_imported(
    workshop: Path, tmp_path: Path
) -> None:
    for file in ("flowers.csv", "flowers.yaml"):
        shutil.copy(workshop / file, tmp_path)
    watching = tmp_path / "watching"
    watching.mkdir()
    (watching / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    for line in workflow():
        shell(line, tmp_path, path=str(watching))
    first = (tmp_path / "imported.txt").read_text(encoding="utf-8").splitlines()
    assert first == [  # evaluate reads what the fit found, and needs neither
        "pandas show", "pandas fit", "pandas fit", "tensorflow predict", "tensorflow export",
        "pandas eject",
    ]  # fmt: skip


def test_commands_on_the_pages_of_their_subjects_are_those_of_the_workflow() -> None:
    lines = blocks("sh", "kbuilder check flowers.yaml\n").splitlines()
    for shown in (
        blocks("sh", "kbuilder predict latest flowers.csv --output", "docs/predict.md"),
        blocks("sh", "kbuilder export latest exported/flowers\n", "docs/export.md"),
        blocks("sh", "kbuilder eject", "docs/export.md"),
        blocks("sh", "kbuilder serve", "docs/serve.md"),
    ):
        assert shown.strip() in lines


def test_what_is_to_be_looked_up_is_printed(workshop: Path, run: Any) -> None:
    for line in blocks("sh", "kbuilder explain mlp").splitlines():
        assert run(line, workshop).stdout
    for line in blocks("sh", "kbuilder recipes list").splitlines():
        assert run(line, workshop).stdout
    for line in blocks("sh", "kbuilder cache list").splitlines():
        assert run(line, workshop).stdout
    assert (workshop / "adult.yaml").is_file()
    assert (workshop / "recipe.schema.json").is_file()


def test_the_overrides_shown_are_values_of_the_recipe(workshop: Path, run: Any) -> None:
    for line in blocks("sh", "-o model.units=[64,64]").splitlines():
        checked = line.replace("kbuilder fit", "kbuilder check")
        assert run(checked, workshop).stdout == "flowers.yaml: no problem found.\n"


@pytest.mark.slow
def test_the_fit_on_two_devices_is_given_more_epochs_as_shown(workshop: Path, run: Any) -> None:
    run(blocks("sh", "--devices 2"), workshop)
    run(blocks("sh", "--resume latest"), workshop)
    fits = sorted(workshop.glob("runs/flowers/*/history.csv"))
    assert int(fits[-1].read_text(encoding="utf-8").splitlines()[-1].partition(",")[0]) == 400


@pytest.mark.slow
def test_the_other_formats_are_written_line_by_line(workshop: Path, run: Any) -> None:
    for line in blocks("sh", "--format onnx").splitlines():
        run(line, workshop)
    assert (workshop / "exported/flowers-onnx/1/model.onnx").is_file()
    assert (workshop / "exported/flowers-small/1/model.tflite").is_file()


@pytest.mark.slow
def test_a_column_is_kept_as_shown(workshop: Path, run: Any) -> None:
    run(blocks("sh", "--keep"), workshop)
    assert list(pd.read_csv(workshop / "kept.csv"))[:2] == ["petal_length", "label"]


@pytest.mark.slow
def test_answers_are_explained_as_shown(workshop: Path, run: Any) -> None:
    run(blocks("sh", "--explain --output"), workshop)
    lines = (workshop / "explained.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["contribution of petal_length"] > 0
    (workshop / "explain.py").write_text(blocks("python", "run.explain("), encoding="utf-8")
    assert "setosa" in run("python explain.py", workshop).stdout


@pytest.mark.slow
def test_the_export_answers_to_the_code_shown(workshop: Path, run: Any) -> None:
    (workshop / "ask.py").write_text(blocks("python", "saved_model.load"), encoding="utf-8")
    answer = run("python ask.py", workshop).stdout
    assert answer.startswith("[b'setosa'] [0."), answer


@pytest.mark.slow
def test_the_server_answers_to_the_line_shown(workshop: Path, run: Any) -> None:
    serve = blocks("sh", "kbuilder serve", "docs/serve.md").strip()
    ask = blocks("sh", 'curl -d \'{"instances"').strip()
    words = [str(Path(sys.executable).with_name("kbuilder")), *serve.split()[1:], "--port", "0"]
    with subprocess.Popen(words, cwd=workshop, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        where = next(line.split()[-1] for line in server.stderr if line.startswith("serving "))
        answer = run(ask.replace("http://127.0.0.1:8501", where), workshop).stdout
        why = run(blocks("sh", "signature_name").replace("localhost:8501", where), workshop).stdout
        server.terminate()
    [prediction] = json.loads(answer)["predictions"]
    assert prediction["label"] == "setosa"
    [pushes] = json.loads(why)["predictions"]
    assert pushes["explained"] == "setosa"
    assert len(pushes["contributions"]) == 4


@pytest.mark.slow
def test_the_python_shown_runs(workshop: Path, run: Any) -> None:
    code = blocks("python", "run.predict_file(") + blocks("python", "run.predictions(")
    code += blocks("python", "kb.build(")
    (workshop / "recipe.py").write_text(code, encoding="utf-8")
    output = run("python recipe.py", workshop).stdout
    assert "'accuracy'" in output
    assert "(None, 10)" in output
    assert len(pd.read_parquet(workshop / "predictions.parquet")) == 150
    assert (workshop / "exported/flowers/2").is_dir()


@pytest.mark.slow
def test_what_is_said_of_extending_works(workshop: Path, run: Any) -> None:
    (workshop / "plugins/architectures").mkdir(parents=True)
    network = blocks("python", "class Strand(Spec)")
    (workshop / "plugins/architectures/strand.py").write_text(network, encoding="utf-8")
    for line in blocks("sh", "-o model=strand").splitlines():
        run(f"{line} -o training.epochs=2", workshop)
    assert "strand" in (max(workshop.glob("runs/flowers/*")) / "plugins.json").read_text()
    before = len(list(workshop.glob("runs/flowers/*")))
    code = blocks("python", "kb.prepare(recipe)") + blocks("python", "listeners=[Log(), Enough()]")
    code += blocks("python", "callbacks=[stop")
    (workshop / "more.py").write_text(code.replace("flowers.yaml", "quick.yaml"), encoding="utf-8")
    recipe = (workshop / "flowers.yaml").read_text(encoding="utf-8")
    (workshop / "quick.yaml").write_text(f"{recipe}training: {{epochs: 2}}\n", encoding="utf-8")
    run("python more.py", workshop)
    assert len(list(workshop.glob("runs/*/*"))) >= before + 5
    assert len((workshop / "log.jsonl").read_text().splitlines()) == 2
    assert len((workshop / "log.csv").read_text().splitlines()) == 3
    tower = blocks("python", "def tower(x)")
    for model in ("model=tower", "model=keras.Sequential([keras.layers.Dense(16)])"):
        assert tower.count(model) == 1
        tower = tower.replace(model, f"{model}, training=kb.Training(epochs=1)")
    (workshop / "tower.py").write_text(tower, encoding="utf-8")
    run("python tower.py", workshop)
    [used] = workshop.glob("runs/recipe/*/plugins.json")
    assert "__main__:tower" in used.read_text()


def test_make_demo_reinstalls_nothing_and_shows_the_result(tmp_path: Path, run: Any) -> None:
    environment = Path(sys.executable).parents[1]
    if not (environment / ".installed").is_file():
        pytest.skip(f"{environment} was not made by make, so `make demo` would make another")
    command = f"make --directory {ROOT} demo VENV={environment}"
    done = run(f"{command} --just-print", tmp_path)
    assert "pip install" not in done.stdout
    shutil.rmtree(ROOT / "runs/digits-cnn", ignore_errors=True)
    done = run(command, tmp_path)
    assert re.search(r"^test: accuracy 0\.\d+ \(95 %: ", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^baselines \(accuracy\): majority 0\.1", done.stdout, flags=re.MULTILINE)
    assert "kbuilder export runs/digits-cnn/" in done.stderr


@pytest.mark.slow
def test_the_first_screen_is_what_is_printed(tmp_path: Path, run: Any) -> None:
    rows = real("adult-train.csv")
    (tmp_path / "adult.yaml").write_text(blocks("yaml", "# adult.yaml"), encoding="utf-8")
    shutil.copy(rows, tmp_path)
    command, _, shown = blocks("console", "$ kbuilder fit").partition("\n")
    done = run(command.removeprefix("$ "), tmp_path)
    printed = done.stderr + done.stdout
    for line in re.split(r"\n(?=\S|  \S+: |  …)", shown):
        assert re.search(pattern(line), printed, flags=re.DOTALL), f"{line}\n\n{printed}"


def test_the_mistake_shown_is_what_is_printed(tmp_path: Path, run: Any) -> None:
    recipe = blocks("yaml", "# adult.yaml").replace("}\n", ", droput: 0.1}\n")
    recipe = recipe.replace('missing: ["?"], droput: 0.1}', 'missing: ["?"]}')
    (tmp_path / "adult.yaml").write_text(recipe, encoding="utf-8")
    command, _, shown = blocks("console", "$ kbuilder check").partition("\n")
    done = run(command.removeprefix("$ "), tmp_path, code=2)
    place = re.match(r"\S+", shown)
    assert place is not None
    assert done.stderr.startswith(place[0])
    assert re.search(pattern(shown), done.stderr, flags=re.DOTALL), done.stderr


def test_completion_of_the_shell_is_offered(tmp_path: Path, run: Any) -> None:
    script = run("_KBUILDER_COMPLETE=bash_source kbuilder", tmp_path).stdout
    assert "_kbuilder_completion" in script
    assert (
        blocks("sh", "bash_source").strip() == 'eval "$(_KBUILDER_COMPLETE=bash_source kbuilder)"'
    )
