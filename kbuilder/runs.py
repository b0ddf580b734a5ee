"""The run folder: all that a fit leaves behind, written whole and checked when it is read.

A folder that bears its name is whole. `lock.json` has the SHA-256 of every file, and a file that
does not match it is not loaded.
"""

from __future__ import annotations

import csv
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kbuilder import __version__, catalog, files
from kbuilder.columns import Columns
from kbuilder.contracts import Decision
from kbuilder.errors import CallError, RunError, listed
from kbuilder.recipe import reading, writing
from kbuilder.recipe.recipe import Recipe

LOCK = "lock.json"
FILES = {
    "columns.json", "decisions.json", "examples.json", "history.csv", "log.txt", "metrics.json",
    "model.keras", "recipe.yaml", "splits.json",
}  # fmt: skip
PACKAGES = ("keras", "numpy", "pandas", "scikit-learn", "tensorflow")


@dataclass(frozen=True)
class Record:
    """What a run folder holds, but for the model.

    Args:
        recipe: The resolved recipe.
        columns: Learned features and task.
        decisions: What was inferred.
        splits: Sizes, seed and fingerprint of the parts.
        history: Figures of each epoch.
        metrics: The content of `metrics.json`.
        log: What was printed.
        examples: A few real rows as JSON values, to compare an export on.
    """

    recipe: Recipe
    columns: Columns
    decisions: Sequence[Decision]
    splits: Mapping[str, Any]
    history: Sequence[Mapping[str, float]]
    metrics: Mapping[str, Any]
    log: Sequence[str]
    examples: Sequence[Mapping[str, Any]]


def place(recipe: Recipe, run_dir: str | Path | None) -> Path:
    """Where a new run goes: `run_dir`, or `runs/<recipe>/<time>`.

    Raises:
        CallError: if `run_dir` is there already, and is no empty folder.
    """
    if run_dir is not None:
        path = Path(run_dir)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise CallError(f"{path} is there already. Expected a folder that is new, or empty.")
        return path
    title = Path(recipe.origin.name).stem if recipe.origin else "recipe"
    return Path("runs") / title / datetime.now().strftime("%Y-%m-%d_%H-%M-%S.%f")[:-3]


def write(path: Path, record: Record, model: Any) -> None:
    """Write a run folder; it bears its name only when it is whole."""
    with files.new_folder(path) as folder:
        _text(folder / "recipe.yaml", writing.to_yaml(record.recipe))
        _text(folder / "columns.json", record.columns.to_json())
        _json(folder / "decisions.json", [asdict(decision) for decision in record.decisions])
        _json(folder / "splits.json", record.splits)
        _json(folder / "metrics.json", record.metrics)
        with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, fieldnames=list(record.history[0]))
            rows.writeheader()
            rows.writerows(record.history)
        _text(folder / "log.txt", "\n".join(record.log) + "\n")
        _json(folder / "examples.json", {"instances": record.examples})
        model.save(folder / "model.keras")
        _json(folder / LOCK, {
            "python": platform.python_version(),
            "machine": f"{sys.platform} {platform.machine()}",
            "packages": {"kbuilder": __version__, **{name: version(name) for name in PACKAGES}},
            "seed": record.recipe.training.seed,
            "sha256": files.hashes(folder),
        })  # fmt: skip


def find(name: str | Path) -> Path:
    """The run folder called `name`, or the newest below `runs` for `latest`.

    Raises:
        CallError: if there is no such folder.
    """
    path = Path(name)
    if str(name) == "latest" and not path.exists():
        runs = sorted(Path("runs").glob(f"*/*/{LOCK}"), key=lambda lock: lock.parent.name)
        if not runs:
            raise CallError(
                "there is no run below runs/. Expected one, from `kbuilder fit RECIPE`."
            )
        return runs[-1].parent
    if not path.is_dir():
        raise CallError(
            f"there is no run folder {path}. Expected the folder that `kbuilder fit` named, "
            "or `latest`."
        )
    return path


def check(path: Path) -> None:
    """Check every file of a run against its hash.

    Raises:
        RunError: if the folder is no run, or a file is missing or altered.
    """
    try:
        known = json.loads((path / LOCK).read_text(encoding="utf-8"))["sha256"]
        if not isinstance(known, dict) or not known.keys() >= FILES:
            raise ValueError("without the hashes of all files")
    except (OSError, ValueError, KeyError, TypeError):
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
    with (path / "history.csv").open(newline="", encoding="utf-8") as file:
        history = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
    return Record(
        recipe=reading.parse((path / "recipe.yaml").read_text(encoding="utf-8"), name=str(path)),
        columns=Columns.from_json((path / "columns.json").read_text(encoding="utf-8")),
        decisions=[Decision(**item) for item in _load(path / "decisions.json")],
        splits=_load(path / "splits.json"),
        history=history,
        metrics=_load(path / "metrics.json"),
        log=(path / "log.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n"),
        examples=_load(path / "examples.json")["instances"],
    )


def read_model(path: Path) -> Any:
    """The fitted network. Call after `read`, which has checked the file against its hash."""
    import keras

    for name in catalog.names("layers"):
        import_module(f"kbuilder.layers.{name}")  # which registers its layer with Keras
    return keras.models.load_model(path / "model.keras", compile=False, safe_mode=True)


def _load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _json(file: Path, value: Any) -> None:
    _text(file, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
