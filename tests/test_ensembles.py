"""Several networks with other seeds, whose answers are averaged."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import fields, message, mostly_slow

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.console import Console
from kbuilder.errors import CallError, Interrupted, RecipeError, TrainingError
from kbuilder.evaluation import evaluating, wording
from kbuilder.reporting import card, writing

QUICK = {"epochs": 2, "plan": "keras", "baselines": "none"}


def recipe(kind: str, ensemble: int = 3, seed: int = 4, **training: Any) -> kb.Recipe:
    own = kb.Training(seed=seed, **{**QUICK, **training})
    return kb.Recipe(**fields(kind), ensemble=ensemble, training=own)


def fit(kind: str, path: Path, **given: Any) -> kb.Run:
    return kb.fit(recipe(kind, **given), run_dir=path, verbose=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    return fit("mixed", tmp_path_factory.mktemp("ensembles") / "runs" / "three")


def test_each_network_is_that_of_a_fit_with_its_seed(run: kb.Run, tmp_path: Path) -> None:
    members = [layer for layer in run.model.layers if layer.name.startswith("network_")]
    assert len(members) == 3
    for number in (0, 2):
        alone = fit("mixed", tmp_path / str(number), ensemble=1, seed=4 + number)
        for mine, its in zip(members[number].get_weights(), alone.model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, its)
        assert run.metrics["networks"]["scores"][number] == alone.metrics["splits"]["test"]
        own = run.history.loc[number + 1].drop(columns="seconds")
        assert own.equals(alone.history.drop(columns="seconds"))


def test_it_is_said_how_the_average_does_and_each_alone(run: kb.Run) -> None:
    found = run.metrics["networks"]
    assert found["count"] == 3
    for name in ("loss", "accuracy"):
        own = [one[name] for one in found["scores"]]
        assert found["mean"][name] == pytest.approx(np.mean(own))
        assert found["deviation"][name] == pytest.approx(np.std(own, ddof=1))
    assert [one["epochs"] for one in run.metrics["fits"]] == [2, 2, 2]
    answered = run.predictions("test")
    accuracy = float((answered["truth"] == answered["label"]).mean())
    assert run.metrics["splits"]["test"]["accuracy"] == pytest.approx(accuracy)
    [line] = [one for one in wording.verdict(run.metrics).split("\n") if "alone" in one]
    each = ", ".join(f"{one['accuracy']:.4f}" for one in found["scores"])
    mean, deviation = found["mean"]["accuracy"], found["deviation"]["accuracy"]
    assert line == f"3 networks alone: accuracy {mean:.4f} ± {deviation:.4f} ({each})"
    log = "\n".join(run.record.log)
    assert "fitting 3 networks of " in log
    assert "network 2/3 epoch   1/2 " in log


def test_report_and_card_say_that_there_are_several(run: kb.Run, tmp_path: Path) -> None:
    page = writing.write(run.path, run.record, "en", tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    assert "3 networks, whose answers are averaged." in text
    korean = writing.write(run.path, run.record, "ko", tmp_path / "ko.html")
    assert "신경망 3개의 답을 평균합니다." in korean.read_text(encoding="utf-8")
    told = card.text(run.path, run.record)
    assert "- Networks: 3, whose answers are averaged; epochs of each: 2, 2, 2" in told
    assert "- Each of the 3 networks alone: `accuracy`" in told


def test_a_loaded_run_answers_alike(run: kb.Run) -> None:
    loaded = kb.load(run.path)
    rows = fields("mixed")["data"].frame
    assert loaded.predict(rows, verbose=False).equals(run.predict(rows, verbose=False))
    assert loaded.history.index.names == ["network", "epoch"]
    assert not (run.path / "checkpoints").exists()


@pytest.mark.parametrize(
    "kind", mostly_slow(["several", "labels", "files", "pixels", "sequence", "text"], "several")
)
def test_every_kind_is_averaged_and_exported(kind: str, tmp_path: Path) -> None:
    run = fit(kind, tmp_path / "run", ensemble=2, epochs=1)
    members = [layer for layer in run.model.layers if layer.name.startswith("network_")]
    table = run._given.table(fields(kind)["data"].frame)
    outputs = run._outputs(table)
    assert len(members) == 2
    from kbuilder import preprocessing

    arrays = preprocessing.apply(run._layer, run.record.columns, table)
    alone = [evaluating.outputs(member, arrays) for member in members]
    for output, values in outputs.items():
        mean = np.mean([one[output] for one in alone], axis=0)
        np.testing.assert_allclose(values, mean, rtol=1e-4, atol=1e-5)
    assert (run.export(tmp_path / "exported", verbose=False) / "saved_model.pb").exists()


@pytest.mark.parametrize("format", mostly_slow(["keras", "onnx", "litert", "openvino"]))
def test_every_format_holds_the_average(format: str, tmp_path: Path) -> None:
    given = recipe("two numbers", ensemble=2, epochs=1).model_copy(update={"model": kb.MLP()})
    run = kb.fit(given, run_dir=tmp_path / "run", verbose=False)
    run.export(tmp_path / "exported", format=format, verbose=False)  # which proves its answers


class Stopping:
    """Sends a signal to this process in the second epoch of a network."""

    def __init__(self, network: int) -> None:
        self.left = network

    def begin(self, fit: Any) -> None:
        self.left -= 1

    def epoch(self, figures: Mapping[str, float]) -> None:
        if self.left == 0 and figures["epoch"] == 1:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.slow
def test_a_fit_that_is_interrupted_in_a_network_is_resumed_there(
    run: kb.Run, tmp_path: Path
) -> None:
    data = fields("mixed")["data"]
    with pytest.raises(Interrupted):
        kb.fit(recipe("mixed"), run_dir=tmp_path / "run", listeners=[Stopping(2)], verbose=False)
    left = tmp_path / "run.unfinished"
    assert sorted(one.name for one in (left / "networks").iterdir()) == [
        "network-1-3", "network-2-3",
    ]  # fmt: skip
    wrong = message(CallError, kb.resume, left, override=["training.epochs=5"], verbose=False)
    assert wrong.startswith("training.epochs is another than the run began with.")
    resumed = kb.resume(left, data=data, verbose=False)
    for mine, its in zip(resumed.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert resumed.metrics == run.metrics
    assert f"resuming {left}, without fitting networks again that are done" in resumed.record.log
    done = [line for line in resumed.record.log if line.startswith("network 1/3 epoch")]
    assert len(done) == 2  # it is not fitted again


def test_what_is_for_one_network_is_refused(run: kb.Run) -> None:
    assert message(CallError, kb.resume, run.path, verbose=False) == (
        f"{run.path} is finished, and has 3 networks. Expected a run of one, which more epochs can "
        "be given to. Fit anew with more."
    )
    assert message(CallError, pipeline.eject, recipe("mixed")) == (
        "a script fits one network, and the recipe has 3. Expected `-o ensemble=1`, which gives "
        "the script of the first."
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ensemble: 0", "at least 1"),
        ("ensemble: many", "a whole number"),
        ("ensemble: 2\ntraining: {seed: 4294967295}", "2^32, by a smaller training.seed"),
    ],
)
def test_a_number_that_cannot_be_is_refused(given: str, said: str) -> None:
    from kbuilder.recipe import reading

    text = f"data: {{source: csv, path: rows.csv, target: y}}\n{given}"
    assert said in message(RecipeError, reading.parse, text)


def test_without_rows_held_back_nothing_is_said_of_each(tmp_path: Path) -> None:
    given = fields("mixed")
    data = given["data"].model_copy(update={"split": kb.Random(validation=0, test=0)})
    own = kb.Training(**{**QUICK, "epochs": 1})
    made = kb.fit(
        kb.Recipe(**{**given, "data": data}, ensemble=2, training=own), run_dir=tmp_path / "run",
        verbose=False,
    )  # fmt: skip
    assert made.metrics["networks"] == {"count": 2}
    assert json.loads((made.path / "metrics.json").read_text())["splits"] == {}
    assert wording.verdict(made.metrics) == (
        "No rows were held back, so nothing is known of other rows."
    )
    assert Console(verbose=False).lines == []


def test_several_workers_do_not_share_the_fits_of_several_networks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    said = message(TrainingError, fit, "mixed", tmp_path / "run")
    assert said == (
        "training.strategy: 2 workers fit one network together, and the recipe has 3. Expected no "
        "folds and no ensemble; or one machine, by `strategy: none`."
    )
