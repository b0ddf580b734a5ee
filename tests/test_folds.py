"""Cross-validation: one run, whose rows are each judged by networks that have not seen them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from halting import Halting
from shared import ROWS, Call, fields, message, mostly_slow

import kbuilder as kb
from kbuilder.errors import CallError, Interrupted
from kbuilder.evaluation import evaluating, wording
from kbuilder.reporting import card, writing
from kbuilder.runs import listing

QUICK = {"epochs": 2, "plan": "keras", "baselines": ["linear"]}


def recipe(kind: str, split: Any, ensemble: int = 1, **training: Any) -> kb.Recipe:
    given = fields(kind)
    data = given["data"].model_copy(update={"split": split})
    own = kb.Training(**{**QUICK, **training})
    return kb.Recipe(**{**given, "data": data}, ensemble=ensemble, training=own)


def fit(kind: str, path: Path, split: Any, **given: Any) -> kb.Run:
    return kb.fit(recipe(kind, split, **given), run_dir=path, verbose=False)


def assert_equal(one: kb.Run, other: kb.Run) -> None:
    """Weights and predictions bit for bit, and all figures."""
    for mine, its in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert one.metrics == other.metrics
    pd.testing.assert_frame_equal(one.predictions(), other.predictions(), check_exact=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    return fit("mixed", tmp_path_factory.mktemp("folds") / "runs" / "three", kb.Random(folds=3))


@pytest.fixture(scope="module")
def average(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    split = kb.Random(folds={"count": 3, "model": "average"})
    return fit("mixed", tmp_path_factory.mktemp("average") / "runs" / "three", split)


def test_each_row_has_one_answer_of_a_network_that_has_not_seen_it(run: kb.Run) -> None:
    held = run.predictions("folds")
    assert sorted(held["row"]) == list(range(1, ROWS + 1))
    assert held["fold"].value_counts().to_dict() == {1: 32, 2: 32, 3: 32}
    truth = fields("mixed")["data"].frame["answer"].to_numpy()
    assert (truth[held["row"].to_numpy() - 1] == held["truth"]).all()
    assert list(pd.read_parquet(run.path / "predictions.parquet").columns[:4]) == [
        "split", "row", "fold", "truth",
    ]  # fmt: skip
    scores = run.metrics["splits"]["folds"]
    assert scores["accuracy"] == pytest.approx((held["truth"] == held["label"]).mean())
    found = run.metrics["folds"]
    assert (found["count"], found["rows"]) == (3, [32, 32, 32])
    for fold, own in held.groupby("fold"):
        accuracy = float((own["truth"] == own["label"]).mean())
        assert found["scores"][int(fold) - 1]["accuracy"] == pytest.approx(accuracy)  # type: ignore[call-overload]
    each = [one["accuracy"] for one in found["scores"]]
    assert found["mean"]["accuracy"] == pytest.approx(np.mean(each))
    assert found["deviation"]["accuracy"] == pytest.approx(np.std(each, ddof=1))


def test_the_network_of_a_fold_is_that_of_a_fit_on_the_other_rows(
    run: kb.Run, tmp_path: Path
) -> None:
    frame = fields("mixed")["data"].frame
    held = run.predictions("folds")
    rows = held["row"].to_numpy()[held["fold"].to_numpy() == 2] - 1
    from kbuilder.data import dataset

    seen = dataset.look(recipe("mixed", kb.Random(folds=3)))
    assert seen.folds is not None
    parts = seen.folds.rows[1]
    words = np.full(len(frame), "test", dtype=object)
    words[parts["train"]], words[parts["validation"]] = "train", "validation"
    assert sorted(rows) == sorted(np.flatnonzero(words == "test"))
    alone = kb.fit(
        kb.Recipe(
            data=kb.Frame(
                frame=frame.assign(part=words), target="answer", split=kb.Column(column="part")
            ),
            features={"floor": kb.Category()}, training=kb.Training(**QUICK),  # type: ignore[arg-type]
        ), run_dir=tmp_path / "alone", verbose=False,
    )  # fmt: skip
    mine = held[held["fold"] == 2].sort_values("row")["probability of yes"].to_numpy()
    its = alone.predictions("test").sort_values("row")["probability of yes"].to_numpy()
    assert alone.record.columns.features["size"].mean != run.record.columns.features["size"].mean  # type: ignore[attr-defined]
    np.testing.assert_allclose(mine, its, atol=0.05)  # rows come in another order


def test_the_model_is_that_of_a_fit_on_the_rows_of_all_folds(run: kb.Run, tmp_path: Path) -> None:
    plain = fit("mixed", tmp_path / "plain", kb.Random(test=0))
    for mine, its in zip(run.model.get_weights(), plain.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert run.metrics["splits"]["validation"] == plain.metrics["splits"]["validation"]
    assert run.history.drop(columns="seconds").equals(plain.history.drop(columns="seconds"))


@pytest.mark.slow
def test_a_second_run_is_equal_bit_for_bit(run: kb.Run, tmp_path: Path) -> None:
    given = recipe("mixed", kb.Random())
    again = kb.fit(given, folds=3, run_dir=tmp_path / "run", verbose=False)
    assert_equal(again, run)
    assert again.recipe.data.split == run.recipe.data.split


def test_baselines_are_judged_by_the_same_folds(run: kb.Run) -> None:
    assert list(run.metrics["baselines"]) == ["majority", "linear"]
    [compared] = run.metrics["comparisons"]
    assert compared["rows"] == ROWS
    assert list(run.metrics["intervals"]) == ["folds"]
    low, high = run.metrics["intervals"]["folds"]["accuracy"]
    assert low < run.metrics["splits"]["folds"]["accuracy"] < high
    truth = fields("mixed")["data"].frame["answer"]
    majority = truth.value_counts(normalize=True).max()
    assert run.metrics["baselines"]["majority"]["accuracy"] == pytest.approx(majority, abs=0.04)


def test_the_console_says_which_fold_is_fitted_and_how_they_did(run: kb.Run) -> None:
    log = "\n".join(run.record.log)
    assert "fitting 4 networks of " in log
    assert " train rows, 9 validation rows, held out in 3 folds" in log
    assert "fold 2/3 epoch   1/2 " in log
    found = run.metrics["folds"]
    each = ", ".join(f"{one['accuracy']:.4f}" for one in found["scores"])
    mean, deviation = found["mean"]["accuracy"], found["deviation"]["accuracy"]
    assert f"3 folds: accuracy {mean:.4f} ± {deviation:.4f} ({each})" in wording.verdict(
        run.metrics
    )


def test_report_card_and_list_read_such_a_run(run: kb.Run, tmp_path: Path) -> None:
    page = writing.write(run.path, run.record, "en", tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    assert "Figures of each fold" in text
    assert "On folds, accuracy is " in text
    korean = writing.write(run.path, run.record, "ko", tmp_path / "ko.html")
    assert "폴드별 지표" in korean.read_text(encoding="utf-8")
    told = card.text(run.path, run.record)
    assert f"judged by `accuracy` on `folds`, {ROWS} rows." in told
    assert "- Each of the 3 folds: `accuracy`" in told
    listed = listing.look(run.path)
    assert (listed.state, listed.split, listed.metric) == ("whole", "folds", "accuracy")


def test_two_runs_of_the_same_folds_are_compared(run: kb.Run, average: kb.Run, call: Call) -> None:
    code, out, err = call("compare", run.path, average.path, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["split"] == "folds"
    assert found["pairs"][0]["rows"] == ROWS


def test_the_model_may_be_the_average_of_the_folds(average: kb.Run, tmp_path: Path) -> None:
    members = [layer for layer in average.model.layers if layer.name.startswith("network_")]
    assert len(members) == 3
    assert list(average.metrics["splits"]) == ["folds"]
    assert [one["epochs"] for one in average.metrics["fits"]] == [2, 2, 2]
    held = average.predictions("folds")
    table = average._given.table(fields("mixed")["data"].frame)
    from kbuilder import preprocessing

    arrays = preprocessing.apply(average._layer, average.record.columns, table)
    alone = [evaluating.outputs(member, arrays)["answer"][:, 0] for member in members]
    for fold, row, answer in zip(
        held["fold"], held["row"], held["probability of yes"], strict=True
    ):
        assert alone[fold - 1][row - 1] == pytest.approx(answer, abs=1e-5)
    answers = average._outputs(table)["answer"][:, 0]
    np.testing.assert_allclose(answers, np.mean(alone, axis=0), atol=1e-5)
    assert (
        kb.load(average.path)
        .predict(fields("mixed")["data"].frame, verbose=False)
        .equals(average.predict(fields("mixed")["data"].frame, verbose=False))
    )
    average.export(tmp_path / "exported", verbose=False)  # which proves its answers


class Stopping:
    """Sends a signal to this process in the second epoch of a network."""

    def __init__(self, network: int) -> None:
        self.left = network

    def begin(self, fit: Any) -> None:
        self.left -= 1

    def epoch(self, figures: Mapping[str, float]) -> None:
        if self.left == 0 and figures["epoch"] == 1:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("network", mostly_slow([1, 3, 4], 3))
def test_a_fit_that_is_interrupted_in_a_fold_is_resumed_there(
    network: int, run: kb.Run, tmp_path: Path
) -> None:
    given = recipe("mixed", kb.Random(folds=3))
    with pytest.raises(Interrupted):
        kb.fit(given, run_dir=tmp_path / "run", listeners=[Stopping(network)], verbose=False)
    resumed = kb.resume(tmp_path / "run.unfinished", data=given.data, verbose=False)
    assert_equal(resumed, run)
    assert not (tmp_path / "run.unfinished").exists()


@pytest.mark.slow
def test_a_fit_that_is_killed_in_the_third_fold_is_resumed_there(
    tmp_path: Path, call: Call
) -> None:
    fields("mixed")["data"].frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "it.yaml").write_text(
        "data: {path: rows.csv, target: answer, split: {folds: 3}}\n"
        "training: {epochs: 3, baselines: none, plan: keras}\n"
    )
    file = r"fold-3-3/checkpoints/\.?epoch"
    killed = Halting(["fit", "it.yaml", "--run-dir", "killed"], tmp_path, file)
    _, _, code = killed.signal(signal.SIGKILL)
    assert code == -signal.SIGKILL
    left = tmp_path / "killed.unfinished" / "networks"
    assert sorted(one.name for one in left.iterdir()) == ["fold-1-3", "fold-2-3", "fold-3-3"]
    assert call("fit", "--resume", tmp_path / "killed")[0] == 0
    assert call("fit", tmp_path / "it.yaml", "--run-dir", tmp_path / "whole")[0] == 0
    assert_equal(kb.load(tmp_path / "killed"), kb.load(tmp_path / "whole"))


def test_test_rows_stay_apart_and_judge_the_model(tmp_path: Path) -> None:
    run = fit("mixed", tmp_path / "run", kb.Random(folds=2, test=0.25))
    assert list(run.metrics["splits"]) == ["validation", "folds", "test"]
    assert set(run.predictions("folds")["row"]).isdisjoint(run.predictions("test")["row"])
    assert len(run.predictions("folds")) + len(run.predictions("test")) == ROWS
    assert run.predictions("test")["fold"].isna().all()
    assert list(run.metrics["intervals"]) == ["test"]
    assert run.metrics["comparisons"][0]["rows"] == len(run.predictions("test"))


@pytest.mark.parametrize(
    "kind", mostly_slow(["two numbers", "several", "labels", "files", "text", "sequence"],
                        "two numbers")
)  # fmt: skip
def test_every_kind_of_target_is_held_out(kind: str, tmp_path: Path) -> None:
    run = fit(kind, tmp_path / "run", kb.Random(folds=2), epochs=1)
    held = run.predictions("folds")
    assert len(held) == ROWS
    [name, *_] = [one for one in ("file", "row") if one in held]
    assert held[name].is_unique
    assert set(run.metrics["folds"]["scores"][0]) <= set(run.metrics["splits"]["folds"])
    if kind == "two numbers":
        truth = held[["truth 1", "truth 2"]].to_numpy()
        error = np.abs(truth - held[["value 1", "value 2"]].to_numpy()).mean()
        assert run.metrics["splits"]["folds"]["mae"] == pytest.approx(error, rel=1e-4)
        frame = fields(kind)["data"].frame
        for place, column in enumerate(("up", "down")):
            known = frame[column].to_numpy()[held["row"].to_numpy() - 1]
            np.testing.assert_allclose(truth[:, place], known, rtol=1e-6)


def test_rows_weigh_and_groups_are_drawn_together(tmp_path: Path) -> None:
    frame = fields("mixed")["data"].frame
    frame = frame.assign(who=[f"p{n % 24}" for n in range(ROWS)], w=1.0 + np.arange(ROWS) % 3)
    data = kb.Frame(frame=frame, target="answer", weight="w", split=kb.Group(column="who", folds=3))
    run = kb.fit(
        kb.Recipe(data=data, training=kb.Training(**QUICK)), run_dir=tmp_path / "run",  # type: ignore[arg-type]
        verbose=False,
    )  # fmt: skip
    held = run.predictions("folds")
    whose = frame["who"].to_numpy()[held["row"].to_numpy() - 1]
    assert held.groupby(whose)["fold"].nunique().max() == 1
    right = (held["truth"] == held["label"]).to_numpy()
    weighed = float(np.average(right, weights=held["weight"]))
    assert run.metrics["splits"]["folds"]["accuracy"] == pytest.approx(weighed)


@pytest.mark.slow
def test_each_fold_may_have_several_networks(tmp_path: Path) -> None:
    split = kb.Random(folds={"count": 2, "model": "average"})
    run = fit("mixed", tmp_path / "run", split, ensemble=2, epochs=1, baselines="none")
    assert run.recipe.networks == 4
    assert len([one for one in run.model.layers if one.name.startswith("network_")]) == 4
    assert "fold 2/2, network 1/2 epoch   1/1 " in "\n".join(run.record.log)


@pytest.mark.slow
def test_smoke_runs_every_fold_on_a_few_rows(tmp_path: Path) -> None:
    given = recipe("mixed", kb.Random(folds=2))
    run = kb.fit(given, smoke=True, run_dir=tmp_path / "run", verbose=False)
    assert run.metrics["folds"]["count"] == 2
    assert len(run.history) == 1


def test_the_command_holds_out_folds(tmp_path: Path, call: Call) -> None:
    fields("mixed")["data"].frame.to_csv(tmp_path / "rows.csv", index=False)
    text = f"data: {{path: {tmp_path / 'rows.csv'}, target: answer}}\n"
    text += "training: {epochs: 1, baselines: none, plan: keras}\n"
    (tmp_path / "it.yaml").write_text(text)
    code, out, err = call("fit", tmp_path / "it.yaml", "--folds", 2, "--run-dir", tmp_path / "run")
    assert code == 0, err
    assert "\n2 folds: accuracy " in out
    code, _, err = call("eject", tmp_path / "run")
    assert code != 0
    assert "a script fits one network, and the recipe has 3, for folds." in err
    code, out, err = call(
        "eject", tmp_path / "run", "-o", "data.split.folds=null", "-o", "data.split.test=0"
    )
    assert code == 0, err
    code, _, err = call("fit", "--resume", "latest", "--folds", 2)
    assert "Expected --resume without --folds, which is for new runs." in err


def test_a_finished_run_is_not_given_more_epochs(run: kb.Run) -> None:
    assert message(CallError, kb.resume, run.path, verbose=False) == (
        f"{run.path} is finished, and has 4 networks. Expected a run of one, which more epochs can "
        "be given to. Fit anew with more."
    )
