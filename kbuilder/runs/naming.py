"""How runs are called: the folder of a new one, and the one that a name means."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kbuilder import files
from kbuilder.errors import CallError
from kbuilder.recipe.recipe import Recipe
from kbuilder.runs.under_way import UNFINISHED, finished, resume_command, unfinished

LOCK = "lock.json"


def place(recipe: Recipe, run_dir: str | Path | None, title: str = "") -> Path:
    """Where a new run goes: `run_dir`, or `runs/<recipe>/<time>`.

    Args:
        title: In place of the recipe's name.

    Raises:
        CallError: if `run_dir` is there already, and is no empty folder.
    """
    if run_dir is not None:
        path = Path(run_dir)
        expect_free(path)
        if unfinished(path).exists():
            raise CallError(
                f"{unfinished(path)} is there: a fit that is under way, or was interrupted. "
                f"Resume it by `{resume_command(path)}`, or remove the folder."
            )
        return path
    return (
        Path("runs")
        / (title or _title(recipe))
        / datetime.now().strftime("%Y-%m-%d_%H-%M-%S.%f")[:-3]
    )


def expect_free(path: Path) -> None:
    """Check that a run can take a name.

    Raises:
        CallError: if it is there already, and is no empty folder.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise CallError(f"{path} is there already. Expected a folder that is new, or empty.")


def _title(recipe: Recipe) -> str:
    return Path(recipe.origin.name).stem if recipe.origin else "recipe"


def name_of(path: Path) -> str:
    """What a run is called: by its recipe, or by the folder that the user named."""
    named = path.parent.parent != Path("runs")
    return path.name if named else path.parent.name


def is_run(name: str | Path) -> bool:
    """Whether it means a run: `latest`, or a folder that is one."""
    return str(name) == "latest" or (Path(name) / LOCK).is_file()


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
            found += [path for path in left if finished(path) not in found]
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
        path = finished(path)
        if unfinished(path).is_dir() and not (path / LOCK).is_file():
            return unfinished(path)
    elif unfinished(path).is_dir() and not path.is_dir():
        raise CallError(f"{path} is not finished. Resume it by `{resume_command(path)}`.")
    if not path.is_dir():
        raise CallError(
            f"there is no run folder {path}. Expected the folder that `kbuilder fit` named, "
            "or `latest`."
        )
    return path


def _is_smoke(path: Path) -> bool:
    """Whether a run says that it was a smoke test; what says nothing is looked at later."""
    try:
        return bool(files.read_json(path / "splits.json")["smoke"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
