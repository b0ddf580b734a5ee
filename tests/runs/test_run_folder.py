"""The run folder: written whole, checked when it is read."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from bad import files_below
from shared import fields, message, mixed

import kbuilder as kb
from kbuilder import files
from kbuilder.errors import CallError, RunError
from kbuilder.recipe import reading
from kbuilder.runs import naming, run_folder

FILES = [
    "average.npz", "columns.json", "decisions.json", "examples.json", "findings.json",
    "history.csv", "lock.json", "log.txt",
    "metrics.json", "model.keras", "predictions.parquet", "recipe.yaml", "splits.json",
    "splits.parquet",
]  # fmt: skip
Runs = Callable[[str], kb.Run]


def checkpoint(folder: Path) -> str:
    """The checkpoint that a run keeps, by its path there."""
    [path] = (folder / "checkpoints").iterdir()
    return path.relative_to(folder).as_posix()


@pytest.fixture
def copied(fitted: Runs, tmp_path: Path) -> Path:
    """A copy of a run folder, to be spoiled."""
    return Path(shutil.copytree(fitted("mixed").path, tmp_path / "moved" / "here"))


def test_the_folder_has_exactly_its_files(fitted: Runs) -> None:
    folder = fitted("mixed").path
    assert files_below(folder) == [
        "average.npz", "checkpoints", checkpoint(folder), *FILES[1:]
    ]  # fmt: skip
    assert re.fullmatch(
        r"checkpoints/epoch-0002-step-000000\.[0-9a-f]{64}\.npz", checkpoint(folder)
    )


def test_a_fit_without_checkpoints_keeps_none() -> None:
    training = kb.Training(epochs=1, checkpoints=None)
    kb.fit(kb.Recipe(**fields("mixed"), training=training), run_dir="run", verbose=False)
    assert files_below(Path()) == ["run", *(f"run/{name}" for name in FILES)]


def test_where_files_cannot_be_locked_a_fit_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*given: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with files.alone(Path()):
        assert Path(".at-work").exists()


def test_a_moved_folder_is_loaded_with_all_that_it_holds(copied: Path, fitted: Runs) -> None:
    run, again = fitted("mixed"), kb.load(copied)
    pd.testing.assert_frame_equal(again.predict(mixed()), run.predict(mixed()))
    assert again.path == copied
    assert again.record.columns == run.record.columns
    assert list(again.decisions) == list(run.decisions)
    assert list(again.findings) == list(run.findings) != []
    assert again.metrics == run.metrics
    assert again.record.splits == run.record.splits
    assert again.record.examples == run.record.examples
    assert list(again.record.log) == list(run.record.log)
    pd.testing.assert_frame_equal(again.history, run.history)
    pd.testing.assert_frame_equal(again.rows, run.rows)
    pd.testing.assert_frame_equal(again.predictions(), run.predictions())


def test_a_loaded_run_exports_without_the_data(copied: Path) -> None:
    assert (kb.load(copied).export("export") / "saved_model.pb").is_file()


@pytest.mark.parametrize("name", [*(name for name in FILES if name != "lock.json"), "checkpoint"])
def test_a_file_that_is_gone_is_named(copied: Path, name: str) -> None:
    name = checkpoint(copied) if name == "checkpoint" else name
    (copied / name).unlink()
    assert message(RunError, kb.load, copied) == (
        f"{copied} is incomplete: {name} is missing. Restore the file, or fit again."
    )


@pytest.mark.parametrize("name", [*(name for name in FILES if name != "lock.json"), "checkpoint"])
def test_a_file_that_was_altered_is_named(copied: Path, name: str) -> None:
    name = checkpoint(copied) if name == "checkpoint" else name
    with (copied / name).open("ab") as file:
        file.write(b"\n")
    assert message(RunError, kb.load, copied) == (
        f"{copied} was altered after the fit: {name} does not match lock.json. "
        "Restore the file, or fit again."
    )


def test_a_run_without_the_files_of_later_versions_is_loaded(copied: Path) -> None:
    lock = json.loads((copied / "lock.json").read_text(encoding="utf-8"))
    for name in run_folder.LATER:
        (copied / name).unlink()
        del lock["sha256"][name]
    (copied / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    run = kb.load(copied)
    assert (len(run.rows), len(run.predictions()), list(run.findings)) == (0, 0, [])
    assert len(run.predict(pd.DataFrame(run.record.examples)))


def test_several_altered_files_are_all_named(copied: Path) -> None:
    for name in ("log.txt", "columns.json"):
        (copied / name).write_text("x", encoding="utf-8")
    assert "columns.json, log.txt does not match" in message(RunError, run_folder.check, copied)


def test_a_link_in_place_of_a_file_is_not_followed(copied: Path) -> None:
    model = copied / "model.keras"
    model.rename(copied.parent / "elsewhere")
    model.symlink_to(copied.parent / "elsewhere")
    assert "model.keras is missing" in message(RunError, run_folder.check, copied)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"sha256": []}', '{"sha256": {}}'])
def test_a_folder_without_a_readable_lock_is_no_run(copied: Path, content: str | None) -> None:
    lock = copied / "lock.json"
    lock.unlink() if content is None else lock.write_text(content, encoding="utf-8")
    assert message(RunError, kb.load, copied) == (
        f"{copied} is no whole run: it has no readable lock.json. "
        "Expected the folder that `kbuilder fit` named; fit again if it was altered."
    )


def test_a_run_that_is_not_there_is_named() -> None:
    assert message(CallError, kb.load, "nowhere") == (
        "there is no run folder nowhere. Expected the folder that `kbuilder fit` named, "
        "or `latest`."
    )


def test_latest_is_the_newest_of_all_recipes() -> None:
    assert message(CallError, naming.find, "latest") == (
        "there is no run below runs/. Expected one, from `kbuilder fit RECIPE`."
    )
    for name in ("b/2026-01-01_00-00-00.000", "a/2026-01-02_00-00-00.000", "c/2026-03-01_0"):
        Path("runs", name).mkdir(parents=True)
        if not name.startswith("c"):  # c has no lock, so it is no whole run
            Path("runs", name, "lock.json").write_text("{}", encoding="utf-8")
    assert naming.find("latest") == Path("runs/a/2026-01-02_00-00-00.000")
    Path("latest").mkdir()
    assert naming.find("latest") == Path("latest")


def test_a_run_goes_below_the_name_of_its_recipe_and_the_time() -> None:
    recipe = kb.Recipe(data=kb.Sklearn(name="iris"))
    assert naming.place(recipe, None).parent == Path("runs/recipe")
    read = reading.parse("data: {source: sklearn, name: iris}", name="flowers/iris-mlp.yaml")
    assert naming.place(read, None).parent == Path("runs/iris-mlp")
    assert naming.place(read, "here") == Path("here")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_run_dir_in_the_way_is_refused_before_the_data_is_read(kind: str) -> None:
    if kind == "file":
        Path("taken").write_text("mine", encoding="utf-8")
    else:
        Path("taken").mkdir()
        Path("taken/mine").touch()
    recipe = kb.Recipe(data=kb.CSV(path="nowhere.csv", target="y"))
    assert message(CallError, kb.fit, recipe, run_dir="taken") == (
        "taken is there already. Expected a folder that is new, or empty."
    )


def test_an_empty_run_dir_is_taken() -> None:
    Path("empty").mkdir()
    recipe = kb.Recipe(**fields("mixed"), training=kb.Training(epochs=1))
    assert kb.fit(recipe, run_dir="empty", smoke=True, verbose=False).path == Path("empty")
    assert files_below(Path()) == ["empty", *(f"empty/{name}" for name in FILES)]


def test_the_lock_has_versions_seed_and_hashes(fitted: Runs) -> None:
    folder = fitted("mixed").path
    lock = json.loads((folder / "lock.json").read_text(encoding="utf-8"))
    assert list(lock) == ["python", "machine", "packages", "seed", "sha256"]
    assert lock["seed"] == 3
    assert lock["packages"]["kbuilder"] == kb.__version__
    assert set(lock["packages"]) == {"kbuilder", *run_folder.PACKAGES}
    assert lock["sha256"] == files.hashes(folder, leave_out=("lock.json",))
    assert sorted(lock["sha256"]) == sorted(
        [checkpoint(folder), *(name for name in FILES if name != "lock.json")]
    )


def test_a_model_file_that_runs_code_is_not_loaded(copied: Path) -> None:
    """Even where the hash was made to match: Keras's safe mode is on."""
    import keras

    keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x)]).save(
        copied / "model.keras"
    )
    lock = copied / "lock.json"
    content = json.loads(lock.read_text(encoding="utf-8"))
    content["sha256"]["model.keras"] = files.sha256(copied / "model.keras")
    lock.write_text(json.dumps(content), encoding="utf-8")
    assert message(RunError, kb.load, copied) == (
        f"{copied} is not as kbuilder wrote it, though its hashes match: ValueError: Requested the "
        "deserialization of a `Lambda` layer whose `function` is a Python lambda. Fit again."
    )
