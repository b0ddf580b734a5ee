"""Sets, bins and hashed categories, in exports and in the server."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder import catalog, preprocessing
from kbuilder.serving.exported import Exported

ROWS = 80


def rows() -> pd.DataFrame:
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"price": random.normal(50, 20, ROWS).round(2)})
    frame.loc[::7, "price"] = np.nan
    frame["user"] = [f"u{n % 40}" if n % 9 else None for n in range(ROWS)]
    frame["item"] = pd.array(np.arange(ROWS) * 7 + 2**40, dtype="Int64")
    frame.loc[3, "item"] = pd.NA
    frame["answer"] = np.where(random.random(ROWS) < 0.5, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    features = {
        "price": kb.Number(bins=5, embedding=2),
        "user": kb.Category(hash=16),
        "item": kb.Category(hash=500),
    }
    recipe = kb.Recipe(
        data=kb.Frame(frame=rows(), target="answer"), features=features,
        training=kb.Training(epochs=1, batch_size=32),
    )  # fmt: skip
    return kb.fit(recipe, run_dir=tmp_path_factory.mktemp("kinds") / "run", verbose=False)


def odd() -> pd.DataFrame:
    """Values that training has not seen, and none."""
    frame = pd.DataFrame({"price": [np.nan, -1e9, 1e9, 50.0], "user": ["new", None, "u1", "ü|;"]})
    return frame.assign(item=pd.array([7, pd.NA, 2**62 + 1, -(2**40)], dtype="Int64"))


def test_the_server_answers_raw_rows_as_predict_does(run: kb.Run) -> None:
    version = run.export(Path("served"))
    frame = odd()
    wanted = run.predict(frame)[["probability of no", "probability of yes"]].to_numpy()
    raw = preprocessing.raw(run.record.columns, run._given.table(frame))
    assert raw["item"].dtype == np.int64
    answer = Exported(version).predict(raw)
    np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-5)


def test_onnx_takes_the_slot_and_says_how_it_is_computed(run: kb.Run) -> None:
    version = run.export(Path("onnx"), format="onnx")
    text = (version / "assets.extra" / "kbuilder.json").read_text(encoding="utf-8")
    entries = {entry["name"]: entry for entry in json.loads(text)["inputs"]}
    assert {name: entry["dtype"] for name, entry in entries.items()} == {
        "price": "float32", "user": "int64", "item": "int64",
    }  # fmt: skip
    assert entries["user"]["prepared"].startswith("1 + Fingerprint64 of FarmHash of the text")
    assert "prepared" not in entries["price"]
    frame = odd()
    columns = run.record.columns
    raw = preprocessing.raw(columns, run._given.table(frame))
    given = {
        name: feature.numeric("int64").take(raw[name], feature.layer())
        for name, feature in columns.features.items()
    }
    ask = catalog.find("export/formats", "onnx").load(version)  # type: ignore[attr-defined]
    wanted = run.predict(frame)[["probability of no", "probability of yes"]].to_numpy()
    np.testing.assert_allclose(ask(given)["probabilities"], wanted, atol=1e-5)
