"""The list of runs, and runs side by side."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import blocks
from shared import KINDS, Call

import kbuilder as kb
from kbuilder import files
from kbuilder.errors import CallError
from kbuilder.evaluation import evaluating
from kbuilder.reporting import comparing, overview
from kbuilder.runs import listing, run_folder

Fitted = Callable[[str], kb.Run]
FIRST, SECOND = "runs/a/2026-01-01_00-00-00.000", "runs/b/2026-01-02_00-00-00.000"


@pytest.fixture
def some(fitted: Fitted, tmp_path: Path) -> None:
    """Two runs, a smoke run, one under way, one that cannot be read, below the working folder."""
    for name in (FIRST, SECOND, "runs/b/tried", "runs/b/broken"):
        shutil.copytree(fitted("mixed").path, tmp_path / name)
    splits = tmp_path / "runs/b/tried/splits.json"
    splits.write_text(splits.read_text().replace('"smoke": false', '"smoke": true'))
    (tmp_path / "runs/b/broken/metrics.json").write_text("[]")
    left = tmp_path / "runs/a/2026-01-03_00-00-00.000.unfinished"
    left.mkdir()
    (left / "history.csv").write_text("epoch,loss\n1,2\n2,1\n")


@pytest.mark.usefixtures("some")
def test_runs_are_listed_with_what_they_came_to(call: Call, fitted: Fitted) -> None:
    metrics = fitted("mixed").metrics
    value = metrics["splits"]["test"]["accuracy"]
    code, out, err = call("runs")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == [
        "runs/b/tried", "runs/b/broken", "runs/a/2026-01-03_00-00-00.000.unfinished", SECOND, FIRST,
    ]  # fmt: skip
    assert lines[-1].startswith(f"{FIRST}  test accuracy {value:.4f}  mlp")
    assert [re.findall(r"\((\w+)\)$", line) for line in lines] == [
        ["smoke"], ["unreadable"], ["unfinished"], [], [],
    ]  # fmt: skip
    told = json.loads(call("runs", "--json")[1])
    assert told[-1]["value"] == value
    assert told[-1]["rows"] == fitted("mixed").record.splits["rows"]["train"]
    assert told[2]["epochs"] == 2


def test_no_run_is_said(call: Call) -> None:
    assert "There is no run below runs/" in call("runs")[1]


@pytest.mark.usefixtures("some")
def test_removing_names_first_and_removes_when_it_is_told(call: Call, tmp_path: Path) -> None:
    code, out, err = call("runs", "rm", FIRST)
    assert code == 0
    assert f"would remove {FIRST} (" in out
    assert "--yes" in err
    assert (tmp_path / FIRST).is_dir()
    for wrong in ("runs/a", "runs", ".", "nowhere", "runs/b/broken/metrics.json"):
        code, _, err = call("runs", "rm", FIRST, wrong, "--yes")
        assert code == 2
        assert "no folder of a run" in err
    (tmp_path / "linked").symlink_to(tmp_path / FIRST)
    assert call("runs", "rm", "linked", "--yes")[0] == 2
    assert (tmp_path / FIRST).is_dir()
    left = "runs/a/2026-01-03_00-00-00.000.unfinished"
    assert call("runs", "rm", FIRST, left, "--yes")[0] == 0
    assert not (tmp_path / "runs/a").exists()
    assert (tmp_path / SECOND).is_dir()


def test_a_thousand_runs_are_listed_by_few_small_files(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fitted("mixed").path
    small = ("metrics.json", "splits.json", "recipe.yaml", "history.csv", "lock.json")
    for number in range(1000):
        folder = tmp_path / f"runs/r/{number:04}"
        folder.mkdir(parents=True)
        for name in small:
            os.link(own / name, folder / name)
    read: list[Path] = []
    fresh = files.read_json
    monkeypatch.setattr(files, "read_json", lambda path: read.append(path) or fresh(path))
    found = listing.runs(tmp_path / "runs")
    assert len(found) == 1000
    assert {path.name for path in read} == {"metrics.json", "splits.json"}
    assert len(read) == 2000


@pytest.mark.usefixtures("some")
def test_all_runs_are_a_page_that_is_sorted_by_a_click(browser: Any, tmp_path: Path) -> None:
    (tmp_path / FIRST / "report.html").write_text("<p>here")
    found = [replace(run, value=number / 7) for number, run in enumerate(listing.runs())]
    found[0] = replace(found[0], model="<script>alert(1)</script>")
    page = overview.write(found, tmp_path / "runs/index.html")
    context = browser.new_context()
    tab = context.new_page()
    wrong: list[str] = []
    tab.on("console", lambda said: wrong.append(said.text))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message))
    tab.goto(page.as_uri())

    def column(place: int) -> list[str]:
        return tab.locator(f"tbody tr td:nth-child({place})").all_inner_texts()

    tab.get_by_role("button", name="value").click()
    values = [float(text) for text in column(8)]
    assert values == sorted(values)
    tab.get_by_role("button", name="value").click()
    assert [float(text) for text in column(8)] == sorted(values, reverse=True)
    assert tab.locator("th[aria-sort=descending]").inner_text() == "value"
    tab.get_by_role("link", name=FIRST).click()
    assert tab.get_by_text("here").is_visible()
    assert wrong == []
    context.close()


@pytest.mark.usefixtures("some")
def test_runs_are_compared(call: Call, tmp_path: Path, fitted: Fitted) -> None:
    code, out, _ = call("compare", FIRST, SECOND)
    assert code == 0
    assert "recipe: the same\nversions: the same\nrows: the same\n" in out
    assert "show no difference: accuracy +0.0000 (95 %: +0.0000 to +0.0000)." in out
    shutil.rmtree(tmp_path / "runs/b/broken")
    line = blocks("sh", "kbuilder compare RUN latest").strip().replace("RUN", FIRST)
    assert call(*line.split()[1:])[0] == 0
    for shown in blocks("sh", "kbuilder runs\n").splitlines()[:1]:
        assert call(*shown.split()[1:])[0] == 0
    code, _, err = call("compare", FIRST)
    assert code == 2
    assert "Expected two runs or more" in err
    assert call("compare", FIRST, "nowhere")[0] == 2
    told = json.loads(call("compare", FIRST, SECOND, "--json")[1])
    assert told["pairs"][0]["verdict"] == "no difference"


def copied(run: kb.Run, path: Path, **changes: Any) -> Path:
    """A copy of a run with another record."""
    average = run_folder.average(run.path)
    record = replace(run.record, predictions=run.predictions(), rows=run.rows, average=average)
    run_folder.write(path, replace(record, **changes), run.model)
    return path


def test_what_differs_is_said_and_whether_it_matters(fitted: Fitted, tmp_path: Path) -> None:
    run = fitted("mixed")
    answers = run.predictions()
    right = answers.copy()
    right["label"] = right["truth"]
    for name in ("no", "yes"):
        right[f"probability of {name}"] = (right["truth"] == name).astype(np.float32)
    metrics = json.loads(json.dumps(run.metrics))
    metrics["splits"]["test"]["accuracy"] = 1.0
    training = run.recipe.training.model_copy(update={"epochs": 77})
    recipe = run.recipe.model_copy(update={"training": training})
    best = copied(run, tmp_path / "best", predictions=right, metrics=metrics, recipe=recipe)
    same = copied(run, tmp_path / "same")
    found = comparing.compare([str(same), str(best)])
    assert found.recipe["training.epochs"] == [run.recipe.training.epochs, 77]
    assert found.versions == {}
    [pair] = found.pairs
    assert pair["difference"] == pytest.approx(1 - run.metrics["splits"]["test"]["accuracy"])
    low, high = pair["interval"]
    assert low <= pair["difference"] <= high
    assert ("better" if low > 0 else "no difference") == pair["verdict"]
    prints = {**run.record.splits["fingerprint"], "test": "0" * 64}
    other = copied(run, tmp_path / "other", splits={**run.record.splits, "fingerprint": prints})
    found = comparing.compare([str(same), str(other)])
    assert found.rows == {"train": True, "validation": True, "test": False}
    assert found.pairs[0]["reason"] == "their test rows are not the same"
    assert "rows: not the same in test" in list(comparing.lines(found))


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_what_the_network_gave_and_the_truth_what_it_learned(
    kind: str, fitted: Fitted
) -> None:
    run = fitted(kind)
    split = list(run.metrics["splits"])[-1]
    for output in run.record.columns.outputs():
        answered = comparing._answered(run.path, run.record, split, output)
        assert answered is not None
        columns, encoded, outputs, weights = answered
        found = evaluating.score(columns, encoded, outputs, weights)
        for name, value in found.items():
            titled = run.record.columns.titled(output, name)
            assert value == pytest.approx(run.metrics["splits"][split][titled], rel=1e-4, abs=1e-5)


def test_one_run_cannot_be_compared() -> None:
    with pytest.raises(CallError, match="two runs"):
        comparing.compare(["x"])
