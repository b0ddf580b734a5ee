"""What is settled of probabilities after the fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message
from sklearn import metrics

import kbuilder as kb
from kbuilder.errors import BuildError
from kbuilder.evaluation import settling
from kbuilder.probabilities import calibration
from kbuilder.probabilities.thresholds import best_threshold, is_yes

QUICK = {"epochs": 3, "baselines": "none"}


def rare(seed: int = 0, rows: int = 3000) -> pd.DataFrame:
    """Rows of which about 5 % are yes, by a few numbers that say much of it."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4))
    logit = 2.5 * numbers[:, 0] + 2 * numbers[:, 1] - 6.5
    yes = random.random(rows) < 1 / (1 + np.exp(-logit))
    frame = pd.DataFrame(numbers, columns=list("abcd"))
    return frame.assign(answer=np.where(yes, "yes", "no"), weight=random.uniform(0.5, 2, rows))


def fit(frame: pd.DataFrame, folder: Path, task: Any, **data: Any) -> kb.Run:
    source = kb.Frame(frame=frame, **{"target": "answer", "ignore": "weight", **data})
    training = kb.Training(**{"seed": 1, **QUICK})  # type: ignore[arg-type]
    recipe = kb.Recipe(data=source, task=task, training=training)
    return kb.fit(recipe, run_dir=folder, verbose=False)


def made(run: kb.Run, field: str) -> Any:
    [found] = [one for one in run.decisions if one.key == ("task", field)]
    return found


def said(run: kb.Run, word: str) -> list[str]:
    return [line for line in run.record.log if word in line]


@pytest.fixture(scope="module")
def by_f1(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    task = kb.Binary(threshold={"metric": "f1"})
    return fit(rare(), tmp_path_factory.mktemp("rare") / "run", task)


def test_the_threshold_is_chosen_on_validation_with_its_reason(by_f1: kb.Run) -> None:
    held = by_f1.predictions("validation")
    yes = (held["truth"] == "yes").to_numpy()[:, None]
    likely = held["probability of yes"].to_numpy()[:, None]
    found = best_threshold(likely, {"metric": "f1"}, yes)
    decision = made(by_f1, "threshold")
    assert decision.value == found
    assert found < 0.5
    at, usual = (metrics.f1_score(yes, is_yes(likely, t)) for t in (found, 0.5))
    assert decision.reason == (
        f"f1 {at:.4f} on {len(held):,} rows of validation, {yes.sum()} of them yes; "
        f"at 0.5: f1 {usual:.4f}"
    )
    line = f'task: {{name: binary, classes: ["no", "yes"], threshold: {found}}}'
    assert decision.write == line
    assert said(by_f1, "task.threshold: ") == [f"task.threshold: {found} ({decision.reason})"]
    assert by_f1.recipe.task.threshold.metric == "f1"  # type: ignore[union-attr]
    known = json.loads((by_f1.path / "columns.json").read_text())["targets"][0]["task"]
    assert known["threshold"] == found
    assert kb.load(by_f1.path).record.columns == by_f1.record.columns


def test_metrics_predictions_and_evaluation_go_by_it(by_f1: kb.Run) -> None:
    limit, held = made(by_f1, "threshold").value, by_f1.predictions("test")
    yes = held["truth"] == "yes"
    told = is_yes(held["probability of yes"], limit)
    assert ((held["label"] == "yes") == told).all()
    assert (told != (held["probability of yes"] >= 0.5)).any()
    likely = np.where(told, held["probability of yes"], held["probability of no"])
    assert held["probability"].tolist() == pytest.approx(likely)
    scores = by_f1.metrics["splits"]["test"]
    assert scores["f1"] == pytest.approx(metrics.f1_score(yes, told), abs=1e-6)
    assert scores["recall"] == pytest.approx(metrics.recall_score(yes, told), abs=1e-6)
    assert scores["accuracy"] == pytest.approx((yes == told).mean(), abs=1e-6)
    assert by_f1.metrics["headline"] == "auc"
    frame = rare(9, 200)
    answers = kb.load(by_f1.path).predict(frame, verbose=False)
    assert ((answers["label"] == "yes") == is_yes(answers["probability of yes"], limit)).all()
    found = by_f1.evaluate(frame, verbose=False)["data"]
    truth, label = frame["answer"] == "yes", answers["label"] == "yes"
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, label), abs=1e-6)


def test_the_report_and_the_card_say_it(by_f1: kb.Run) -> None:
    limit = made(by_f1, "threshold").value
    page = by_f1.report().read_text(encoding="utf-8")
    assert f"yes is answered from a probability of {limit:g} on." in page
    assert page.count(f"threshold {limit:g}") >= 2  # on both curves
    assert f"{by_f1.metrics['splits']['test']['calibration_error']:.4f}." in page
    korean = by_f1.report(by_f1.path / "ko.html", language="ko").read_text(encoding="utf-8")
    assert f"임계값 {limit:g}" in korean
    assert f"from a probability on of `{limit}`" in by_f1.card()


def test_a_threshold_that_is_not_a_half_is_judged_by_what_it_does_not_change(
    tmp_path: Path,
) -> None:
    frame = rare().assign(answer=lambda all: np.where(all["a"] > 0, "yes", "no"))
    run = fit(frame, tmp_path / "usual", kb.Binary())
    assert run.metrics["headline"] == "accuracy"
    run = fit(frame, tmp_path / "low", kb.Binary(threshold=0.2))
    assert run.metrics["headline"] == "auc"
    assert "val_accuracy" in run.history


@pytest.mark.slow
def test_f1_gains_by_its_threshold_where_one_row_in_twenty_is_yes(tmp_path: Path) -> None:
    gains = []
    for seed in range(3):
        task = kb.Binary(threshold={"metric": "f1"})
        run = fit(rare(seed, 8000), tmp_path / str(seed), task, split=kb.Random(seed=seed))
        held = run.predictions("test")
        yes = held["truth"] == "yes"
        before = metrics.f1_score(yes, held["probability of yes"] >= 0.5)
        gains.append(run.metrics["splits"]["test"]["f1"] - before)
    assert np.mean(gains) > 0.05


def test_rows_weigh_when_it_is_chosen(tmp_path: Path) -> None:
    task = kb.Binary(threshold={"cost": {"false_positive": 1, "false_negative": 4}})
    frame = rare()
    frame["weight"] = np.where(frame["c"] > 0, 5.0, 0.0)
    run = fit(frame, tmp_path / "run", task, weight="weight", ignore=())
    held = run.predictions("validation")
    yes = (held["truth"] == "yes").to_numpy()[:, None]
    likely, weights = held[["probability of yes"]].to_numpy(), held["weight"].to_numpy()
    rule = {"cost": {"false_positive": 1.0, "false_negative": 4.0}}
    assert made(run, "threshold").value == best_threshold(likely, rule, yes, weights)
    counted = int((weights > 0).sum())
    assert f" on {counted:,} rows of validation" in made(run, "threshold").reason


def labels() -> pd.DataFrame:
    frame = rare(rows=1500)
    big, rest = frame["a"] > 1, frame["b"] > 0.5
    frame["answer"] = [
        "|".join([*(["big"] if a else []), *(["odd"] if b else [])])
        for a, b in zip(big, rest, strict=True)
    ]
    return frame


def test_one_threshold_serves_all_labels_together(tmp_path: Path) -> None:
    task = kb.Multilabel(threshold="auto")
    run = fit(labels(), tmp_path / "run", task)
    limit, held = made(run, "threshold").value, run.predictions("validation")
    names = ["probability of big", "probability of odd"]
    has = np.stack([held["truth"].str.contains(word) for word in ("big", "odd")], axis=1)
    likely = held[names].to_numpy()
    assert limit == best_threshold(likely, {"metric": "f1"}, has)
    told = is_yes(likely, limit)
    expected = ["|".join(np.array(["big", "odd"])[row]) for row in told]
    assert held["labels"].tolist() == expected
    scores = run.metrics["splits"]["validation"]
    assert scores["micro_f1"] == pytest.approx(metrics.f1_score(has.ravel(), told.ravel()))
    assert f"on {has.size:,} answers of validation" in made(run, "threshold").reason
    assert run.metrics["headline"] == ("micro_f1" if limit == 0.5 else "auc")
    assert f"A label is answered from a probability of {limit:g} on." in run.report().read_text()


YES = np.array([[1], [0], [1], [0]], np.float32)
LIKELY = np.array([[0.9], [0.2], [0.4], [0.6]], np.float32)


def test_without_validation_it_is_a_half_and_said() -> None:
    choice, doubt = settling.chosen({"metric": "f1"}, None)
    assert choice == (0.5, "there are no validation rows to choose it by")
    assert doubt == (
        "no rows are held back for validation, by which a threshold is chosen: it is 0.5. "
        "Expected `data: {split: {validation: 0.2}}`, or a number for it."
    )
    for value, answer in ((0, "yes"), (1, "no")):
        held = (np.full_like(YES, value), LIKELY, None)
        choice, doubt = settling.chosen({"recall": 0.9}, held)
        reason = f"no row of validation is {answer}, so that nothing tells where to divide them"
        assert choice == (0.5, reason)
        assert doubt == f"the threshold is 0.5: {reason}."


def test_a_validation_that_is_too_small_is_said() -> None:
    choice, doubt = settling.chosen({"precision": 1.0}, (YES, LIKELY, None))
    assert choice.value == 0.75
    assert choice.reason == (
        "precision 1.0000, recall 0.5000 on 4 rows of validation, 2 of them yes; "
        "at 0.5: precision 0.5000, recall 0.5000"
    )
    assert doubt == (
        "the threshold 0.75 rests on 2 rows of yes in validation, which show little. Expected 20 "
        "or more: write `data: {split: {validation: 0.2}}`, or a number."
    )
    many = (np.tile(YES, (20, 1)), np.tile(LIKELY, (20, 1)), None)
    assert settling.chosen({"precision": 1.0}, many)[1] == ""


def test_what_no_threshold_reaches_is_said() -> None:
    yes, likely = np.tile(YES, (20, 1)), np.tile(1 - LIKELY, (20, 1))
    choice, doubt = settling.chosen({"precision": 0.9}, (yes, likely, None))
    assert doubt == (
        "no threshold has a precision of 0.9 on validation; the most is "
        f"0.5000, at {choice.value:g}."
    )


def test_a_run_without_validation_says_so_and_goes_by_a_half(tmp_path: Path) -> None:
    task = kb.Binary(threshold={"recall": 0.9})
    run = fit(rare(rows=300), tmp_path / "run", task, split=kb.Random(validation=0, test=0.2))
    assert made(run, "threshold").value == 0.5
    [line] = said(run, "Warning: answer: ")
    assert "no rows are held back for validation" in line
    assert made(run, "calibrate").value is False
    assert made(run, "calibrate").reason == "there are no validation rows to calibrate by"


def test_what_insists_on_calibration_without_validation_is_refused(tmp_path: Path) -> None:
    task = kb.Binary(calibrate=True)
    told = message(
        BuildError, fit, rare(rows=300), tmp_path / "run", task,
        split=kb.Random(validation=0, test=0.2),
    )  # fmt: skip
    assert told == (
        "task.calibrate: no rows are held back for validation, by which probabilities are "
        "calibrated. Expected `data: {split: {validation: 0.2}}`, or `task: {name: binary}`."
    )


def test_a_last_layer_that_is_no_dense_is_not_calibrated(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (120, 28, 28), dtype=np.uint8)
    frame = pd.DataFrame({"image": list(images), "answer": np.arange(120) % 3})
    source = kb.Frame(frame=frame, target="answer")
    training = kb.Training(epochs=1, baselines="none")
    recipe = kb.Recipe(data=source, model=kb.LeNet5(version=1998), training=training)
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    assert made(run, "calibrate").value is False
    assert made(run, "calibrate").reason == (
        "the last layer is no Dense, whose logits a temperature divides"
    )
    recipe = recipe.model_copy(update={"task": kb.Multiclass(calibrate=True)})
    told = message(BuildError, kb.fit, recipe, run_dir=tmp_path / "other", verbose=False)
    assert told == (
        "task.calibrate: the network has a last layer of its own, and only the logits of a Dense "
        "can be divided by a temperature. Expected another architecture, or `task: {name: "
        "multiclass, calibrate: false}`."
    )


@pytest.fixture(scope="module")
def too_sure(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, kb.Run]:
    """A network that learns its rows by heart, by what it does of calibration."""
    folder = tmp_path_factory.mktemp("sure")
    random = np.random.default_rng(0)
    numbers = random.normal(size=(900, 12))
    likely = 1 / (1 + np.exp(-1.5 * numbers[:, 0]))
    frame = pd.DataFrame(numbers, columns=[f"n{place}" for place in range(12)])
    frame["answer"] = np.where(random.random(900) < likely, "yes", "no")
    runs = {}
    for how in ("auto", False):
        recipe = kb.Recipe(
            data=kb.Frame(frame=frame, target="answer", split=kb.Random(validation=0.3, test=0.2)),
            task=kb.Binary(calibrate=how),
            model=kb.MLP(units=[64, 64], dropout=0),
            training=kb.Training(epochs=8, batch_size=64, early_stopping=None, baselines="none",
                                 optimizer={"name": "adam", "learning_rate": 0.02}),  # type: ignore[arg-type]
        )  # fmt: skip
        runs[how] = kb.fit(recipe, run_dir=folder / str(how), verbose=False)
    return runs


def head(run: kb.Run) -> Any:
    return run.model.get_layer("head").get_weights()


def test_a_network_that_is_too_sure_is_divided_by_its_temperature(
    too_sure: dict[Any, kb.Run],
) -> None:
    run, plain = too_sure["auto"], too_sure[False]
    decision = made(run, "calibrate")
    assert decision.value is True
    heat = float(decision.reason.split(":")[0].removeprefix("temperature "))
    assert heat > 1.05
    for own, before in zip(head(run), head(plain), strict=True):
        assert own * heat == pytest.approx(before, rel=1e-2)
    others = [layer for layer in run.model.layers if layer.name != "head"]
    for layer in others:
        for own, before in zip(
            layer.get_weights(), plain.model.get_layer(layer.name).get_weights(), strict=True
        ):
            assert np.array_equal(own, before)
    held = [one.predictions("validation") for one in (plain, run)]
    yes = (held[0]["truth"] == "yes").to_numpy().astype(int)[:, None]
    losses = [metrics.log_loss(yes[:, 0], one["probability of yes"]) for one in held]
    assert losses[1] < losses[0]
    logits = np.log(held[0]["probability of yes"] / held[0]["probability of no"]).to_numpy()
    both = np.stack([0 * logits, logits], axis=-1)[:, None]
    assert calibration.temperature(both, yes) == pytest.approx(heat, rel=1e-2)
    assert not [one for one in plain.decisions if one.key == ("task", "calibrate")]
    assert said(run, "task.calibrate: True (temperature ")


def test_it_is_kept_in_the_run_and_in_the_export(
    too_sure: dict[Any, kb.Run], tmp_path: Path
) -> None:
    run = too_sure["auto"]
    again = kb.load(run.path)
    for own, kept in zip(head(run), head(again), strict=True):
        assert np.array_equal(own, kept)
    version = run.export(tmp_path / "export", verbose=False)  # which is compared with predict
    examples = json.loads((version / "assets.extra" / "examples.json").read_text())
    assert examples["predictions"]


def test_a_fit_is_resumed_from_weights_that_were_not_divided(
    too_sure: dict[Any, kb.Run], tmp_path: Path
) -> None:
    run = too_sure["auto"]
    more = ["training.epochs=10"]
    runs = [
        kb.resume(one.path, override=more, data=one.recipe.data, run_dir=tmp_path / str(name),
                  verbose=False)
        for name, one in too_sure.items()
    ]  # fmt: skip
    assert runs[0].history["loss"].tolist() == runs[1].history["loss"].tolist()
    assert runs[0].history["val_loss"].tolist() == runs[1].history["val_loss"].tolist()
    assert runs[0].history["loss"].tolist()[:8] == run.history["loss"].tolist()


def test_several_targets_are_settled_each_by_itself(tmp_path: Path) -> None:
    frame = rare().assign(kind=lambda all: np.where(all["c"] > 0, "cup", "pot"))
    frame = frame.assign(price=lambda all: 3 * all["d"])
    tasks = {
        "answer": kb.Binary(threshold={"metric": "f1"}), "kind": kb.Binary(calibrate=True),
        "price": kb.Regression(),
    }  # fmt: skip
    run = fit(frame, tmp_path / "run", tasks, target=["answer", "kind", "price"])
    keys = [one.key for one in run.decisions if one.key[-1] in ("calibrate", "threshold")]
    assert keys == [("task", "answer", "calibrate"), ("task", "kind", "calibrate"),
                    ("task", "answer", "threshold")]  # fmt: skip
    limits = [getattr(task, "threshold", None) for _, task in run.record.columns.targets]
    assert limits[0] < 0.5
    assert limits[1:] == [0.5, None]
    held = run.predictions("test")
    told = is_yes(held["answer_probability of yes"], limits[0])
    assert ((held["answer_label"] == "yes") == told).all()


def test_an_old_run_has_the_usual_threshold(by_f1: kb.Run) -> None:
    from kbuilder.columns import Columns

    known = json.loads(by_f1.record.columns.to_json())
    for name in ("threshold", "calibrate"):
        del known["targets"][0]["task"][name]
    task: Any = Columns.from_json(json.dumps(known)).targets[0].task
    assert task.threshold == 0.5


@pytest.mark.parametrize("split", ["validation", "folds"])
def test_a_threshold_that_is_judged_by_its_own_rows_is_told_of(split: str) -> None:
    likely = np.linspace(0.01, 0.99, 100)[:, None]
    _, doubt = settling.chosen({"metric": "f1"}, ((likely > 0.4) * 1.0, likely, None), split)
    told = "is chosen on the rows of folds, which it is judged by" in doubt
    assert told == (split == "folds")
