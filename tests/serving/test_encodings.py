"""Bins, hashes and counts of words: a served row is answered as `predict` answers it."""

from __future__ import annotations

import json
from typing import Any

import handmade
import httpx
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from grpc_serving import answering
from halting import HANG
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

import kbuilder as kb
from kbuilder.export import exporting

ROWS = 60
FEATURES: dict[str, Any] = {
    "size": kb.Number(bins=4),
    "age": kb.Number(bins=[0, 18, 65], embedding=2),
    "user": kb.Category(hash=16),
    "code": kb.Category(hash=8, embedding=2),
    "note": kb.Text(output_mode="count"),
}


def rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    words = np.array(["red", "Green", "blue,", "<b>fine</b>", "poor", "it's"])
    return pd.DataFrame(
        {
            "size": random.normal(size=ROWS).round(3),
            "age": random.integers(-5, 90, ROWS).astype(float),
            "user": [f"user {n % 37}" for n in range(ROWS)],
            "code": random.integers(0, 2**40, ROWS),
            "note": [" ".join(random.choice(words, 5)) for _ in range(ROWS)],
            "label": np.arange(ROWS) % 2,
        }
    )


def asked(known: pd.DataFrame) -> pd.DataFrame:
    """Rows of training, and others: edges of bins, words that nobody knows, what is missing."""
    found = known.drop(columns="label")[:8].astype({"code": "Int64"})
    found.loc[1, ["size", "age"]] = [1e12, 18.0]
    found.loc[2, ["size", "age"]] = [np.nan, np.nan]
    found.loc[3, ["size", "age"]] = [-1e12, 0.0]
    found.loc[4, ["user", "note"]] = ["日本", "red unheard red"]
    found.loc[5, ["user", "note"]] = [None, None]
    found.loc[6, "code"] = None
    found.loc[7, "code"] = 2**40 + 1
    return found


@pytest.mark.slow
def test_bins_hashes_and_counts_are_served_as_they_are_predicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "verify", lambda folder: 0.0)  # it takes a process of its own
    known = rows()
    recipe = kb.Recipe(
        data=kb.Frame(frame=known, target="label"), features=FEATURES,
        model=kb.MLP(units=4), training=kb.Training(epochs=1),
    )  # fmt: skip
    run = kb.fit(recipe, verbose=False)
    given = asked(known)
    wanted = run.predict(given, verbose=False)["probability"].to_numpy()
    assert len(set(wanted)) == len(given)
    place = run.export("exported", verbose=False)
    inputs = json.loads((place / "assets.extra" / "kbuilder.json").read_text())["inputs"]

    sent = json.loads(given.to_json(orient="records"))
    with handmade.served({"model": place.parent}) as address:
        answer = httpx.post(
            f"{address}/v1/models/model:predict", json={"instances": sent}, timeout=HANG
        )
    assert answer.status_code == 200, answer.text
    found = [row["probability"] for row in answer.json()["predictions"]]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)

    blank = {"string": "", "int64": -(2**63), "float32": np.nan, "float64": np.nan}
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "model"
    for one in inputs:
        cells = [row[one["column"]] for row in sent]
        values = [blank[one["dtype"]] if cell is None else cell for cell in cells]
        request.inputs[one["name"]].CopyFrom(tf.make_tensor_proto(values, one["dtype"]))
    with answering(handmade.make({"model": place.parent}, 30)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        outputs = stub.Predict(request, timeout=HANG).outputs
    np.testing.assert_allclose(tf.make_ndarray(outputs["probability"]), wanted, rtol=1e-5)
