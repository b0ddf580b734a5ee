"""All that answers says yes from the same probability on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import handmade
import httpx
import numpy as np
import pandas as pd
import pytest
from halting import HANG

import kbuilder as kb
from kbuilder import catalog

LIMIT = np.float32(0.3)
LIKELY = np.array(
    [0.1, np.nextafter(LIMIT, np.float32(0)), LIMIT, np.nextafter(LIMIT, np.float32(1)), 0.45, 0.9],
    np.float32,
)
YES = [False, False, True, True, True, True]


def passed(task: Any, frame: pd.DataFrame, folder: Path) -> kb.Run:
    """A run whose network answers with the numbers of its rows as they are."""
    import keras

    numbers = {name: kb.Number(mean=0.0, scale=1.0) for name in frame if name != "answer"}
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="answer"), features=numbers, task=task,
        training=kb.Training(epochs=1, baselines="none"),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=folder, verbose=False)
    given = keras.Input((len(numbers),), name="vector")
    answer = keras.layers.Activation("linear", name="head")(given)
    return replace(run, model=keras.Model({"vector": given}, {"answer": answer}))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"p": random.random(60).astype(np.float32)})
    frame["answer"] = np.where(random.random(60) < frame["p"], "yes", "no")
    return passed(kb.Binary(threshold=0.3), frame, tmp_path_factory.mktemp("one") / "run")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.random((60, 2)).astype(np.float32), columns=["p", "q"])
    frame["answer"] = [["old", "old|big", "", "big"][place % 4] for place in range(60)]
    return passed(kb.Multilabel(threshold=0.3), frame, tmp_path_factory.mktemp("many") / "run")


ROWS = pd.DataFrame({"p": LIKELY})


def test_predict_and_evaluate(run: kb.Run, tmp_path: Path) -> None:
    assert (run.predict(ROWS, verbose=False)["label"] == "yes").tolist() == YES
    true = ROWS.assign(answer="yes")
    assert run.evaluate(true, verbose=False)["data"]["recall"] == pytest.approx(4 / 6)
    ROWS.to_parquet(tmp_path / "rows.parquet")
    run.predict_file(tmp_path / "rows.parquet", tmp_path / "answers.csv")
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert (answers["label"] == "yes").tolist() == YES


@pytest.mark.parametrize("name", ["saved_model", "onnx", "litert", "openvino", "keras"])
def test_every_format(name: str, run: kb.Run, tmp_path: Path) -> None:
    version = run.export(tmp_path / name, format=name, verbose=False)
    known = json.loads((version / "assets.extra" / "kbuilder.json").read_text())
    [target] = known["targets"]
    assert target["task"]["threshold"] == 0.3
    ask: Callable[[Any], Any] = catalog.find("export/formats", name).load(version)  # type: ignore[attr-defined]
    if name == "keras":
        [likely] = ask({"vector": LIKELY[:, None]}).values()
        likely = np.hstack([1 - likely, likely])
    else:
        [one] = known["inputs"]
        answers = ask({one["name"]: LIKELY})
        likely = answers["probabilities"]
        own = np.where(YES, likely[:, 1], likely[:, 0])
        assert answers["probability"] == pytest.approx(own, abs=0)
        if name == "saved_model":
            assert [label == b"yes" for label in answers["label"].tolist()] == YES
    # as docs/tasks.md says how others go by the threshold
    assert (likely[:, 1] >= np.float32(target["task"]["threshold"])).tolist() == YES


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_the_server(protocol: str, run: kb.Run, several: kb.Run, tmp_path: Path) -> None:
    folders = {"one": tmp_path / "one", "many": tmp_path / "many"}
    for kind, folder in zip((run, several), folders.values(), strict=True):
        kind.export(folder, verbose=False)
    numbers = [float(value) for value in LIKELY]
    with handmade.served(folders) as address, httpx.Client(base_url=address, timeout=HANG) as one:
        for name, inputs in (("one", ["p"]), ("many", ["p", "q"])):
            if protocol == "v1":
                rows = [dict.fromkeys(inputs, number) for number in numbers]
                said = one.post(f"/v1/models/{name}:predict", json={"instances": rows})
                assert said.status_code == 200, said.text
                found = [row.get("label", row.get("labels")) for row in said.json()["predictions"]]
            else:
                sent = [{"name": given, "datatype": "FP32", "shape": [len(numbers)],
                         "data": numbers} for given in inputs]  # fmt: skip
                said = one.post(f"/v2/models/{name}/infer", json={"inputs": sent})
                assert said.status_code == 200, said.text
                outputs = {out["name"]: out for out in said.json()["outputs"]}
                out = outputs.get("label") or outputs["labels"]
                found = np.array(out["data"]).reshape(out["shape"]).tolist()
            yes = ["yes" if own else "no" for own in YES]
            if name == "many":
                yes = [["big", "old"] if own else ["", ""] for own in YES]  # type: ignore[misc]
            assert found == yes


def test_several_labels(several: kb.Run) -> None:
    rows = pd.DataFrame({"p": LIKELY, "q": LIKELY[::-1]})
    answers = several.predict(rows, verbose=False)["labels"]
    expected = ["|".join(name for name, own in (("big", a), ("old", b)) if own)
                for a, b in zip(YES, YES[::-1], strict=True)]  # fmt: skip
    assert answers.tolist() == expected
