"""The run folder: all that a fit leaves behind, written whole and checked when it is read.

A folder that bears its name is whole. `lock.json` has the SHA-256 of every file, and a file that
does not match it is not loaded. While the fit goes on, `<name>.unfinished` holds its recipe, its
checkpoints and its history, from which it can be gone on with.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kbuilder import __version__, catalog, checkpoints, files, spec
from kbuilder.checkpoints import Checkpoint
from kbuilder.columns import Columns
from kbuilder.console import echo
from kbuilder.contracts import Decision
from kbuilder.errors import CallError, Interrupted, RunError, listed
from kbuilder.recipe import reading, writing
from kbuilder.recipe.recipe import Recipe
from kbuilder.recipe.training import Training

LOCK = "lock.json"
UNFINISHED = ".unfinished"
CHANGEABLE = (
    "data.path", "data.test_path", "training.checkpoints", "training.early_stopping",
    "training.epochs", "training.plan", "training.strategy", "training.tensorboard",
    "training.wait_minutes",
)  # fmt: skip
"""What of a recipe may be changed when a run is gone on with."""
FILES = {
    "columns.json", "decisions.json", "examples.json", "history.csv", "log.txt", "metrics.json",
    "model.keras", "recipe.yaml", "splits.json",
}  # fmt: skip
METRICS = {"splits", "baselines", "headline", "better_than_baseline"}
PLUGINS = "plugins.json"
"""The plug-ins of others that a run was fitted with; not there, if there were none."""
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


@dataclass(frozen=True)
class Start:
    """From where a run is gone on with.

    Args:
        recipe: The resolved recipe, with the changes that were asked for.
        before: The same without them.
        origin: The folder from which it is gone on.
        path: The name of the run, once it is whole.
        decisions: What was inferred when it began.
        splits: Sizes, seed and fingerprint of the parts that it began with.
        checkpoint: Where it stands; None: at the beginning.
        log: What was printed before.
    """

    recipe: Recipe
    before: Recipe
    origin: Path
    path: Path
    decisions: Sequence[Decision]
    splits: Mapping[str, Any]
    checkpoint: Checkpoint | None
    log: Sequence[str]


def place(recipe: Recipe, run_dir: str | Path | None, title: str = "") -> Path:
    """Where a new run goes: `run_dir`, or `runs/<recipe>/<time>`.

    Args:
        title: In place of the recipe's name.

    Raises:
        CallError: if `run_dir` is there already, and is no empty folder.
    """
    if run_dir is not None:
        path = Path(run_dir)
        _free(path)
        if unfinished(path).exists():
            raise CallError(
                f"{unfinished(path)} is there: a fit that is under way, or was interrupted. "
                f"Go on with it by `{resuming(path)}`, or remove the folder."
            )
        return path
    return (
        Path("runs")
        / (title or _title(recipe))
        / datetime.now().strftime("%Y-%m-%d_%H-%M-%S.%f")[:-3]
    )


def _free(path: Path) -> None:
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise CallError(f"{path} is there already. Expected a folder that is new, or empty.")


def _title(recipe: Recipe) -> str:
    return Path(recipe.origin.name).stem if recipe.origin else "recipe"


def called(path: Path) -> str:
    """What a run is called: by its recipe, or by the folder that the user named."""
    named = path.parent.parent != Path("runs")
    return path.name if named else path.parent.name


def is_run(name: str | Path) -> bool:
    """Whether it means a run: `latest`, or a folder that is one."""
    return str(name) == "latest" or (Path(name) / LOCK).is_file()


def unfinished(path: Path) -> Path:
    """The folder of a run while its fit goes on."""
    return path.parent / f"{path.name}{UNFINISHED}"


def _finished(path: Path) -> Path:
    """The name of a run once it is whole."""
    return path.with_name(path.name.removesuffix(UNFINISHED)) if path.name else path


def resuming(path: Path) -> str:
    """The command that goes on with a run."""
    named = [word for folder in catalog.folders() for word in ("--plugins", str(folder))]
    return shlex.join(["kbuilder", "fit", "--resume", str(path), *named])


@contextmanager
def under_way(
    path: Path,
    recipe: Recipe,
    decisions: Sequence[Decision],
    splits: Mapping[str, Any],
    say: Callable[[str], None],
) -> Iterator[Path]:
    """The folder of a run while its fit goes on; goes once the run is whole.

    Where the fit fails, it stays if it has a checkpoint.

    Args:
        say: Is told how to go on, where the error does not say it.

    Raises:
        CallError: if another process is at work on it, or the run is whole already.
    """
    folder = unfinished(path)
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    with files.alone(folder):
        try:
            _free(path)
            _sweep(path)
            # Each is replaced whole: there may be checkpoints, which are worth nothing without.
            with files.new_file(folder / "splits.json") as file:
                _json(file, splits)
            _keep_plugins(folder, recipe)
            with files.new_file(folder / "decisions.json") as file:
                _json(file, [decision.to_json() for decision in decisions])
            with files.new_file(folder / "recipe.yaml") as file:
                _text(file, writing.to_yaml(recipe))
            yield folder
        except BaseException as error:
            if checkpoints.found(folder / "checkpoints"):
                if not isinstance(error, Interrupted):
                    say(f"its last checkpoint is kept, to go on from by `{resuming(path)}`")
            else:
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):  # another run may be at work there
                    for parent in made[1:]:
                        parent.rmdir()
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(path: Path) -> None:
    """Remove what a process that was killed left half written of this run."""
    for partial in unfinished(path).rglob(".*.partial"):
        partial.unlink()
    half = re.compile(rf"\.{re.escape(path.name)}\.\w{{8}}\.partial")
    for folder in path.parent.iterdir():
        if half.fullmatch(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def start(
    run: str | Path, override: Sequence[str], run_dir: str | Path | None, say: Callable[[str], None]
) -> Start:
    """From where to go on with a run: one that was interrupted, or one that is whole.

    A whole run stays as it is; what comes of it is a new one.

    Args:
        run: The folder, or `latest`.
        override: Changes of the recipe, such as `training.epochs=80`.
        run_dir: Folder of the run that comes of a whole one.
        say: Is told of damaged checkpoints.

    Raises:
        CallError: if there is no such run, the changes are not among those that can be made, or
            would give it nothing more to do.
        RecipeError: if they are wrong.
        RunError: if the run is damaged.
    """
    path = find(run, resume=True)
    whole = not path.name.endswith(UNFINISHED)
    name = str(path / "recipe.yaml")
    if whole:
        check(path)
        _leave_nothing(unfinished(path))
    elif not Path(name).exists():
        raise RunError(
            f"{path} was interrupted before its fit began. Expected a recipe there. "
            "Remove the folder, and fit anew."
        )
    _expect_plugins(path)
    with files.ours(path, RunError, "Fit again."):
        text = Path(name).read_text(encoding="utf-8")
        before = reading.parse(text, name=name, folder=path)
        decisions, splits = _decisions(path), _splits(path)
    recipe = reading.parse(text, name=name, folder=path, override=override)
    changes = _changes(before, recipe)
    other = [key for key in changes if not key.startswith(CHANGEABLE)]
    if other:
        raise CallError(
            f"{listed(other)} is another than the run began with. Expected the same: a run is gone "
            f"on with as it began, but for {listed(CHANGEABLE)}. Fit anew with the others."
        )
    if not whole and run_dir is not None:
        raise CallError("an interrupted run goes on in its own folder. Expected no --run-dir.")
    checkpoint = checkpoints.newest(path / "checkpoints", say)
    if checkpoint is not None:
        _more(path, recipe.training, checkpoint, whole)
    elif whole:
        raise CallError(
            f"{path} kept no checkpoint to go on from. Expected a run of more than a smoke test, "
            "fitted with training.checkpoints."
        )
    return Start(
        recipe=recipe,
        before=before,
        origin=path,
        path=place(recipe, run_dir, path.parent.name) if whole else _finished(path),
        decisions=decisions,
        splits=splits,
        checkpoint=checkpoint,
        log=_lines(path / "log.txt"),
    )  # fmt: skip


def _leave_nothing(left: Path) -> None:
    """Remove the unfinished folder of a whole run: its process was killed at the very end."""
    if left.is_dir():
        with suppress(CallError, OSError), files.alone(left):
            shutil.rmtree(left, ignore_errors=True)


def _more(path: Path, training: Training, checkpoint: Checkpoint, whole: bool) -> None:
    """Check that there is more to do, or in an interrupted run no less than has been done.

    Raises:
        CallError: if there is not.
    """
    with files.ours(path, RunError, "Fit anew."):
        standing, best = checkpoint.state["standing"], checkpoint.state.get("best")
        done = standing["epoch"] - standing["began"]  # in the last stretch
        least, waited = done + (standing["step"] > 0), int(best["waited"]) if best else 0
    if not whole:
        if training.epochs < least:
            raise CallError(
                f"{path} is in epoch {least} already. Expected training.epochs of at least "
                f"{least}, not {training.epochs}."
            )
        return
    stopping = training.early_stopping
    early = stopping is not None and waited >= stopping.patience
    more = [f"-o training.epochs={2 * done}"] if training.epochs <= done else []
    if early:
        more.append(f"-o training.early_stopping.patience={2 * waited}")
    if more:
        why = f" early, after {waited} epochs without a lower validation loss" if early else ""
        raise CallError(
            f"{path} is finished{why}: {done} epochs. To go on with it: "
            f"`{resuming(path)} {' '.join(more)}`."
        )


def same_rows(origin: Path, before: Mapping[str, Any], splits: Mapping[str, Any]) -> None:
    """Check that the rows are those that a run began with.

    Args:
        origin: The folder of the run.
        before: Its `splits.json`.
        splits: The same of the rows as they are now.

    Raises:
        RunError: if they are not.
    """
    was, now = (
        listed(f"{count:,} {name}" for name, count in known["rows"].items())
        for known in (before, splits)
    )
    if splits["fingerprint"] != before["fingerprint"]:
        raise RunError(
            f"the rows are not those that {origin} began with: they were {was}, and are "
            f"{'as many, but others' if was == now else now}. Restore the data, or fit anew."
        )


def _changes(before: Any, after: Any, way: tuple[str, ...] = ()) -> list[str]:
    """The places where two recipes differ, as `training.epochs`."""
    a, b = (r.model_dump(mode="json") if isinstance(r, Recipe) else r for r in (before, after))
    if isinstance(a, dict) and isinstance(b, dict) and len(way) < 2:
        return [p for k in sorted({*a, *b}) for p in _changes(a.get(k), b.get(k), (*way, k))]
    return [".".join(way)] if a != b else []


def write(path: Path, record: Record, model: Any, left: Path | None = None) -> None:
    """Write a run folder; it bears its name only when it is whole.

    Args:
        left: The folder of the fit, whose newest checkpoint and logs of TensorBoard it keeps.
    """
    with files.new_folder(path) as folder:
        _text(folder / "recipe.yaml", writing.to_yaml(record.recipe))
        _keep_plugins(folder, record.recipe)
        _text(folder / "columns.json", record.columns.to_json())
        _json(folder / "decisions.json", [decision.to_json() for decision in record.decisions])
        _json(folder / "splits.json", record.splits)
        _json(folder / "metrics.json", record.metrics)
        files.write_rows(folder / "history.csv", record.history)
        _text(folder / "log.txt", "\n".join(record.log) + "\n")
        _json(folder / "examples.json", {"instances": record.examples})
        model.save(folder / "model.keras")
        if left is not None:
            if record.recipe.training.checkpoints is not None:
                _keep_newest(left / "checkpoints", folder / "checkpoints")
            if (left / "tensorboard").is_dir():
                shutil.copytree(left / "tensorboard", folder / "tensorboard")
        _json(folder / LOCK, {
            "python": platform.python_version(),
            "machine": f"{sys.platform} {platform.machine()}",
            "packages": {"kbuilder": __version__, **{name: version(name) for name in PACKAGES}},
            "seed": record.recipe.training.seed,
            "sha256": files.hashes(folder),
        })  # fmt: skip


def _keep_newest(last: Path, folder: Path) -> None:
    """Put the newest checkpoint of a fit into the folder of its run."""
    for path in checkpoints.found(last)[:1]:
        folder.mkdir()
        try:
            os.link(path, folder / path.name)
        except OSError:  # some file systems have no second names for a file
            shutil.copyfile(path, folder / path.name)


def find(name: str | Path, resume: bool = False) -> Path:
    """The run folder called `name`, or the newest below `runs` for `latest`.

    Args:
        resume: Whether the folder of an unfinished run is meant too.

    Raises:
        CallError: if there is no such folder.
    """
    path = Path(name)
    if str(name) == "latest" and not path.exists():
        found = [lock.parent for lock in Path("runs").glob(f"*/*/{LOCK}")]
        if resume:
            left = Path("runs").glob(f"*/*{UNFINISHED}")
            found += [path for path in left if _finished(path) not in found]
        if not found:
            raise CallError(
                "there is no run below runs/. Expected one, from `kbuilder fit RECIPE`."
            )
        whole = [folder for folder in found if not _is_smoke(folder)]
        if not whole:
            raise CallError(
                "there are smoke runs alone below runs/, which `latest` does not mean. Expected "
                f"one from `kbuilder fit RECIPE`, or its name, such as {max(found)}."
            )
        return max(whole, key=lambda folder: folder.name)
    if resume:
        path = _finished(path)
        if unfinished(path).is_dir() and not (path / LOCK).is_file():
            return unfinished(path)
    elif unfinished(path).is_dir() and not path.is_dir():
        raise CallError(f"{path} is not finished. Go on with it by `{resuming(path)}`.")
    if not path.is_dir():
        raise CallError(
            f"there is no run folder {path}. Expected the folder that `kbuilder fit` named, "
            "or `latest`."
        )
    return path


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
    _expect_plugins(path)
    file = path / "recipe.yaml"
    text = file.read_text(encoding="utf-8")
    return reading.parse(text, name=str(file), folder=path, override=override)


def _is_smoke(path: Path) -> bool:
    """Whether a run says that it was a smoke test; what says nothing is looked at later."""
    try:
        return bool(_load(path / "splits.json")["smoke"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


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
    _expect_plugins(path)
    with (
        files.ours(path, RunError, "Fit again."),
        (path / "history.csv").open(newline="", encoding="utf-8") as file,
    ):
        metrics = _with(METRICS, path / "metrics.json")
        examples = _load(path / "examples.json")["instances"]
        if not isinstance(examples, list) or not all(isinstance(row, dict) for row in examples):
            raise ValueError("the examples are no rows")
        return Record(
            recipe=reading.parse(
                (path / "recipe.yaml").read_text(encoding="utf-8"), name=str(path)
            ),
            columns=Columns.from_json((path / "columns.json").read_text(encoding="utf-8")),
            decisions=_decisions(path),
            splits=_splits(path),
            history=[{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)],
            metrics=metrics,
            log=_lines(path / "log.txt"),
            examples=examples,
        )


def _keep_plugins(folder: Path, recipe: Recipe) -> None:
    """Write down which plug-ins of others a recipe uses, if any."""
    used = sorted(spec.origins(recipe), key=lambda origin: (origin.folder, origin.name))
    if used:
        with files.new_file(folder / PLUGINS) as file:
            _json(file, [asdict(origin) for origin in used])


def _expect_plugins(path: Path) -> None:
    """Check that the plug-ins of others that a run was fitted with are here.

    Raises:
        RunError: if one is not.
    """
    if not (path / PLUGINS).exists():
        return
    with files.ours(path, RunError, "Fit again."):
        used = [catalog.Origin(**known) for known in _load(path / PLUGINS)]
    for origin in used:
        try:
            now = catalog.origin_of(catalog.find(origin.folder, origin.name))
        except KeyError:
            raise RunError(
                f"{path} was fitted with the plug-in {origin}, which is not here. {_got(origin)}"
            ) from None
        if now is not None and now.version != origin.version:
            echo(
                f"Warning: {path} was fitted with another version of the plug-in {now}, which may "
                "prepare the rows in another way.",
                err=True,
            )


def _got(origin: catalog.Origin) -> str:
    """How a plug-in that is missing is got, as a sentence."""
    if origin.package:
        return f"Install it: `pip install {shlex.quote(f'{origin.package}=={origin.version}')}`."
    if not origin.version:
        return f"Import {origin.name.partition(':')[0]} first, in Python."
    spelled = ":" in origin.name
    folder = Path(origin.path).parents[0 if spelled else 1]
    return f"Name its folder: `--plugins {shlex.quote(str(folder))}`."


def read_model(path: Path) -> Any:
    """The fitted network. Call after `read`, which has checked the file against its hash."""
    import keras

    for name in catalog.names("layers"):
        import_module(f"kbuilder.layers.{name}")  # which registers its layer with Keras
    with files.ours(path, RunError, "Fit again."):
        return keras.models.load_model(path / "model.keras", compile=False, safe_mode=True)


def _with(names: Set[str], file: Path) -> dict[str, Any]:
    """The mapping of a JSON file, which has these names at least."""
    known = _load(file)
    if not isinstance(known, dict) or not known.keys() >= names:
        raise ValueError(f"{listed(sorted(names))} are not all there")
    return known


def _decisions(path: Path) -> list[Decision]:
    return [Decision.from_json(item) for item in _load(path / "decisions.json")]


def _splits(path: Path) -> dict[str, Any]:
    known = _with(SPLITS, path / "splits.json")
    for name, kind in (("rows", dict), ("fingerprint", dict), ("smoke", bool)):
        if not isinstance(known[name], kind):
            raise ValueError(f"{name} is a {type(known[name]).__name__}")
    return known


def _load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _lines(file: Path) -> list[str]:
    """The lines of a text; none, where there is no such file."""
    if not file.exists():
        return []
    return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _json(file: Path, value: Any) -> None:
    _text(file, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
