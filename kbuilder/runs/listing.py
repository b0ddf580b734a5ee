"""The runs below a folder, as a list: what each came to, without reading its model."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kbuilder import files
from kbuilder.errors import CallError, cut
from kbuilder.runs.naming import LOCK
from kbuilder.runs.under_way import UNFINISHED

RUNS = Path("runs")
LONG = 60
"""Characters of a model in the list, at most."""


@dataclass(frozen=True)
class Listed:
    """A run in the list.

    Args:
        path: Its folder.
        state: "whole", "smoke", "unfinished", or "unreadable".
        model: The names of its networks.
        epochs: How many epochs it was fitted.
        rows: How many rows it was fitted on.
        split: The split that it is judged on; empty: no rows were held back.
        metric: The metric that it is judged by.
        value: Its value; None: there is none.
        better: Whether it is better than its baselines; None: nobody knows.
    """

    path: Path
    state: str
    model: str = ""
    epochs: int = 0
    rows: int = 0
    split: str = ""
    metric: str = ""
    value: float | None = None
    better: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Its entry for programs."""
        return {**asdict(self), "path": str(self.path)}


def runs(folder: Path = RUNS) -> list[Listed]:
    """The runs below a folder, the newest first.

    Args:
        folder: Where `fit` leaves them: in a folder for each recipe.
    """
    found = [lock.parent for lock in folder.glob(f"*/*/{LOCK}")]
    found += [left for left in folder.glob(f"*/*{UNFINISHED}") if left.is_dir()]
    found.sort(key=lambda path: (path.name, str(path)), reverse=True)
    return [look(path) for path in found]


def look(path: Path) -> Listed:
    """A run as the list has it; one that cannot be read says so and stops nobody."""
    if path.name.endswith(UNFINISHED):
        return Listed(path, "unfinished", _model(path), _epochs(path))
    try:
        metrics, splits = (files.read_json(path / f"{n}.json") for n in ("metrics", "splits"))
        split = next(reversed(metrics["splits"]), "")
        value = metrics["splits"][split].get(metrics["headline"]) if split else None
        better = metrics["better_than_baseline"]
        return Listed(
            path,
            state="smoke" if splits["smoke"] else "whole",
            model=_model(path),
            epochs=_epochs(path),
            rows=int(splits["rows"]["train"]),
            split=split,
            metric=str(metrics["headline"]),
            value=None if value is None else float(value),
            better=None if better is None else bool(better),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Listed(path, "unreadable")


def _model(path: Path) -> str:
    """The names of the networks in a recipe as kbuilder writes it."""
    try:
        text = (path / "recipe.yaml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    found = re.search(r"^model:(.*(?:\n[ -].*)*)", text, flags=re.MULTILINE)
    names = re.findall(r"^ +name: *(\S+)$", found[1], flags=re.MULTILINE) if found else []
    return cut(" + ".join(names), LONG)


def _epochs(path: Path) -> int:
    """The rows of its history."""
    try:
        with (path / "history.csv").open("rb") as file:
            return max(0, sum(1 for _ in file) - 1)
    except OSError:
        return 0


def expect(names: Sequence[str]) -> list[Path]:
    """The folders of runs that may be removed.

    Raises:
        CallError: if one is no run.
    """
    found = []
    for name in names:
        path = Path(name)
        whole = (path / LOCK).is_file()
        left = path.name.endswith(UNFINISHED) and path.is_dir()
        if path.is_symlink() or not (whole or left):
            raise CallError(
                f"{name} is no folder of a run. Expected one of those that `kbuilder runs` lists."
            )
        found.append(path)
    return found


def size(path: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file())


def remove(path: Path) -> None:
    """Remove the folder of a run, and that of its recipe if it was the last in it."""
    gone = path.with_name(f".{path.name}.gone")
    path.rename(gone)  # so that none is half there under its name
    shutil.rmtree(gone)
    if path.parent.parent == RUNS and not any(path.parent.iterdir()):
        path.parent.rmdir()
