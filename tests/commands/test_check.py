"""`kbuilder check`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bad import DATA, command

from kbuilder import catalog

SEVEN = (
    DATA
    + """\
features: {y: number, x: {kind: catgory}}
model: {name: mlp, unit: 3, units: many}
training: {epochs: 0, epochs: 3, optimizer: {name: adam, momentum: 0.9}}
"""
)


def test_a_good_recipe_is_said_to_be_good_without_its_data() -> None:
    Path("good.yaml").write_text(DATA)
    assert command("check", "good.yaml") == (0, "good.yaml: no problem found.\n", "")


def test_every_recipe_is_checked_and_one_bad_one_is_enough() -> None:
    Path("good.yaml").write_text(DATA)
    Path("bad.yaml").write_text(SEVEN)
    done = command("check", "bad.yaml", "nowhere.yaml", "good.yaml")
    assert (done.code, done.out) == (2, "good.yaml: no problem found.\n")
    lines = [line for line in done.err.splitlines() if not line.startswith("    ")]
    assert [line.partition(": ")[0] for line in lines] == [
        "bad.yaml:2:15", "bad.yaml:2:33", "bad.yaml:3:20", "bad.yaml:3:29", "bad.yaml:4:20",
        "bad.yaml:4:23", "bad.yaml:4:68", "7 problems.", "there is no file nowhere.yaml. "
        "Expected the YAML file of a recipe; `kbuilder recipes list` shows those that come with "
        "kbuilder.",
    ]  # fmt: skip


ROWS = "x,code,y\n" + "".join(f"{n * n % 97},{n % 2},{n % 2}\n" for n in range(200))
LEAK = (
    "column 'code' gives the target 'y' away: each says the other. Leave it out: "
    "`data: {ignore: [code]}`."
)


def test_what_looks_wrong_in_the_data_is_printed_on_request() -> None:
    Path("rows.csv").write_text(ROWS)
    Path("a.yaml").write_text(DATA)
    done = command("check", "a.yaml", "--data")
    assert (done.code, done.out) == (1, "")
    assert LEAK in done.err
    allowed = ("-o", "data.checks={leak: warn, split: ignore}")
    assert command("check", "a.yaml", "--data", *allowed) == (
        0, f"a.yaml: Warning: {LEAK}\n", ""
    )  # fmt: skip
    clean = command("check", "a.yaml", "--data", "-o", "data.ignore=[code]", *allowed)
    assert clean == (0, "a.yaml: no problem found.\n", "")
    done = command("check", "a.yaml", "--data", "-o", "features={x: video}", *allowed)
    assert (done.code, done.out) == (1, "")
    assert "features.x: column 'x' " in done.err


def test_overrides_are_checked_too() -> None:
    Path("good.yaml").write_text(DATA)
    done = command("check", "good.yaml", "-o", "training.epochs=0", "-o", "model=mpl")
    assert done.code == 2
    assert done.err == (
        f"-o model=mpl: model: Expected one of: {', '.join(catalog.names('architectures'))}. "
        "Got 'mpl'.\n    Did you mean 'mlp'?\n"
        "-o training.epochs=0: training.epochs: Expected a number of at least 1. Got 0.\n"
        "2 problems.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["-o", "a=b"]])
def test_without_a_recipe_the_call_is_wrong(arguments: list[str]) -> None:
    done = command("check", *arguments)
    assert done.code == 2
    assert done.err.endswith("Error: Missing argument 'RECIPES...'.\n")


def test_a_check_loads_nothing_that_reads_data_or_trains() -> None:
    """In a process of its own. How long it takes, `make bench` tells."""
    Path("bad.yaml").write_text(SEVEN)
    command = [sys.executable, "-X", "importtime", "-m", "kbuilder", "check", "bad.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    timed = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    packages = {line.rpartition("|")[2].strip().partition(".")[0] for line in timed}
    assert "kbuilder" in packages
    slow = {"tensorflow", "keras", "pandas", "pyarrow", "sklearn", "scipy", "starlette", "uvicorn"}
    assert packages & slow == set()


def test_rows_that_are_divided_by_their_dates_are_checked_without_a_word_of_the_engine() -> None:
    """In a process of its own: the engine writes past Python, once in a process."""
    days = (
        f"2024-{1 + n // 28:02d}-{1 + n % 28:02d},{n * n % 97},{n * 7 % 31}" for n in range(300)
    )
    Path("rows.csv").write_text("day,x,y\n" + "\n".join(days))
    Path("a.yaml").write_text(
        "data: {path: rows.csv, target: y, split: {by: time, column: day}}\ntask: regression\n"
    )
    command = [sys.executable, "-m", "kbuilder", "check", "a.yaml", "--data"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
