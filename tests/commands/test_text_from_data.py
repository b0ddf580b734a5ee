"""Names and words that come from data are text: none steers a terminal or a spreadsheet."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from forking import PROGRAM, Forks
from shared import Call

import kbuilder as kb
from kbuilder.contracts import IN_DOUBT, Decision
from kbuilder.runs.predicted_csv import to_csv
from kbuilder.summaries import grouped, summary

RED, BELL, C1, BIDI = "\x1b[31mred", "be\x07ll", "\x9b2J", "\u202eright"
CONTROL = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae")
RECIPE = """data: {source: csv, path: rows.csv, target: "ki\\e[1mnd"}
training: {epochs: 1}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({
        "\x1b]0;title\x07": random.normal(size=96),
        "two\nlines": random.normal(size=96),
        BIDI: random.normal(size=96),
        "tab\tbed": random.choice([RED, BELL, C1], 96),
        "ki\x1b[1mnd": [RED, BELL, C1] * 32,
    })  # fmt: skip
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "r.yaml").write_text(RECIPE, encoding="utf-8")
    return "r.yaml"


def test_no_verb_prints_a_control_character(recipe: str, call: Call) -> None:
    run = "run"
    verbs: list[list[object]] = [
        ["fit", recipe, "--run-dir", run],
        ["fit", recipe, "--run-dir", "json", "--json"],
        ["check", recipe],
        ["check", recipe, "-o", "features={'\x1b[2J': nothing}"],
        ["show", recipe],
        ["show", recipe, "--json"],
        ["show", recipe, "-o", "data.target=\x1b[5m"],
        ["evaluate", run],
        ["evaluate", run, "--data", "rows.csv", "--json"],
        ["predict", run, "rows.csv"],
        ["predict", run, "\x1b[2Jnowhere.csv"],
        ["export", run, "exported"],
        ["export", run, "exported-onnx", "--format", "onnx"],
        ["fit", "--resume", run, "-o", "training.epochs=2"],
        ["eject", recipe],
    ]
    for verb in verbs:
        code, out, err = call(*verb)
        assert code in (0, 1, 2), (verb, err)
        assert "did not foresee" not in err, (verb, err)
        for printed in (out, err):
            assert CONTROL.search(printed.encode()) is None, (verb, printed)
    log = Path(run, "log.txt").read_bytes()
    assert CONTROL.search(log) is None
    assert b'"two\\nlines"' in log


def test_predictions_on_stdout_are_those_of_the_file_byte_for_byte(
    recipe: str, call: Call, forked: Forks
) -> None:
    assert call("fit", recipe, "--run-dir", "run")[0] == 0
    printed = forked([PROGRAM, "predict", "run", "rows.csv"])
    code, _, err = call("predict", "run", "rows.csv", "--output", "out.csv")
    assert code == 0
    assert printed.stdout.encode() == Path("out.csv").read_bytes()
    assert "\\x1b[31mred" in printed.stdout
    assert CONTROL.search((printed.stdout + printed.stderr).encode()) is None
    assert err.startswith(
        "Warning: classes have control characters: '\\x1b[31mred', 'be\\x07ll', '\\x9b2J'. "
        "Predicted CSV shows them as escapes; Parquet, the Python API and the server keep them.\n"
    )
    assert set(kb.load("run").predict("rows.csv")["label"]) <= {RED, BELL, C1}


WORDS = ["=1+1", "+a", "-b", "@c", "\tx", "plain", "a=b", "", None]


def test_words_that_a_spreadsheet_takes_as_formulas_are_made_words_on_request() -> None:
    frame = pd.DataFrame({"label": WORDS, "=head": [-1.5] * len(WORDS)})
    assert to_csv(frame, True, safe=True).decode().splitlines() == [
        "label,'=head", "'=1+1,-1.5", "'+a,-1.5", "'-b,-1.5", "'@c,-1.5", "'\\tx,-1.5",
        "plain,-1.5", "a=b,-1.5", ",-1.5", ",-1.5",
    ]  # fmt: skip
    assert to_csv(frame, False).startswith(b"=1+1,-1.5\n+a,-1.5\n")


def test_the_option_reaches_both_ways_out(tmp_path: Path, call: Call, forked: Forks) -> None:
    frame = pd.DataFrame({"x": np.random.default_rng(0).random(60), "y": ["=1", "@2"] * 30})
    frame.to_csv("rows.csv", index=False)
    Path("r.yaml").write_text("data: {source: csv, path: rows.csv, target: y}\n")
    assert call("fit", "r.yaml", "--run-dir", "run", "-o", "training.epochs=1")[0] == 0
    assert call("predict", "run", "rows.csv", "--output", "out.csv", "--safe-csv")[0] == 0
    safe = Path("out.csv").read_text()
    assert {line.partition(",")[0] for line in safe.splitlines()[1:]} <= {"'=1", "'@2"}
    assert forked([PROGRAM, "predict", "run", "rows.csv", "--safe-csv"]).stdout == safe


@pytest.mark.parametrize("name", ["Sepal.Length", "a.b.c", ".", "two\nlines"])
def test_a_column_is_printed_by_its_whole_name(name: str) -> None:
    decisions: list[Any] = [
        Decision(("features", name), "number", "it is"),
        Decision(("features", name, "mean"), 1.0, "so"),
    ]
    assert [text for text, _ in grouped(decisions)] == [
        f"features.{json.dumps(name)}: number (it is), mean 1 (so)"
    ]


def test_what_was_decided_of_many_columns_is_said_in_twenty_lines_and_doubts_whole() -> None:
    kinds = ["number", "category", "ignored", "text", "datetime"]
    decisions: list[Any] = [
        Decision(("features", f"column {n}"), kinds[n % len(kinds)], f"reason {n}; more")
        for n in range(200)
    ]
    doubt = "20 different strings" + IN_DOUBT + "`features: {x: text}`" + " and more" * 20
    decisions += [
        Decision(("features", "x"), "category", doubt), Decision(("features", "y"), "set", "sets"),
        Decision(("task",), "binary", "two values"), Decision(("task", "loss"), "focal", "rare"),
        Decision(("features", "x", "mean"), 1.0, "learned"),
        Decision(("data", "a"), "b", "c" * 200),
    ]  # fmt: skip
    lines = summary(decisions)
    assert len(lines) == 10
    assert f"features.x: category ({doubt})" in lines
    assert {"set: y (sets)", "task: binary (two values)", "loss: focal (rare)"} < set(lines)
    [numbers] = [line for line in lines if line.startswith("number: 40 columns: ")]
    assert numbers.startswith("number: 40 columns: column 0, column 5, column 10, ")
    assert max(len(line) for line in lines if "nearly as" not in line) == 98
    assert len(summary([Decision(("training", f"k{n}"), n, "so") for n in range(50)])) == 19
