"""`kbuilder predict`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shared import ROWS, Call, mixed


@pytest.fixture
def rows(tmp_path: Path) -> str:
    mixed().to_csv(tmp_path / "rows.csv", index=False)
    return "rows.csv"


def test_predictions_go_to_stdout_as_csv(rows: str, fitted: Any, call: Call) -> None:
    run = fitted("mixed")
    code, out, err = call("predict", run.path, rows)
    assert (code, err) == (0, "")
    frame = pd.read_csv(io.StringIO(out))
    assert list(frame) == ["label", "probability", "probability of no", "probability of yes"]
    assert frame["label"].tolist() == run.predict(mixed())["label"].tolist()


def test_a_file_is_written_whole_in_place_of_the_old(rows: str, fitted: Any, call: Call) -> None:
    _, expected, _ = call("predict", fitted("mixed").path, rows)
    with Path("out.csv").open("w", encoding="utf-8") as old:
        code, out, err = call("predict", fitted("mixed").path, rows, "-o", "out.csv")
        assert Path("out.csv").stat().st_ino != os.fstat(old.fileno()).st_ino  # by rename
    assert (code, out, err) == (0, "", f"{ROWS} predictions: out.csv\n")
    assert Path("out.csv").read_text(encoding="utf-8") == expected
    assert sorted(path.name for path in Path().iterdir()) == ["out.csv", "rows.csv"]


def test_a_failure_leaves_the_old_file(fitted: Any, call: Call) -> None:
    Path("out.csv").write_text("old", encoding="utf-8")
    pd.DataFrame({"size": [1.0]}).to_csv("few.csv", index=False)
    code, out, err = call("predict", fitted("mixed").path, "few.csv", "-o", "out.csv")
    assert (code, out) == (1, "")
    assert err == "Error: few.csv has no column 'colour', 'floor'. It has: size.\n"
    assert Path("out.csv").read_text(encoding="utf-8") == "old"


def test_the_examples_of_the_run_are_predicted(fitted: Any, call: Call) -> None:
    path = fitted("files").path
    code, out, _ = call("predict", path, path / "examples.json")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(fitted("files").record.examples)


@pytest.mark.parametrize(
    ("run", "data", "code", "said"),
    [
        ("nowhere", "rows.csv", 2, "Error: there is no run folder nowhere."),
        ("latest", "rows.csv", 2, "Error: there is no run below runs/."),
        (".", "rows.csv", 1, "Error: . is no whole run: it has no readable lock.json."),
        ("mixed", "nowhere.csv", 1, "Error: there is no file nowhere.csv."),
        ("mixed", "nowhere.json", 1, "Error: nowhere.json cannot be read: "),
    ],
)
def test_what_is_not_there_is_named(
    rows: str, fitted: Any, call: Call, run: str, data: str, code: int, said: str
) -> None:
    place = fitted("mixed").path if run == "mixed" else run
    found, out, err = call("predict", place, data)
    assert (found, out) == (code, "")
    assert err.startswith(said)
    assert err.count("\n") == 1
