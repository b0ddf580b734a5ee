"""`kbuilder fit --resume`: a fit that was killed or told to stop ends as one that was not."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import files_below
from halting import HANG, Halting
from shared import Call, fields, message, mixed

import kbuilder as kb
from kbuilder import files
from kbuilder.errors import RunError
from kbuilder.runs import checkpoints, resuming, under_way

RECIPE = """data: {source: csv, path: rows.csv, target: answer}
features: {floor: category}
model: {name: mlp, units: [8, 8], dropout: 0.3}
training:
  epochs: 5
  batch_size: 32
  optimizer: {name: adam, learning_rate: 0.01}
  schedule: {name: plateau, factor: 0.5, patience: 1}
  early_stopping: null
  checkpoints: {every_minutes: 1e-9}
  seed: 4
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`kbuilder fit`, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "kbuilder", "fit", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


MOMENTS: dict[str, tuple[int, str, int]] = {
    "killed at its first checkpoint": (signal.SIGKILL, r"\.epoch-(0000-step-0*[1-9]|0001-)", 2),
    "killed in an epoch": (signal.SIGKILL, r"\.epoch-(0002-step-0*[1-9]|0003-)", 2),
    "killed in its last writing": (signal.SIGKILL, r"\.partial/examples\.json", 1),
    "told to stop": (signal.SIGTERM, r"\.epoch-(0001-step-0*[1-9]|0002-)", 2),
}
"""By name the signal, and the file that is about to be opened: when the second checkpoint of an
epoch is begun, the first is there."""


class Ended(dict[str, tuple[str, str, int]]):
    """Fits that were ended, by their moment: what they said, and how they ended.

    Each is made when it is first asked for, and its folder kept as it was left, as `MOMENT.kept`.

    Args:
        folder: Where they are, beside an undisturbed one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, moment: str) -> tuple[str, str, int]:
        number, file, count = MOMENTS[moment]
        process = Halting(["fit", "answers.yaml", "--run-dir", moment], self.folder, file, count)
        self[moment] = process.signal(number)
        shutil.copytree(self.folder / f"{moment}.unfinished", self.folder / f"{moment}.kept")
        return self[moment]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """An undisturbed fit, and those that were ended."""
    folder = tmp_path_factory.mktemp("ended")
    many = pd.concat([mixed()] * 30, ignore_index=True)
    many["size"] += np.random.default_rng(0).normal(size=len(many))
    many.to_csv(folder / "rows.csv", index=False)
    (folder / "answers.yaml").write_text(RECIPE, encoding="utf-8")
    kb.fit(folder / "answers.yaml", run_dir=folder / "undisturbed", verbose=False)
    return Ended(folder)


def outcome(run: Path) -> dict[str, Any]:
    """All of a run that time does not change."""
    with (run / "history.csv").open(encoding="utf-8") as file:
        history = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    names = (
        "metrics.json", "recipe.yaml", "columns.json", "decisions.json", "findings.json",
        "splits.json", "splits.parquet", "predictions.parquet", "average.npz",
    )  # fmt: skip
    return {"history": history, **{name: (run / name).read_bytes() for name in names}}


def assert_equal(run: Path, other: Path) -> None:
    """Equal figures, and weights that are equal bit for bit."""
    assert outcome(run) == outcome(other)
    mine, its = (kb.load(path).model.get_weights() for path in (run, other))
    assert len(mine) == len(its) > 4
    for one, two in zip(mine, its, strict=True):
        np.testing.assert_array_equal(one, two)


def said(err: str) -> list[str]:
    """What was said beside the figures of epochs."""
    return [line for line in err.splitlines() if not line.startswith(("fitting", "epoch "))]


def after(folder: Path) -> str:
    """Where the newest checkpoint of a folder stands, in words."""
    epoch, step = checkpoints.position(checkpoints.find(folder / "checkpoints")[0])
    return f"after epoch {epoch}" + (f", step {step}" if step else "")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.slow
def test_a_fit_that_was_ended_goes_on_to_the_very_model(
    moment: str, ended: Ended, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, (_, err, code) = ended.folder, ended[moment]
    monkeypatch.chdir(folder)
    stands = after(Path(f"{moment}.unfinished"))
    assert code == (143 if moment == "told to stop" else -signal.SIGKILL)
    if moment == "told to stop":
        assert re.fullmatch(r"after epoch [1-4](, step \d+)?", stands)
        assert err.endswith(
            f"Interrupted {stands}. Resume with:\n  kbuilder fit --resume '{moment}'\n"
        )
        process = start(folder, "--resume", moment)
        out, err = process.communicate(timeout=HANG)
        code = process.returncode
    else:
        code, out, err = call("fit", "--resume", moment)
    assert (code, out.splitlines()[-1]) == (0, f"run: {moment}")
    begun, ended_by, *rest = said(err)
    rest = [line for line in rest if not line.startswith("task.calibrate: ")]
    assert begun == f"resuming {moment}.unfinished {stands}"
    assert ended_by.startswith("all 5 epochs are done; the weights are those of epoch ")
    assert rest == [
        "Next:",
        f"  kbuilder predict '{moment}' '{moment}/examples.json'",
        f"  kbuilder export '{moment}' 'exported/{moment}'",
    ]
    assert_equal(Path(moment), Path("undisturbed"))
    log = Path(moment, "log.txt").read_text(encoding="utf-8").splitlines()
    assert log[0].startswith("decided, since")
    assert sum(line.startswith("fitting ") for line in log) == 2  # of both processes
    assert said(err)[0] in log
    left = sorted(path.name for path in Path().iterdir() if moment in path.name)
    assert left == [moment, f"{moment}.kept"]  # and not what was half written


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
@pytest.mark.slow
def test_of_a_damaged_checkpoint_the_one_before_leads_to_the_very_model(
    damage: str, ended: Ended, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ended.folder)
    moment = "killed in an epoch"
    assert ended[moment][2] == -signal.SIGKILL
    left = Path(f"{damage}.unfinished")
    shutil.copytree(f"{moment}.kept", left)
    newest = checkpoints.find(left / "checkpoints")[0]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content[: len(content) // 2] if damage == "truncated" else content)
    code, _, err = call("fit", "--resume", damage)
    assert code == 0
    assert said(err)[0] == (
        f"{newest.name} is damaged: its content does not match the hash in its name. "
        "The one before it is taken."
    )
    assert_equal(Path(damage), Path("undisturbed"))
    assert newest.name not in {path.name for path in Path(damage, "checkpoints").iterdir()}


def test_more_epochs_of_a_finished_run_are_those_of_a_longer_fit(
    ended: Ended, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ended.folder)

    def written() -> dict[str, tuple[int, ...]]:
        """Which files there are, and when each was written; not when it was read."""
        stats = {name: Path("undisturbed", name).stat() for name in names}
        return {name: (it.st_ino, it.st_mtime_ns, it.st_ctime_ns) for name, it in stats.items()}

    names = files_below(Path("undisturbed"))
    before = written()
    more = ["-o", "training.epochs=7"]
    assert call("fit", "answers.yaml", "--run-dir", "longer", *more)[0] == 0
    code, _, err = call("fit", "--resume", "undisturbed", *more, "--run-dir", "extended")
    assert code == 0
    assert said(err)[0] == "resuming undisturbed after epoch 5"
    assert_equal(Path("extended"), Path("longer"))
    assert before == written()


def test_a_schedule_that_spans_the_new_epochs_too_is_said(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    text = (
        "data: {source: csv, path: rows.csv, target: answer}\n"
        "training: {epochs: 1, schedule: {name: cosine, warm_up: 0.5}, early_stopping: null}\n"
    )
    Path("spanning.yaml").write_text(text, encoding="utf-8")
    assert call("fit", "spanning.yaml", "--run-dir", "run")[0] == 0
    code, _, err = call("fit", "--resume", "run", "-o", "training.epochs=2", "--run-dir", "more")
    assert code == 0
    assert said(err)[:2] == [
        "the schedule of the learning rate now spans 2 epochs, not 1: the weights are not those of "
        "a fit of as many from the start",
        "resuming run after epoch 1",
    ]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs, `run`, and its rows, as they were fitted."""
    folder = tmp_path_factory.mktemp("small") / "folder"
    folder.mkdir()
    mixed().to_csv(folder / "rows.csv", index=False)
    text = "data: {source: csv, path: rows.csv, target: answer}\ntraining: {epochs: 2}\n"
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    kb.fit(folder / "small.yaml", run_dir=folder / "run", verbose=False)
    return Path(shutil.copytree(folder, folder.with_name("fresh")))


@pytest.fixture
def small(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run and its rows, in the very folder where it was fitted, whatever was done to it."""
    folder = fresh.with_name("folder")
    shutil.rmtree(folder)
    monkeypatch.chdir(shutil.copytree(fresh, folder))
    return Path("run")


def interrupt(run: Path) -> Path:
    """Make of a whole run one that was killed before its last writing."""
    folder = under_way.unfinished(run)
    folder.mkdir()
    for name in ("recipe.yaml", "decisions.json", "findings.json", "splits.json", "checkpoints"):
        (run / name).rename(folder / name)
    shutil.rmtree(run)
    return folder


@pytest.mark.slow
def test_without_checkpoints_from_now_on_none_is_kept(small: Path, call: Call) -> None:
    interrupt(small)
    without = ["-o", "training.checkpoints=null", "-o", "training.epochs=3"]
    assert call("fit", "--resume", "run", *without)[0] == 0
    assert not (small / "checkpoints").exists()


def test_rows_that_have_moved_are_found_where_they_are_now(small: Path, call: Call) -> None:
    interrupt(small)
    Path("elsewhere").mkdir()
    Path("rows.csv").rename("elsewhere/rows.csv")
    assert call("fit", "--resume", "run")[0] == 1
    assert call("fit", "--resume", "run", "-o", "data.path=elsewhere/rows.csv")[0] == 0


def test_what_cannot_be_asked_of_a_finished_run_is_refused(small: Path, call: Call) -> None:
    before = files_below(Path())
    on = "To resume it: `kbuilder fit --resume run -o training.epochs=4`."
    changeable = ", ".join(resuming.CHANGEABLE)
    other = (
        "is another than the run began with. Expected the same: a run is resumed as it began, "
        f"but for {changeable}. Fit anew with the others."
    )
    cases: dict[tuple[str, ...], str] = {
        (): f"run is finished: 2 epochs. {on}",
        ("-o", "training.epochs=2"): f"run is finished: 2 epochs. {on}",
        ("-o", "training.epochs=1"): f"run is finished: 2 epochs. {on}",
        ("-o", "training.checkpoints.keep=5"): f"run is finished: 2 epochs. {on}",
        ("-o", "model.vector.units=[4]"): f"model.vector {other}",
        ("-o", "training.batch_size=4", "-o", "data.split.seed=9"):
            f"data.split, training.batch_size {other}",
        ("-o", "training.epochs=9", "--run-dir", "rows.csv"):
            "rows.csv is there already. Expected a folder that is new, or empty.",
    }  # fmt: skip
    for arguments, expected in cases.items():
        code, out, err = call("fit", "--resume", "run", *arguments)
        assert (code, out, err) == (2, "", f"Error: {expected}\n")
    code, _, err = call("fit", "--resume", "run", "-o", "training.epoch=4")
    assert (code, err.splitlines()[0].startswith("Error: -o training.epoch=4: ")) == (2, True)
    assert files_below(Path()) == before


@pytest.mark.slow
def test_a_run_that_stopped_early_wants_more_patience(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    # No fall of the loss is as large as that.
    text = (
        "data: {source: csv, path: rows.csv, target: answer}\n"
        "training: {epochs: 9, early_stopping: {patience: 2, min_delta: 10}}\n"
    )
    Path("a.yaml").write_text(text, encoding="utf-8")
    assert call("fit", "a.yaml", "--run-dir", "run")[0] == 0
    for arguments in ([], ["-o", "training.epochs=20"]):
        assert call("fit", "--resume", "run", *arguments) == (
            2, "", "Error: run is finished early, after 2 epochs without a lower validation loss: "
            "3 epochs. To resume it: "
            "`kbuilder fit --resume run -o training.early_stopping.patience=4`.\n",
        )  # fmt: skip
    patient = "training.early_stopping.patience=4"
    assert call("fit", "--resume", "run", "-o", patient, "--run-dir", "more")[0] == 0
    assert len(kb.load("more").history) == 5


def test_rows_that_are_not_those_of_the_run_are_refused(small: Path, call: Call) -> None:
    more = ["--resume", "run", "-o", "training.epochs=3"]
    rows = mixed()
    rows.loc[3, "size"] = 99.0
    rows.to_csv("rows.csv", index=False)
    was = "the rows are not those that run began with: they were 79 train, 8 validation, 9 test"
    end = "Restore the data, or fit anew.\n"
    before = files_below(Path())
    assert call("fit", *more) == (1, "", f"Error: {was}, and are as many, but others. {end}")
    pd.concat([mixed()] * 2).to_csv("rows.csv", index=False)
    now = "156 train, 17 validation, 19 test"
    assert call("fit", *more) == (1, "", f"Error: {was}, and are {now}. {end}")
    assert files_below(Path()) == before


@pytest.mark.slow
def test_a_folder_that_another_process_works_on_is_left_alone(small: Path, call: Call) -> None:
    folder = interrupt(small)
    with files.alone(folder):
        before = files_below(folder)
        code, out, err = call("fit", "--resume", "run")
        assert (code, out, said(err)[-1]) == (
            2, "",
            "Error: another process is at work on run.unfinished. Wait for it, or end it first.",
        )  # fmt: skip
        assert files_below(folder) == before
    assert call("fit", "--resume", "run")[0] == 0


@pytest.mark.slow
def test_an_interrupted_run_is_known_by_both_its_names_and_keeps_its_folder(
    small: Path, call: Call
) -> None:
    interrupt(small)
    assert call("evaluate", "run") == (
        2, "", "Error: run is not finished. Resume it by `kbuilder fit --resume run`.\n"
    )  # fmt: skip
    assert call("fit", "small.yaml", "--run-dir", "run") == (
        2, "", "Error: run.unfinished is there: a fit that is under way, or was interrupted. "
        "Resume it by `kbuilder fit --resume run`, or remove the folder.\n",
    )  # fmt: skip
    assert call("fit", "--resume", "run", "--run-dir", "other") == (
        2, "",
        "Error: an interrupted run is resumed in its own folder. Expected no --run-dir.\n",
    )  # fmt: skip
    assert call("fit", "--resume", "run", "-o", "training.epochs=1") == (
        2, "", "Error: run.unfinished is in epoch 2 already. "
        "Expected training.epochs of at least 2, not 1.\n",
    )  # fmt: skip
    code, out, err = call("fit", "--resume", "run.unfinished", "-o", "training.epochs=3")
    assert (code, out.splitlines()[-1]) == (0, "run: run")
    assert said(err)[0] == "resuming run.unfinished after epoch 2"
    assert len(kb.load("run").history) == 3
    assert not Path("run.unfinished").exists()


@pytest.mark.slow
def test_the_latest_is_the_newest_finished_or_not(small: Path, call: Call) -> None:
    folder = interrupt(small)
    whole = Path("runs/small/2026-01-01_00-00-00.000")
    shutil.copytree(folder, under_way.unfinished(whole))
    code, out, _ = call("fit", "--resume", "latest")
    assert (code, out.splitlines()[-1]) == (0, f"run: {whole}")
    code, _, err = call("fit", "--resume", "latest")
    assert code == 2
    assert err.startswith(f"Error: {whole} is finished: 2 epochs.")
    code, out, err = call("fit", "--resume", "latest", "-o", "training.epochs=3")
    assert code == 0
    [run] = [path for path in Path("runs/small").iterdir() if path != whole]
    assert out.splitlines()[-1] == f"run: {run}"
    assert err.endswith(f"kbuilder export {run} exported/small\n")


def test_a_process_killed_after_its_run_took_its_name_leaves_a_finished_run(
    small: Path, call: Call
) -> None:
    shutil.copytree(small, "whole")
    left = interrupt(small)
    shutil.move("whole", "run")
    assert call("fit", "--resume", "run")[2].startswith("Error: run is finished: 2 epochs. ")
    assert not left.exists()


def test_one_killed_before_its_recipe_was_written_has_nothing_to_go_on_from(call: Call) -> None:
    Path("run.unfinished").mkdir()
    assert call("fit", "--resume", "run") == (
        1, "", "Error: run.unfinished was interrupted before its fit began. "
        "Expected a recipe there. Remove the folder, and fit anew.\n",
    )  # fmt: skip


def test_one_killed_before_its_first_checkpoint_begins_anew(small: Path, call: Call) -> None:
    shutil.copytree(small, "whole")
    shutil.rmtree(interrupt(small) / "checkpoints")
    assert call("fit", "--resume", "run")[0] == 0
    assert_equal(Path("run"), Path("whole"))


def test_a_run_without_a_checkpoint_is_refused(call: Call) -> None:
    mixed().to_csv("rows.csv", index=False)
    text = "data: {source: csv, path: rows.csv, target: answer}\n"
    Path("a.yaml").write_text(text, encoding="utf-8")
    assert call("fit", "a.yaml", "--run-dir", "run", "--smoke")[0] == 0
    assert call("fit", "--resume", "run", "-o", "training.epochs=40") == (
        2, "", "Error: run kept no checkpoint to resume from. Expected a run of more than a smoke "
        "test, fitted with training.checkpoints.\n",
    )  # fmt: skip


CALLS = {
    "no run": (["--resume", "nowhere"], 2,
        "Error: there is no run folder nowhere. Expected the folder that `kbuilder fit` named, "
        "or `latest`.\n"),
    "no latest": (["--resume", "latest"], 2,
        "Error: there is no run below runs/. Expected one, from `kbuilder fit RECIPE`.\n"),
    "no run folder": (["--resume", "folder"], 1,
        "Error: folder is no whole run: it has no readable lock.json. "
        "Expected the folder that `kbuilder fit` named; fit again if it was altered.\n"),
    "smoke": (["--resume", "folder", "--smoke"], 2,
        "Error: Expected --resume without --smoke, which is for new runs.\n"),
    "recipe": (["a.yaml", "--resume", "folder"], 2,
        "Error: Expected RECIPE or --resume RUN, not both: "
        "a run holds its recipe, and -o changes it.\n"),
    "neither": ([], 2, "Error: Expected the RECIPE of a new run, or --resume RUN.\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CALLS)
def test_a_wrong_call_is_refused_and_leaves_nothing(kind: str, call: Call) -> None:
    arguments, code, expected = CALLS[kind]
    Path("folder").mkdir()
    found, out, err = call("fit", *arguments)
    usage = "Usage: kbuilder fit [OPTIONS] [RECIPE]\nTry 'kbuilder fit --help' for help.\n\n"
    assert (found, out, err.removeprefix(usage)) == (code, "", expected)
    assert files_below(Path()) == ["folder"]


@pytest.mark.slow
def test_python_gives_the_rows_that_a_recipe_does_not_hold() -> None:
    given = fields("mixed")
    training = {"epochs": 2, "seed": 3}
    kb.fit(kb.Recipe(**given, training=training), run_dir="run", verbose=False)
    longer = kb.fit(
        kb.Recipe(**given, training={**training, "epochs": 3}), run_dir="longer", verbose=False
    )
    more = {"override": ["training.epochs=3"], "verbose": False}
    run = kb.resume("run", data=given["data"], run_dir="more", **more)
    for one, two in zip(run.model.get_weights(), longer.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    other = kb.Frame(frame=mixed().iloc[::-1], target="answer")
    assert message(RunError, kb.resume, "run", data=other, run_dir="other", **more) == (
        "the rows are not those that run began with: they were 79 train, 8 validation, 9 test, "
        "and are as many, but others. Restore the data, or fit anew."
    )


def test_a_checkpoint_of_another_network_is_refused(small: Path, call: Call) -> None:
    folder = interrupt(small) / "checkpoints"
    [path] = checkpoints.find(folder)
    one = checkpoints.read(path)
    arrays = {name: array for name, array in one.arrays.items() if name != "00000"}
    checkpoints.write(folder, checkpoints.Checkpoint(one.epoch, one.step, arrays, one.state), 1)
    code, _, err = call("fit", "--resume", "run")
    assert code == 1
    assert said(err)[1:] == [
        "its last checkpoint is kept; resume by `kbuilder fit --resume run`",
        "Error: the checkpoint does not fit the network: another version of kbuilder or Keras "
        "wrote it. Resume with that version, or fit again.",
    ]


def test_a_run_that_goes_on_from_another_has_its_checkpoint_at_once(
    small: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a process that is killed in its first epoch need not begin from nothing."""
    seen: list[str] = []
    from kbuilder.training import fitting
    from kbuilder.training.listeners.keeper import Keeper

    def fit(*given: Any) -> Any:
        keeper = next(one for one in given[5] if isinstance(one, Keeper))
        keeper._writer.wait()
        seen.extend(after(path) for path in [keeper.folder])
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", fit)
    code, _, err = call("fit", "--resume", "run", "-o", "training.epochs=9", "--run-dir", "more")
    assert (code, seen) == (130, ["after epoch 2"])
    assert "its last checkpoint is kept; resume by `kbuilder fit --resume more`" in said(err)
    splits = json.loads(Path("more.unfinished/splits.json").read_text())
    assert splits == json.loads(Path("run/splits.json").read_text())
