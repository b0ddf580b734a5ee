"""What is kept of a fit under way, and from where it is resumed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbuilder import files
from kbuilder.contracts import Decision, Finding
from kbuilder.errors import CallError, Interrupted, RunError, listed
from kbuilder.recipe import reading, writing
from kbuilder.recipe.recipe import Recipe
from kbuilder.recipe.training import Training
from kbuilder.runs import checkpoints, naming, plugins, run_folder, under_way
from kbuilder.runs.checkpoints import Checkpoint
from kbuilder.runs.under_way import UNFINISHED, finished, resume_command, unfinished
from kbuilder.spec import learned

CHANGEABLE = (
    "data.path", "data.sql", "data.test_path", "data.validation_path", "training.checkpoints",
    "training.early_stopping", "training.epochs", "training.plan", "training.strategy",
    "training.tensorboard", "training.wait_minutes",
)  # fmt: skip
"""What of a recipe may be changed when a run is resumed."""
OF_ONE = ("training.early_stopping", "training.epochs")
"""What of these may not, where some of several networks are done."""


@dataclass(frozen=True)
class Start:
    """From where a run is resumed.

    Args:
        recipe: The resolved recipe, with the changes that were asked for.
        before: The same without them.
        origin: The folder from which it is resumed.
        path: The name of the run, once it is whole.
        decisions: What was inferred when it began.
        findings: What looked wrong in the rows then.
        splits: Sizes, seed and fingerprint of the parts that it began with.
        checkpoint: Where it stands; None: at the beginning.
        log: What was printed before.
    """

    recipe: Recipe
    before: Recipe
    origin: Path
    path: Path
    decisions: Sequence[Decision]
    findings: Sequence[Finding]
    splits: Mapping[str, Any]
    checkpoint: Checkpoint | None
    log: Sequence[str]


@contextmanager
def folder(
    path: Path,
    recipe: Recipe,
    decisions: Sequence[Decision],
    findings: Sequence[Finding],
    splits: Mapping[str, Any],
    say: Callable[[str], None],
) -> Iterator[Path]:
    """The folder of a run during its fit; it is removed once the run is whole.

    Where the fit fails, it stays if it has a checkpoint.

    Args:
        say: Called with how to resume, where the error does not say it.

    Raises:
        CallError: if another process is at work on it, or the run is whole already.
    """

    def resumable(folder: Path, error: BaseException) -> bool:
        fits = [folder, *(folder / under_way.NETWORKS).glob("*")]
        kept = any(checkpoints.find(fit / "checkpoints") for fit in fits)
        if kept and not isinstance(error, Interrupted):
            say(f"its last checkpoint is kept; resume by `{resume_command(path)}`")
        return kept

    with under_way.folder(path, resumable) as own:
        naming.expect_free(path)
        _sweep(path)
        # Each is replaced whole: there may be checkpoints, which are worth nothing without.
        with files.new_file(own / "splits.json") as file:
            files.write_json(file, splits)
        plugins.keep(own, recipe)
        with files.new_file(own / "decisions.json") as file:
            files.write_json(file, [decision.to_json() for decision in decisions])
        with files.new_file(own / "findings.json") as file:
            files.write_json(file, [finding.to_json() for finding in findings])
        with files.new_file(own / "recipe.yaml") as file:
            file.write_text(writing.to_yaml(recipe), encoding="utf-8")
        yield own


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
    """From where to resume a run: one that was interrupted, or one that is whole.

    A whole run stays as it is; what comes of it is a new one.

    Args:
        run: The folder, or `latest`.
        override: Changes of the recipe, such as `training.epochs=80`.
        run_dir: Folder of the run that comes of a whole one.
        say: Called with damaged checkpoints.

    Raises:
        CallError: if there is no such run, the changes are not among those that can be made, or
            would give it nothing more to do.
        RecipeError: if they are wrong.
        RunError: if the run is damaged.
    """
    path = naming.find(run, resume=True)
    whole = not path.name.endswith(UNFINISHED)
    name = str(path / "recipe.yaml")
    if whole:
        run_folder.check(path)
        _leave_nothing(unfinished(path))
    elif not Path(name).exists():
        raise RunError(
            f"{path} was interrupted before its fit began. Expected a recipe there. "
            "Remove the folder, and fit anew."
        )
    plugins.expect(path)
    with files.ours(path, RunError, "Fit again."):
        text = Path(name).read_text(encoding="utf-8")
        before = reading.parse(text, name=name, folder=path)
        decisions, splits = run_folder.decisions(path), run_folder.splits(path)
        findings = run_folder.findings(path)
    recipe = reading.parse(text, name=name, folder=path, override=override)
    changes = _changes(before, recipe)
    several = before.networks > 1
    if whole and several:
        raise CallError(
            f"{path} is finished, and has {before.networks} networks. Expected a run of one, which "
            "more epochs can be given to. Fit anew with more."
        )
    allowed = tuple(key for key in CHANGEABLE if not (several and key in OF_ONE))
    other = [key for key in changes if not key.startswith(allowed)]
    if other:
        raise CallError(
            f"{listed(other)} is another than the run began with. Expected the same: a run is "
            f"resumed as it began, but for {listed(allowed)}. Fit anew with the others."
        )
    if not whole and run_dir is not None:
        raise CallError("an interrupted run is resumed in its own folder. Expected no --run-dir.")
    checkpoint = checkpoints.newest(path / "checkpoints", say)
    if checkpoint is not None:
        _more(path, recipe.training, checkpoint, whole)
    elif whole:
        raise CallError(
            f"{path} kept no checkpoint to resume from. Expected a run of more than a smoke test, "
            "fitted with training.checkpoints."
        )
    return Start(
        recipe=recipe,
        before=before,
        origin=path,
        path=naming.place(recipe, run_dir, path.parent.name) if whole else finished(path),
        decisions=decisions,
        findings=findings,
        splits=splits,
        checkpoint=checkpoint,
        log=run_folder.lines(path / "log.txt"),
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
        standing = checkpoint.state["standing"]
        best = {one["listener"]: one["state"] for one in checkpoint.state["listeners"]}.get("Best")
        done = standing["epoch"] - standing["began"]  # in the last phase
        least, waited = done + (standing["step"] > 0), int(best["waited"]) if best else 0
    epochs = learned(training.epochs)
    if not whole:
        if epochs < least:
            raise CallError(
                f"{path} is in epoch {least} already. Expected training.epochs of at least "
                f"{least}, not {epochs}."
            )
        return
    stopping = training.early_stopping
    early = stopping is not None and waited >= learned(stopping.patience)
    more = [f"-o training.epochs={2 * done}"] if epochs <= done else []
    if early:
        more.append(f"-o training.early_stopping.patience={2 * waited}")
    if more:
        why = f" early, after {waited} epochs without a lower validation loss" if early else ""
        raise CallError(
            f"{path} is finished{why}: {done} epochs. To resume it: "
            f"`{resume_command(path)} {' '.join(more)}`."
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
