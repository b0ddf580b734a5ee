"""The run folder: all that a fit leaves behind, written whole and checked when it is read.

A folder that bears its name is whole. `lock.json` has the SHA-256 of every file, and a file that
does not match it is not loaded. During the fit, `<name>.unfinished` holds its recipe, its
checkpoints and its history, from which it can be resumed.
"""

from __future__ import annotations

import csv
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import __version__, catalog, files
from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Decision, Finding
from kbuilder.errors import CallError, RunError, listed
from kbuilder.late import np
from kbuilder.recipe import reading, writing
from kbuilder.recipe.recipe import Recipe
from kbuilder.runs import checkpoints, plugins
from kbuilder.runs.naming import LOCK, find, is_run

if TYPE_CHECKING:
    import pandas as pd

AVERAGE = "average.npz"
"""The average training row, prepared."""
FILES = {
    AVERAGE, "columns.json", "decisions.json", "examples.json", "findings.json", "history.csv",
    "log.txt", "metrics.json", "model.keras", "predictions.parquet", "recipe.yaml", "splits.json",
    "splits.parquet",
}  # fmt: skip
LATER = {AVERAGE, "findings.json", "predictions.parquet", "splits.parquet"}
"""Those that the first runs lack."""
METRICS = {"splits", "baselines", "headline", "better_than_baseline"}
SPLITS = {"rows", "fingerprint", "smoke"}
"""What is in the two files at least."""
PACKAGES = ("keras", "numpy", "pandas", "scikit-learn", "tensorflow")


@dataclass(frozen=True)
class Record:
    """What a run folder holds, but for the model.

    Args:
        recipe: The resolved recipe.
        columns: Learned features and task.
        decisions: What was inferred.
        findings: What looked wrong in the rows.
        splits: Sizes, seed and fingerprint of the parts.
        history: Figures of each epoch.
        metrics: The content of `metrics.json`.
        log: What was printed.
        examples: A few real rows as JSON values, to compare an export on.
        rows: The split of each row: `split`, and `row`, its number from 1, or `file`; None: they
            are in the folder, see `frame`.
        predictions: The same of those held back, with what is true of each and the answers.
        average: The average training row, prepared; None: it is in the folder, see
            `average`.
    """

    recipe: Recipe
    columns: Columns
    decisions: Sequence[Decision]
    findings: Sequence[Finding]
    splits: Mapping[str, Any]
    history: Sequence[Mapping[str, float]]
    metrics: Mapping[str, Any]
    log: Sequence[str]
    examples: Sequence[Mapping[str, Any]]
    rows: pd.DataFrame | None = None
    predictions: pd.DataFrame | None = None
    average: Arrays | None = None


def write(path: Path, record: Record, model: Any, left: Path | None = None) -> None:
    """Write a run folder; it bears its name only when it is whole.

    Args:
        left: The folder of the fit, whose newest checkpoint and logs of TensorBoard it keeps.
    """
    with files.new_folder(path) as folder:
        (folder / "recipe.yaml").write_text(writing.to_yaml(record.recipe), encoding="utf-8")
        plugins.keep(folder, record.recipe)
        (folder / "columns.json").write_text(record.columns.to_json(), encoding="utf-8")
        files.write_json(
            folder / "decisions.json", [decision.to_json() for decision in record.decisions]
        )
        files.write_json(
            folder / "findings.json", [finding.to_json() for finding in record.findings]
        )
        files.write_json(folder / "splits.json", record.splits)
        files.write_json(folder / "metrics.json", record.metrics)
        for name, rows in (("splits", record.rows), ("predictions", record.predictions)):
            assert rows is not None, "they come from the fit"
            files.write_parquet(folder / f"{name}.parquet", rows)
        files.write_rows(folder / "history.csv", record.history)
        (folder / "log.txt").write_text("\n".join(record.log) + "\n", encoding="utf-8")
        assert record.average is not None, "it comes from the fit"
        np.savez(folder / AVERAGE, **record.average)  # type: ignore[arg-type]
        files.write_json(folder / "examples.json", {"instances": record.examples})
        model.save(folder / "model.keras")
        if left is not None:
            if record.recipe.training.checkpoints is not None and record.recipe.networks == 1:
                _keep_newest(left / "checkpoints", folder / "checkpoints")
            if (left / "tensorboard").is_dir():
                shutil.copytree(left / "tensorboard", folder / "tensorboard")
        files.write_json(folder / LOCK, {
            "python": platform.python_version(),
            "machine": f"{sys.platform} {platform.machine()}",
            "packages": {"kbuilder": __version__, **{name: version(name) for name in PACKAGES}},
            "seed": record.recipe.training.seed,
            "sha256": files.hashes(folder),
        })  # fmt: skip


def _keep_newest(last: Path, folder: Path) -> None:
    """Put the newest checkpoint of a fit into the folder of its run."""
    for path in checkpoints.find(last)[:1]:
        folder.mkdir()
        try:
            os.link(path, folder / path.name)
        except OSError:  # some file systems have no second names for a file
            shutil.copyfile(path, folder / path.name)


def recipe(name: str | Path, override: Sequence[str] = ()) -> Recipe:
    """The recipe of a file, or the resolved one of a run.

    Args:
        name: A recipe file, the folder of a run, or `latest`.
        override: Settings such as `training.epochs=3`.

    Raises:
        CallError: if there is no such file or run.
        RecipeError: if it is wrong.
        RunError: if the run is incomplete or altered.
    """
    if not is_run(name):
        return reading.read(name, override)
    path = find(name)
    check(path)
    plugins.expect(path)
    file = path / "recipe.yaml"
    text = file.read_text(encoding="utf-8")
    return reading.parse(text, name=str(file), folder=path, override=override)


def check(path: Path) -> None:
    """Check every file of a run against its hash.

    Raises:
        RunError: if the folder is no run, or a file is missing or altered.
    """
    try:
        known = files.hashes_in(path / LOCK)
        if not known.keys() >= FILES - LATER:
            raise ValueError("without the hashes of all files")
    except (OSError, ValueError):
        raise RunError(
            f"{path} is no whole run: it has no readable {LOCK}. "
            "Expected the folder that `kbuilder fit` named; fit again if it was altered."
        ) from None
    for name in known:
        file = path / name
        if not file.is_file() or file.is_symlink():
            raise RunError(
                f"{path} is incomplete: {name} is missing. Restore the file, or fit again."
            )
    altered = [name for name, digest in known.items() if files.sha256(path / name) != digest]
    if altered:
        raise RunError(
            f"{path} was altered after the fit: {listed(altered)} does not match {LOCK}. "
            "Restore the file, or fit again."
        )


def read(path: Path) -> Record:
    """Read a run folder, but for its model.

    Raises:
        RunError: as `check`.
    """
    check(path)
    plugins.expect(path)
    with (
        files.ours(path, RunError, "Fit again."),
        (path / "history.csv").open(newline="", encoding="utf-8") as file,
    ):
        metrics = _with(METRICS, path / "metrics.json")
        examples = files.read_json(path / "examples.json")["instances"]
        if not isinstance(examples, list) or not all(isinstance(row, dict) for row in examples):
            raise ValueError("the examples are no rows")
        return Record(
            recipe=reading.parse(
                (path / "recipe.yaml").read_text(encoding="utf-8"), name=str(path)
            ),
            columns=Columns.from_json((path / "columns.json").read_text(encoding="utf-8")),
            decisions=decisions(path),
            findings=findings(path),
            splits=splits(path),
            history=[{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)],
            metrics=metrics,
            log=lines(path / "log.txt"),
            examples=examples,
        )


def read_model(path: Path) -> Any:
    """The fitted network. Call after `read`, which has checked the file against its hash."""
    import keras

    for name in catalog.names("layers"):
        import_module(f"kbuilder.layers.{name}")  # which registers its layer with Keras
    with files.ours(path, RunError, "Fit again."):
        return keras.models.load_model(path / "model.keras", compile=False, safe_mode=True)


def _with(names: Set[str], file: Path) -> dict[str, Any]:
    """The mapping of a JSON file, which has these names at least."""
    known = files.read_json(file)
    if not isinstance(known, dict) or not known.keys() >= names:
        raise ValueError(f"{listed(sorted(names))} are not all there")
    return known


def frame(file: Path) -> pd.DataFrame:
    """The rows of a Parquet file of a run, each of a split; none where there is no such file.

    Raises:
        RunError: if it is not as kbuilder wrote it.
    """
    if not file.exists():
        import pandas as pd

        return pd.DataFrame({"split": [], "row": []})
    with files.ours(file.parent, RunError, "Fit again."):
        rows = files.read_parquet(file)
        if "split" not in rows or not {"row", "file"} & set(rows):
            raise ValueError(f"{file.name} has no split, or no row or file")
    return rows


def average(path: Path) -> Arrays:
    """The average training row of a run, prepared, by input of the network.

    Raises:
        CallError: if an earlier version wrote the run, without one.
        RunError: if it is not as kbuilder wrote it.
    """
    file = path / AVERAGE
    if not file.exists():
        command = shlex.join(["kbuilder", "fit", str(path / "recipe.yaml")])
        raise CallError(
            f"{path} has no {AVERAGE}, the average row that explanations begin from: an earlier "
            f"version of kbuilder wrote it. Fit again: `{command}`."
        )
    with files.ours(path, RunError, "Fit again."), np.load(file, allow_pickle=False) as known:
        return {name: known[name] for name in known.files}


def decisions(path: Path) -> list[Decision]:
    """What was inferred when a run began."""
    return [Decision.from_json(item) for item in files.read_json(path / "decisions.json")]


def findings(path: Path) -> list[Finding]:
    """What looked wrong in the rows when a run began."""
    file = path / "findings.json"
    return [Finding.from_json(item) for item in files.read_json(file)] if file.exists() else []


def splits(path: Path) -> dict[str, Any]:
    """The content of `splits.json`."""
    known = _with(SPLITS, path / "splits.json")
    for name, kind in (("rows", dict), ("fingerprint", dict), ("smoke", bool)):
        if not isinstance(known[name], kind):
            raise ValueError(f"{name} is a {type(known[name]).__name__}")
    return known


def lines(file: Path) -> list[str]:
    """The lines of a text; none, where there is no such file."""
    if not file.exists():
        return []
    return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
