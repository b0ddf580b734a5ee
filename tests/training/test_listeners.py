"""Who follows a fit: is called, may end it, and keeps a state across a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from halting import HANG
from shared import mixed, warnings

import kbuilder as kb
from kbuilder.contracts import Progress


class Log:
    """Writes each epoch as a line of JSON."""

    def __init__(self, path: str) -> None:
        self.path = path

    def epoch(self, figures: Mapping[str, float]) -> None:
        with Path(self.path).open("a") as file:
            file.write(json.dumps(dict(figures)) + "\n")


class Enough:
    """Ends the fit after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def epoch(self, figures: Mapping[str, float]) -> bool:
        return figures["epoch"] >= self.epochs


class Steps:
    """Counts."""

    def __init__(self) -> None:
        self.seen: list[Progress] = []

    def step(self, progress: Progress) -> None:
        self.seen.append(progress)

    def epoch(self, figures: Mapping[str, float]) -> None:
        figures["epoch"] = -1  # type: ignore[index]  # of its own copy


def recipe(epochs: int = 3) -> kb.Recipe:
    mixed().to_csv("rows.csv", index=False)
    return kb.Recipe(
        data=kb.CSV(path=Path("rows.csv").absolute(), target="answer"),
        training=kb.Training(epochs=epochs, batch_size=32, seed=1),
    )


def test_each_epoch_is_logged() -> None:
    run = kb.fit(recipe(), listeners=[Log("log.jsonl")], run_dir="run", verbose=False)
    lines = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert [line["val_loss"] for line in lines] == run.history["val_loss"].tolist()


def test_a_listener_ends_the_fit_which_keeps_its_best_weights() -> None:
    run = kb.fit(recipe(9), listeners=[Enough(2)], run_dir="run", verbose=False)
    assert run.history.index.tolist() == [1, 2]
    assert "the listener Enough ends the fit after epoch 2" in run.record.log
    short = kb.fit(recipe(2), run_dir="short", verbose=False)
    for one, other in zip(run.model.get_weights(), short.model.get_weights(), strict=True):
        assert (one == other).all()
    assert kb.resume("run", run_dir="longer", verbose=False).history.index.tolist() == [
        *range(1, 10)
    ]


def test_steps_are_told_and_figures_are_a_copy() -> None:
    steps = Steps()
    run = kb.fit(recipe(1), listeners=[steps], run_dir="run", verbose=False)
    last = steps.seen[-1]
    assert (last.step, last.epoch, last.epochs) == (last.steps, 1, 1)
    assert last.loss == pytest.approx(run.history["loss"].tolist()[-1], rel=1e-5)
    assert run.history.index.tolist() == [1]


PROGRAM = """
import json, os, signal, sys
from pathlib import Path
import kbuilder as kb

class Count:
    seen = 0
    def epoch(self, figures):
        self.seen += 1
        print(int(figures["epoch"]), self.seen, flush=True)
        if sys.argv[1] == "killed" and figures["epoch"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    def get_state(self):
        return {"seen": self.seen}
    def set_state(self, known):
        self.seen = known["seen"]

training = kb.Training(epochs=5, batch_size=32)
data = kb.CSV(path=Path("rows.csv").absolute(), target="answer")
recipe = kb.Recipe(data=data, training=training)
if sys.argv[1] == "killed":
    import kbuilder.training.listeners.keeper as keeping
    keeping.SPACING = 0  # a checkpoint after each epoch, however short
    kb.fit(recipe, run_dir="run", listeners=[Count()], verbose=False)
else:
    kb.resume("run", listeners=[Count()] if sys.argv[1] == "resumed" else [], verbose=False)
"""


@pytest.mark.slow
def test_a_state_survives_a_kill() -> None:
    recipe()

    def run(how: str) -> Any:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, timeout=HANG,
            env={**os.environ, "PYTHONPATH": str(Path(kb.__file__).parents[1])}, check=False,
        )  # fmt: skip

    killed = run("killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout.split("\n")[:3] == ["1 1", "2 2", "3 3"]
    resumed = run("resumed")
    assert resumed.returncode == 0, resumed.stderr
    lines = resumed.stdout.split("\n")[:-1]
    epoch = int(lines[0].split()[0])  # the writer may have been killed before its last checkpoint
    assert lines == [f"{n} {n}" for n in range(epoch, 6)]
    assert epoch in (2, 3)


def test_another_listener_begins_anew_and_that_is_said() -> None:
    class Keeps:
        def epoch(self, figures: Mapping[str, float]) -> None: ...
        def get_state(self) -> int:
            return 1

        def set_state(self, known: int) -> None:
            raise AssertionError("it is another's")

    class Other(Keeps): ...

    kb.fit(recipe(1), listeners=[Keeps()], run_dir="run", verbose=False)
    longer = recipe(2)
    assert longer is not None
    run = kb.resume(
        "run", override=["training.epochs=2"], listeners=[Other()], run_dir="b", verbose=False
    )
    assert warnings(run) == [
        "Warning: no state was kept of the listener Other: it begins anew",
        "Warning: a state was kept of Keeps, and no such listener is here",
    ]
