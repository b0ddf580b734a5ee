"""What a person sees while a fit or a prediction runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bad import disk

from kbuilder import console as module
from kbuilder import progress
from kbuilder.console import TRAINING, Console


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


@pytest.mark.parametrize(("epochs", "seconds", "printed"), [
    (20, 0.1, [*range(1, 9)]),
    (200, 0.1, [1, 8]),
    (200, 2.0, [*range(1, 9)]),
    (45, 0.1, [1, 3, 6, 8]),
])  # fmt: skip
def test_of_many_quick_epochs_some_are_printed_and_the_last(
    epochs: int, seconds: float, printed: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(clock=lambda: 0.0)
    for number in range(1, 9):
        figures = {"epoch": number, "seconds": seconds, "learning_rate": 1e-3, "loss": 0.5}
        console.epoch(figures, epochs)
    console.say("stopped early")
    *shown, last = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1].partition("/")[0]) for line in shown] == printed
    assert last == "stopped early"
    assert len(console.lines) == 9


def test_another_rate_is_said_though_the_line_of_its_epoch_is_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(clock=lambda: 0.0)
    for number in range(1, 11):
        rate = 1e-3 if number < 7 else 1e-4
        console.epoch({"epoch": number, "seconds": 0.1, "learning_rate": rate, "loss": 0.5}, 200)
    first, last = capsys.readouterr().err.splitlines()
    assert first.endswith("learning_rate 0.001")
    assert last.startswith("epoch  10/200")
    assert last.endswith("learning_rate 0.0001")


def test_there_is_a_line_now_and_then_however_many_epochs_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = iter(range(100))
    console = Console(clock=lambda: float(next(seconds)))
    for number in range(1, 13):
        figures = {"epoch": number, "seconds": 0.1, "learning_rate": 1e-3, "loss": 0.5}
        console.epoch(figures, 1_000_000)
    assert 2 < len(capsys.readouterr().err.splitlines()) < 6


def test_what_is_held_is_printed_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(clock=lambda: 0.0)
    figures = {"epoch": 2, "seconds": 0.1, "learning_rate": 1e-3, "loss": 0.5}
    console.epoch(figures, 100)
    assert capsys.readouterr().err == ""
    console.close()
    assert capsys.readouterr().err.startswith("epoch   2/100")


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


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_what_takes_long_has_one_line() -> None:
    clock = Clock()
    console = Console(clock=clock)
    with console.following(), progress.stage("reading a.csv", 100e6, "bytes") as stage:
        for seconds in (1, 5, 9.9, 20, 40):
            clock.now = 100.0 + seconds
            stage.advance(10e6)
    assert console.lines == ["reading a.csv: 40 of 100 MB, 2 MB/s, 30 s left"]
    with console.following(), progress.stage("reading b.gz", None, "bytes") as stage:
        clock.now += 25
        stage.advance(50e6)
    assert console.lines[1:] == ["reading b.gz: 50 MB, 2 MB/s"]


def test_of_what_is_soon_done_nothing_is_said() -> None:
    clock = Clock()
    console = Console(clock=clock)
    with console.following():
        for _ in range(100):  # each begins anew
            with progress.stage("preparing", 10, "rows") as stage:
                clock.now += 0.9
                stage.advance(10)
    assert console.lines == []


def test_on_a_terminal_a_bar_shows_what_takes_a_second_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, shown = Clock(), []
    console = Console(clock=clock)
    monkeypatch.setattr(Console, "live", True)
    monkeypatch.setattr(console, "_show", lambda *given: shown.append(given))
    monkeypatch.setattr(console, "_hide", lambda: shown.append("hidden"))
    with console.following(), progress.stage("preparing", 4000, "rows") as stage:
        clock.now += 0.5
        stage.advance(1000)
        clock.now += 0.5
        stage.advance(1000)
    assert shown == [("preparing", 2000, 4000, "2,000 of 4,000 rows  2,000 rows/s"), "hidden"]
    assert console.lines == []


def test_the_bar_of_a_stage_moves_and_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    console = Console(clock=clock)
    monkeypatch.setattr(Console, "live", True)
    with console.following(), progress.stage("preparing", 4000, "rows") as stage:
        clock.now += 2
        stage.advance(1000)
        assert console._bar.tasks[0].completed == 1000
        console.say("between")
        stage.advance(1000)
        assert console._bar.tasks[0].percentage == 50
    assert console._bar is None
    assert "between" in capsys.readouterr().err


def test_once_rows_are_predicted_their_bar_stays() -> None:
    clock = Clock()
    console = Console(clock=clock)
    console.predicted(10, 0.5, 1.0)
    with console.following(), progress.stage("preparing", 4000, "rows") as stage:
        clock.now += 20
        stage.advance(1000)
    assert console.lines == []


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (99, "99 s"), (150, "2 min"), (7200, "2.0 h")]
)
def test_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert module.duration(seconds) == said


@pytest.mark.parametrize(("report", "said"), [(0.5, False), (2.0, True)])
def test_what_takes_long_beside_the_training_is_said(report: float, said: bool) -> None:
    times = iter([0.0, 0.0, 0.0, 1.0, 11.0, 12.0, 20.0, 20.0 + report])
    console = Console(verbose=False, clock=lambda: next(times))
    console.lap()
    console.lap(TRAINING)
    console.lap("metrics and baselines")
    console.lap()
    console.lap("the report")
    console.took()
    assert console.lines == [
        "training took 10.0 s; metrics and baselines 1.0 s, the report 2.0 s (`-o "
        "training.baselines=none` and the environment variable KBUILDER_REPORT=none leave them out)"
    ] * said  # fmt: skip
