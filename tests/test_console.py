"""What a person sees while a fit or a prediction runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bad import disk

from kbuilder import console as module
from kbuilder.console import Console


def test_the_learning_rate_is_said_where_it_is_another_than_before() -> None:
    console = Console(verbose=False)
    for epoch, rate in enumerate([1e-3, 1e-3, 2.5e-5], start=1):
        figures = {"epoch": epoch, "seconds": 0.25, "learning_rate": rate, "loss": 0.5}
        console.epoch(figures, 3)
    assert console.lines == [
        "epoch   1/3    0.2 s  loss 0.5000  learning_rate 0.001",
        "epoch   2/3    0.2 s  loss 0.5000",
        "epoch   3/3    0.2 s  loss 0.5000  learning_rate 2.5e-05",
    ]


def test_all_lines_are_kept_as_they_come(tmp_path: Path) -> None:
    file, console = tmp_path / "log.txt", Console(verbose=False)
    console.say("before")
    console.keep(file)
    assert file.read_text() == "before\n"
    console.say("after")
    assert file.read_text() == "before\nafter\n"
    console.close()
    console.say("too late")
    assert file.read_text() == "before\nafter\n"


def test_a_full_disk_does_not_stop_what_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with disk(tmp_path / "disk", "4k") as place:
        console = Console()
        console.keep(place / "log.txt")
        for number in range(3):
            console.say(f"{number}" * 3000)
        console.close()
    assert re.findall("^.", capsys.readouterr().err, re.MULTILINE) == ["0", "1", "2"]


def test_without_a_terminal_a_prediction_is_told_of_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = Console(verbose=False)
    console.predicted(1000, 0.1, 500.0)
    assert console.lines == []  # it has just begun
    monkeypatch.setattr(module, "SPACING", 0.0)
    console.predicted(2000, 0.2, 500.0)
    console.predicted(3000, None, 1500.0)
    assert console.lines == ["2,000 rows (20%), 500 rows/s", "3,000 rows, 1,500 rows/s"]
    monkeypatch.undo()
    console.predicted(4000, 0.4, 500.0)
    assert len(console.lines) == 2
