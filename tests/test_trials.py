"""Several networks and seeds on the same rows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import blocks
from shared import Call, mixed

import kbuilder as kb
from kbuilder import trials
from kbuilder.errors import CallError, RecipeError
from kbuilder.sources.csv import CSV


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    mixed().to_csv(tmp_path / "rows.csv", index=False)
    file = tmp_path / "flowers.yaml"
    file.write_text("data: {path: rows.csv, target: answer}\ntraining: {epochs: 2, seed: 5}\n")
    return file


def test_the_rows_are_read_once_and_each_fit_is_that_of_its_own_command(
    recipe: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    fresh = CSV.load
    monkeypatch.setattr(CSV, "load", lambda self, *given: read.append(self) or fresh(self, *given))
    line = blocks("sh", "kbuilder compare flowers.yaml --models").strip()
    line = line.replace("epochs=5", "epochs=2").replace("--seeds 3", "--seeds 2")
    code, out, err = call(*line.split()[1:], "--csv")
    assert code == 0
    assert len(read) == 1
    frame = pd.read_csv(io.StringIO(out))
    assert frame["model"].tolist() == ["mlp", "linear"]
    assert frame["fits"].tolist() == [2, 2]
    paths = [said.rpartition("  ")[2] for said in err.splitlines() if ", seed " in said]
    runs = [kb.load(path) for path in paths]
    assert [run.recipe.training.seed for run in runs] == [5, 6, 5, 6]
    assert not any((run.path / "report.html").exists() for run in runs)
    values = np.array([run.metrics["splits"]["test"]["loss"] for run in runs]).reshape(2, 2)
    assert frame["loss"].tolist() == pytest.approx(values.mean(axis=1).tolist())
    assert frame["loss sd"].tolist() == pytest.approx(values.std(axis=1, ddof=1).tolist())
    assert frame.columns[2:4].tolist() == ["accuracy", "accuracy sd"]
    alone = kb.fit(recipe, run_dir="alone", verbose=False)
    assert alone.recipe.training.seed == 5
    for ours, theirs in zip(runs[0].model.get_weights(), alone.model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_python_compares_networks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = kb.Recipe(
        data=kb.Frame(frame=mixed(), target="answer"), training=kb.Training(epochs=1, seed=5)
    )
    found = kb.compare(given, ["linear", "cnn"], seeds=2, verbose=False)
    assert found.frame["model"].tolist() == ["linear", "cnn"]
    assert found.frame["fits"].tolist() == [2, 0]
    assert ["cnn takes" in one.error for one in found.trials] == [False, False, True, True]
    assert [kb.load(one.run).recipe.training.seed for one in found.trials if one.run] == [5, 6]
    assert "toprule" in found.to_latex()
    assert "± " in found._repr_html_()
    with pytest.raises(CallError, match="`override` is for a recipe file"):
        kb.compare(given, override=["training.epochs=2"])


def test_one_that_fails_is_told_of_and_the_others_go_on(recipe: Path, call: Call) -> None:
    code, out, err = call("compare", recipe, "--models", "cnn,linear", "--json")
    assert code == 1
    assert "1/2 cnn, seed 5: " in err
    assert "cnn takes image, text, sequence" in err
    told = json.loads(out)
    assert [(one["model"], one["fits"]) for one in told] == [("cnn", 0), ("linear", 1)]
    assert told[1]["accuracy sd"] is None


def test_what_is_wrong_with_the_call_is_said_before_anything_is_read(
    recipe: Path, call: Call
) -> None:
    with pytest.raises(RecipeError, match="nope"):
        trials.plan(recipe, ["mlp", "nope"], 2)
    with pytest.raises(CallError, match="named twice"):
        trials.plan(recipe, ["mlp", "mlp"], 1)
    for seeds in (0, 1001):
        with pytest.raises(CallError, match="1 to 1,000 fits"):
            trials.plan(recipe, [], seeds)
    for words in (
        ("compare", recipe, recipe, "--seeds", "2"),
        ("compare", recipe, "--seeds", "2", "--csv", "--latex"),
        ("compare", "runs/a", "runs/b", "--csv"),
        ("compare", "latest", "--seeds", "2"),
        ("compare", recipe, "--seeds", "0"),
    ):
        code, out, err = call(*words)
        assert (code, out) == (2, "")
        assert "Traceback" not in err


def test_the_table_for_papers() -> None:
    made = [
        trials.Trial(model, seed, Path("r"), 2.0, {"loss": 1.0, "accuracy": 0.5 + seed / 10},
                     "test", "accuracy")
        for model in ("mlp", "a_b") for seed in (0, 1)
    ]  # fmt: skip
    frame = trials.table(made)
    assert trials.brief(frame)["accuracy"].tolist() == ["0.5500 ± 0.0707"] * 2
    latex = trials.to_latex(frame)
    assert r"mlp & 2 & 0.5500 $\pm$ 0.0707 & 1.0000 $\pm$ 0.0000 & 2.0 \\" in latex
    assert r"a\_b & 2" in latex
    assert latex.startswith(r"\begin{tabular}")
