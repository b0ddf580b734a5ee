"""`kbuilder fit`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bad import files_below
from halting import HANG
from shared import Call, mixed

from kbuilder.data import dataset

RECIPE = """data: {source: csv, path: rows.csv, target: answer}
features: {floor: category}
training: {epochs: 1}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe and its rows, in the working folder of the test."""
    mixed().to_csv(tmp_path / "rows.csv", index=False)
    file = tmp_path / "answers.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    return file


def test_the_result_goes_to_stdout_and_progress_to_stderr(recipe: Path, call: Call) -> None:
    code, out, err = call("fit", recipe, "--run-dir", "run")
    assert code == 0
    assert re.fullmatch(
        r"validation: accuracy [\d.]+, .*\n"
        r"test: accuracy [\d.]+ \(95 %: [\d.]+ to [\d.]+\), .*\n"
        r"baselines \(accuracy\): majority [\d.]+, linear [\d.]+, boosting left out: it takes 100 "
        r"training rows, and there are \d+\n"
        r"(9 rows show no difference to|(Better|Worse) than) the best baseline, (majority, which "
        r"ignores the input|linear): accuracy [+-][\d.]+ \(95 %: [+-][\d.]+ to [+-][\d.]+\)"
        r"(; about \d+ rows could)?\.\n"
        r"run: run\n",
        out,
    )
    assert err.startswith("Warning: test has 9 rows: its figures may be off by as much as 17%.\n")
    assert "\ndecided, since the recipe leaves it open" in err
    assert "\nepoch   1/1 " in err
    assert err.endswith(
        "Next:\n  kbuilder predict run run/examples.json\n  kbuilder export run exported/run\n"
    )


@pytest.mark.slow
def test_json_is_the_metrics_with_the_place_of_the_run(recipe: Path, call: Call) -> None:
    code, out, _ = call("fit", recipe, "--run-dir", "a/run", "--smoke", "--json")
    assert code == 0
    metrics = json.loads(Path("a/run/metrics.json").read_text(encoding="utf-8"))
    assert json.loads(out) == {"run": "a/run", **metrics}


@pytest.mark.slow
def test_without_a_folder_the_run_is_the_latest_below_its_recipe(recipe: Path, call: Call) -> None:
    assert call("fit", recipe, "--smoke")[0] == 0
    [smoke] = Path("runs/answers").iterdir()
    code, _, err = call("evaluate", "latest")
    assert (code, err) == (
        2,
        "Error: there are smoke runs alone below runs/, which `latest` does not mean. Expected one "
        f"from `kbuilder fit RECIPE`, or its name, such as {smoke}.\n",
    )
    assert call("evaluate", smoke)[0] == 0
    assert call("fit", recipe, "-o", "training.epochs=1")[0] == 0
    assert call("fit", recipe, "--smoke")[0] == 0
    _, run, _ = sorted(Path("runs/answers").iterdir())
    code, out, _ = call("evaluate", "latest", "--json")
    assert (code, json.loads(out)) == (0, json.loads(call("evaluate", run, "--json")[1]))
    assert json.loads((run / "splits.json").read_text())["smoke"] is False
    code, script, _ = call("eject", "latest", "-o", "training.seed=7")
    assert (code, "SEED = 7\nEPOCHS = 1\n" in script) == (0, True)
    assert call("eject", recipe, "-o", "model.py") == (
        2, "", "Error: -o model.py: is no setting. Expected KEY=VALUE, such as training.epochs=3. "
        "To write a file: `--output model.py`.\n1 problem.\n",
    )  # fmt: skip
    assert (run / "lock.json").is_file()


def test_an_override_wins_over_the_file(recipe: Path, call: Call) -> None:
    code, _, err = call(
        "fit", recipe, "-o", "training.epochs=2", "-o", "model.name=mlp", "--run-dir", "r"
    )
    assert code == 0
    assert "epoch   2/2" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.yaml"], 2, "Error: there is no file nowhere.yaml."),
        (["answers.yaml", "-o", "training.epoch=3"], 2, "Error: -o training.epoch=3: "),
        (["answers.yaml", "-o", "data.target=nothing"], 1, "Error: -o data.target=nothing: "),
        (["answers.yaml", "--run-dir", "rows.csv"], 2, "Error: rows.csv is there already."),
        ([], 2, "Usage: kbuilder fit [OPTIONS] [RECIPE]"),
    ],
)
def test_a_wrong_call_has_exit_code_2_and_a_failed_run_1(
    recipe: Path, call: Call, arguments: list[str], code: int, said: str
) -> None:
    found, out, err = call("fit", *arguments)
    assert (found, out) == (code, "")
    assert err.startswith(said)
    assert "Traceback" not in err
    assert sorted(path.name for path in Path().iterdir()) == ["answers.yaml", "rows.csv"]


PROGRESS = re.compile(
    r"decided, since .*|  [\w.]+( \w+)?: .*|fitting [\d,]+ parameters on .*|epoch +\d+/\d+ .*"
    r"|all \d+ epochs are done; .*|the one epoch is done; .*"
    r"|Next:|  kbuilder (predict|export) .*|Warning: test has \d+ rows: .*"
)


# What runs in the background of a shell ignores SIGINT, and so would its children.
FOREGROUND = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def start(recipe: Path, *arguments: str) -> subprocess.Popen[str]:
    command = ["-m", "kbuilder", "fit", recipe.name, *arguments]
    return subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, *command],
        cwd=recipe.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_the_engine_is_silent(recipe: Path) -> None:
    """In a process of its own: TensorFlow makes its noise when it is first loaded."""
    process = start(recipe, "--run-dir", "run")
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 0
    assert [line.split(":")[0] for line in out.splitlines() if "best baseline" not in line] == [
        "validation", "test", "baselines (accuracy)", "run",
    ]  # fmt: skip
    assert [line for line in err.splitlines() if not PROGRESS.fullmatch(line)] == []


CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """Two long fits in processes of their own, each stopped by a signal after its first epochs."""
    folder = tmp_path_factory.mktemp("stopped")
    mixed().to_csv(folder / "rows.csv", index=False)
    long = RECIPE.replace("epochs: 1", "epochs: 1000000, early_stopping: null")
    (folder / "long.yaml").write_text(long, encoding="utf-8")
    fits = {number: start(folder / "long.yaml", "--run-dir", f"a/{number}") for number in CODES}
    found: dict[int, Any] = {}
    for number, process in fits.items():
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any(line.startswith("epoch") and not line.startswith("epoch   1/") for line in lines)
        process.send_signal(number)
        out, err = process.communicate(timeout=HANG)
        found[number] = process.returncode, out, err
    return {**found, -1: folder}


@pytest.mark.parametrize("number", CODES)
@pytest.mark.slow
def test_a_fit_that_is_stopped_says_how_to_go_on_with_its_code(
    stopped: dict[int, Any], number: int
) -> None:
    code, out, err = stopped[number]
    assert (code, out) == (CODES[signal.Signals(number)], "")
    lines = [line for line in err.split("\n") if line]
    if not lines[0].startswith(("epoch", "Interrupted")):  # the end of a line that was read before
        lines = lines[1:]
    assert [line for line in lines[:-2] if not PROGRESS.fullmatch(line)] == []
    assert re.fullmatch(r"Interrupted after epoch \d+(, step \d+)?\. Resume with:", lines[-2])
    assert lines[-1] == f"  kbuilder fit --resume a/{number}"


@pytest.mark.parametrize("number", CODES)
@pytest.mark.slow
def test_a_fit_that_is_stopped_leaves_what_to_go_on_from(
    stopped: dict[int, Any], number: int
) -> None:
    folder = stopped[-1] / "a"
    assert sorted(path.name for path in folder.iterdir()) == ["15.unfinished", "2.unfinished"]
    left = files_below(folder / f"{number}.unfinished")
    kept = [name for name in left if name.startswith("checkpoints/")]
    assert [name for name in left if name not in kept] == [
        ".at-work", "checkpoints", "decisions.json", "findings.json", "history.csv", "log.txt",
        "recipe.yaml", "splits.json",
    ]  # fmt: skip
    said = re.search(r"after epoch (\d+)(?:, step (\d+))?\.", stopped[number][2])
    assert said
    assert kept[-1].startswith(f"checkpoints/epoch-{said[1]:0>4}-step-{said[2] or 0:0>6}.")


@pytest.mark.parametrize("number", CODES)
def test_a_fit_that_is_stopped_before_its_first_step_leaves_nothing(
    recipe: Path, call: Call, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def prepare(*given: Any) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr(dataset, "prepare", prepare)
    # What runs in the background of a shell ignores SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # click ends the line on which the terminal shows ^C.
    word = {signal.SIGINT: "\nInterrupted", signal.SIGTERM: "Terminated"}[signal.Signals(number)]
    said = f"{word}. Nothing was written under its final name.\n"
    try:
        assert call("fit", recipe, "--run-dir", "run") == (CODES[signal.Signals(number)], "", said)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(path.name for path in Path().iterdir()) == ["answers.yaml", "rows.csv"]
