"""The story: from a recipe to a trained and evaluated model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import KINDS, ROWS, built, encoded, fields, message, mixed, picture, reviews

import kbuilder as kb
from kbuilder import catalog, pipeline
from kbuilder.errors import DataError
from kbuilder.recipe import reading

Runs = Callable[[str], kb.Run]
QUICK = kb.Training(epochs=1)


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


TASKS = {
    "mixed": ("binary", "majority"), "two numbers": ("regression", "mean"),
    "labels": ("multilabel", "majority"), "text": ("multiclass", "majority"),
    "files": ("binary", "majority"), "pixels": ("multiclass", "majority"),
    "sequence": ("regression", "mean"), "odd names": ("binary", "majority"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TASKS)
def test_metrics_have_scores_of_both_parts_beside_a_baseline(kind: str, fitted: Runs) -> None:
    run = fitted(kind)
    task, baseline = TASKS[kind]
    metrics = load(run.path / "metrics.json")
    keys = ["task", "headline", "splits", "baselines", "baseline_notes", "better_than_baseline",
            "intervals", "comparisons", "fit"]  # fmt: skip
    assert [key for key in keys if key in metrics] == list(metrics)
    assert list(metrics["intervals"]) == ["test"]
    has_none = {"calibration_error"}
    assert set(metrics["intervals"]["test"]) == set(metrics["splits"]["test"]) - has_none
    losses = run.history["val_loss"]
    assert metrics["fit"]["weights_of_epoch"] == losses.idxmin()
    assert metrics["fit"]["epochs"] == len(losses)
    [compared] = metrics["comparisons"]
    assert compared["metric"] == metrics["headline"]
    assert metrics["task"] == task
    assert list(metrics["splits"]) == ["validation", "test"]
    names, notes = list(metrics["baselines"]), metrics.get("baseline_notes", {})
    assert names == [baseline, *(name for name in ("linear", "boosting") if name in names)]
    assert {*names, *notes} == {baseline, "linear", "boosting"}
    headline = metrics["headline"]
    assert headline == catalog.find("tasks", task).headline  # type: ignore[attr-defined]
    scores, beside = metrics["splits"]["test"], metrics["baselines"].values()
    assert all(set(scores) == set(own) >= {"loss", headline} for own in beside)
    assert all(isinstance(value, float) for value in scores.values())
    better = all(scores[headline] > own[headline] for own in beside)
    assert metrics["better_than_baseline"] is better
    assert run.metrics == metrics
    assert run.evaluate() == metrics["splits"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_resolved_recipe_is_read_again_and_leaves_nothing_open(kind: str, fitted: Runs) -> None:
    run = fitted(kind)
    recipe = reading.read(run.path / "recipe.yaml")
    assert recipe.task is not None
    assert set(recipe.features) == set(run.record.columns.features)
    assert isinstance(recipe.model, dict)
    assert recipe.data.split.test == 0.1
    assert recipe == kb.load(run.path).recipe


def test_every_decision_has_its_reason_and_the_line_to_write(fitted: Runs) -> None:
    run = fitted("mixed")
    decisions = load(run.path / "decisions.json")
    assert [list(decision) for decision in decisions] == [
        ["path", "key", "value", "reason", "write"]
    ] * len(decisions)
    said = {decision["path"]: decision for decision in decisions}
    assert said["task"] == {
        "path": "task", "value": "binary", "reason": "the target has two different values",
        "write": "task: binary", "key": ["task"],
    }  # fmt: skip
    assert said["task.classes"]["reason"] == "positive is 'yes': it says yes"
    assert said["features.colour"]["value"] == "category"
    assert said["model.vector"]["value"] == "mlp"
    assert said["data.split.test"]["value"] == 0.1
    assert "features.floor" not in said  # the recipe says what it is
    assert all(decision["reason"] for decision in decisions)


def test_the_line_to_write_is_one_that_a_recipe_takes(fitted: Runs) -> None:
    lines = {decision.write for decision in fitted("labels").decisions}
    tried = {line for line in lines if line and "…" not in line and not line.startswith("data:")}
    assert len(tried) > 5
    for line in tried:
        reading.parse(f"data: {{source: csv, path: rows.csv, target: tags}}\n{line}")


def test_splits_have_sizes_seed_and_fingerprints(fitted: Runs) -> None:
    splits = load(fitted("mixed").path / "splits.json")
    assert list(splits) == ["rows", "seed", "fingerprint", "smoke"]
    assert sum(splits["rows"].values()) == ROWS
    assert list(splits["rows"]) == list(splits["fingerprint"]) == ["train", "validation", "test"]
    assert len(set(splits["fingerprint"].values())) == 3
    assert (splits["seed"], splits["smoke"]) == (0, False)


def test_the_log_has_what_was_decided_and_a_line_per_epoch(fitted: Runs) -> None:
    log = (fitted("mixed").path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert log[0] == "Warning: test has 9 rows: its figures may be off by as much as 17%."
    assert log[1].startswith("decided, since the recipe leaves it open")
    assert "  data.split.test: 0.1 (the source has no test rows of its own)" in log
    assert [line.split("/")[0] for line in log if line.startswith("epoch")] == [
        "epoch   1",
        "epoch   2",
    ]


def test_what_is_inferred_gives_way_to_what_the_user_writes() -> None:
    recipe = kb.Recipe(
        data=kb.Frame(frame=mixed(), target="answer", split=kb.Random(test=0.3)),
        features={"floor": kb.Number(mean=5), "colour": kb.Category(vocabulary=["blue"])},
        task=kb.Binary(positive="no", loss="binary_focal_crossentropy"),
        model=kb.MLP(units=3),
    )
    prepared = built(recipe)
    floor, colour = (prepared.data.columns.features[name] for name in ("floor", "colour"))
    assert (floor.mean, colour.vocabulary) == (5, ("blue",))
    assert prepared.data.columns.targets[0].task.classes == ("yes", "no")
    assert prepared.network.trained.loss["answer"].name == "binary_focal_crossentropy"
    layers = prepared.network.model.layers
    assert [layer.units for layer in layers if hasattr(layer, "units")] == [3, 1]
    open_ = {decision.path for decision in prepared.decisions}
    assert not open_ & {
        "task", "data.split.test", "features.floor", "features.floor.mean", "features.colour",
        "features.colour.vocabulary", "model.vector",
    }  # fmt: skip
    assert len(prepared.data.parts.test or ()) == pytest.approx(0.3 * ROWS, abs=2)


def test_validation_and_test_teach_nothing() -> None:
    frame = mixed()
    prepared = built(kb.Recipe(data=kb.Frame(frame=frame, target="answer")))
    train = prepared.data.parts.train["size"]
    assert prepared.data.columns.features["size"].mean == pytest.approx(np.nanmean(train))
    assert prepared.data.columns.features["size"].mean != pytest.approx(np.nanmean(frame["size"]))


def smoked(recipe: kb.Recipe) -> kb.Run:
    return kb.fit(recipe, run_dir="smoke", smoke=True, verbose=False)


@pytest.mark.slow
def test_smoke_runs_every_stage_on_a_few_rows_for_one_epoch() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(20_000, 3)), columns=[*"abc"])
    frame["y"] = np.where(frame["a"] > 0, "up", "down")
    run = smoked(kb.Recipe(data=kb.Frame(frame=frame, target="y"), training=kb.Training(epochs=99)))
    assert len(run.history) == 1
    assert run.record.splits["rows"] == {"train": 256, "validation": 64, "test": 64}
    assert run.record.splits["smoke"] is True
    assert run.recipe.training.epochs == 99
    assert run.export("export").name == "1"


def test_smoke_knows_all_classes() -> None:
    frame = pd.DataFrame({"x": np.arange(6000.0) % 7, "y": [f"c{n % 60:02}" for n in range(6000)]})
    run = smoked(kb.Recipe(data=kb.Frame(frame=frame, target="y")))
    assert len(run.record.columns.targets[0].task.classes) == 60


MIXED: dict[str, Callable[[], pd.DataFrame]] = {
    "text": lambda: reviews().assign(size=mixed()["size"]),
    "image": lambda: pd.DataFrame(
        {"photo": [encoded(picture(n)) for n in range(ROWS)], "size": mixed()["size"],
         "stars": [*"ab"] * (ROWS // 2)}
    ),
}  # fmt: skip


FEW = kb.FastText(embedding=16, ngrams=1, dropout=0.8)


@pytest.mark.parametrize(("form", "branches"), [("text", False), ("image", True)])
@pytest.mark.slow
def test_several_forms_meet_with_and_without_branches(form: str, branches: bool) -> None:
    frame = MIXED[form]()
    own: Any = {"text": kb.CNN(filters=4), "image": kb.CNN(filters=4)}[form]
    model = {form: own, "vector": kb.MLP(units=4)} if branches else None
    data = kb.Frame(frame=frame, target="stars")
    run = kb.fit(kb.Recipe(data=data, model=model, training=QUICK), run_dir="run", verbose=False)
    default = {"text": FEW, "image": kb.CNN()}[form]
    assert run.recipe.model == (model or {"vector": kb.MLP(), form: default})
    pd.testing.assert_frame_equal(kb.load("run").predict(frame), run.predict(frame))


def test_a_fit_is_quiet_where_it_is_told_so_and_speaks_to_stderr_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    recipe = kb.Recipe(**fields("mixed"), training=QUICK)
    kb.fit(recipe, run_dir="quiet", verbose=False)
    assert capfd.readouterr() == ("", "")
    kb.fit(recipe, run_dir="loud")
    out, err = capfd.readouterr()
    assert out == ""
    assert "fitting " in err
    assert "epoch   1/1" in err


def test_a_fit_that_fails_leaves_no_folder() -> None:
    optimizer = {"name": "sgd", "learning_rate": 1e30}
    recipe = kb.Recipe(**fields("two numbers"), training=kb.Training(optimizer=optimizer))
    with pytest.raises(kb.KBuilderError):
        kb.fit(recipe, run_dir="runs/run", verbose=False)
    assert list(Path().rglob("*")) == []


def test_a_recipe_file_is_fitted_by_its_path_and_errors_name_its_line() -> None:
    mixed().to_csv("rows.csv", index=False)
    text = "data:\n  source: csv\n  path: rows.csv\n  target: answr\n"
    Path("a.yaml").write_text(text, encoding="utf-8")
    said = message(DataError, kb.fit, "a.yaml", verbose=False)
    assert said.startswith(
        "a.yaml:4:11: data.target: rows.csv has no column 'answr'. "
        "It has: size, colour, floor, answer.\n"
    )
    assert said.endswith("\n    Did you mean 'answer'?")
    Path("a.yaml").write_text(text.replace("answr", "answer"), encoding="utf-8")
    run = kb.fit("a.yaml", smoke=True, verbose=False)
    assert run.path.parent == Path("runs/a")
    assert kb.load(run.path).path == run.path


def test_a_network_is_called_as_in_a_new_process_whatever_was_built_before() -> None:
    recipe = kb.Recipe(data=kb.Frame(frame=reviews(), target="stars"), model=kb.TextCNN())
    prepared = kb.prepare(recipe)
    first, second = (pipeline.build(prepared, recipe).network.trained for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
