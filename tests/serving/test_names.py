"""Columns as people name them: from a file through fit, export and server under their own names."""

from __future__ import annotations

import json
import keyword
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import grpc
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from bad import real
from halting import HANG
from hypothesis import example, given, settings
from hypothesis import strategies as st
from serving_process import Served
from shared import ODD, mostly_slow
from sklearn.datasets import load_iris
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from tritonclient import http

import kbuilder as kb
from kbuilder.columns import ALLOWED, Columns, Target
from kbuilder.serving import open_inference, prediction_service, tensorflow_serving
from kbuilder.serving.bodies import Limits
from kbuilder.serving.exported import Exported

NUMBER = kb.Number(mean=0, scale=1, indicator=False)
SERVER: Any = SimpleNamespace(limits=Limits())
MORE = os.environ.get("KBUILDER_EVERY")


def iris() -> pd.DataFrame:
    """As R's write.csv has it, with a name in lower case beside the same in capitals."""
    given = load_iris(as_frame=True)
    names = ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"]
    frame = given.data.set_axis(names, axis=1)
    frame["A"], frame["a"] = frame["Sepal.Length"] * 2, frame["Petal.Width"] - 1
    frame["Species"] = [given.target_names[n] for n in given.target]
    return frame


def titanic() -> pd.DataFrame:
    """With Kaggle's headers."""
    names = {
        "survived": "Survived", "pclass": "Pclass", "sex": "Sex", "age": "Age", "sibsp": "SibSp",
        "parch": "Parch", "fare": "Fare", "embarked": "Embarked", "embark_town": "Embark Town",
    }  # fmt: skip
    return pd.read_csv(real("titanic.csv"))[list(names)].rename(columns=names)


def penguins() -> pd.DataFrame:
    """With Kaggle's headers, and two in Korean."""
    names = {
        "species": "Species", "island": "섬", "bill_length_mm": "Culmen Length (mm)",
        "bill_depth_mm": "Culmen Depth (mm)", "flipper_length_mm": "Flipper Length (mm)",
        "body_mass_g": "Body Mass (g)", "sex": "성별",
    }  # fmt: skip
    return pd.read_csv(real("penguins.csv")).rename(columns=names)


TABLES = {
    "iris": (iris, "Species"), "titanic": (titanic, "Survived"), "penguins": (penguins, "Species"),
}  # fmt: skip
DTYPES = {"FP32": np.float32, "INT64": np.int64, "BYTES": np.object_}


class Kept(NamedTuple):
    """A server of one table's model, and what `predict` says of a few of its rows."""

    served: Served
    rows: list[dict[str, Any]]
    labels: list[Any]
    probabilities: np.ndarray


@pytest.fixture(scope="module", params=mostly_slow(TABLES, "iris"))
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept]:
    make, target = TABLES[request.param]
    place = tmp_path_factory.mktemp("names")
    make().to_csv(place / "rows.csv", index=False)
    fields = {"data": kb.CSV(path=place / "rows.csv", target=target)}
    run = kb.fit(
        kb.Recipe(**fields, training=kb.Training(epochs=1)), run_dir=place / "run", verbose=False
    )
    run.export(place / request.param, verbose=False)
    frame = pd.read_csv(place / "rows.csv").sample(8, random_state=1)
    frame.to_csv(place / "new.csv", index=False)
    told = run.predict(place / "new.csv")
    chances = probabilities(told)
    described = json.loads((place / request.param / "1/assets.extra/kbuilder.json").read_text())
    dtypes = {entry["column"]: entry["dtype"] for entry in described["inputs"]}
    rows = [
        {name: sent(row[name], dtype) for name, dtype in dtypes.items()}
        for row in frame.to_dict("records")
    ]
    served = Served(place / request.param, "--name", "it", "--grpc-port", "0")
    yield Kept(served, rows, list(told["label"]), chances)
    served.close()


def probabilities(told: pd.DataFrame) -> np.ndarray:
    """Of each class, in the order of the classes."""
    return told[[name for name in told if name.startswith("probability of")]].to_numpy()


def sent(value: Any, dtype: str) -> Any:
    """A cell as a client sends it."""
    if dtype == "string":
        return "" if value != value else str(value)
    if dtype == "int64":
        return -(2**63) if value != value else int(value)
    return float(value)


def same(kept: Kept, labels: Any, probabilities: Any) -> None:
    words = [w.decode() if isinstance(w, bytes) else w for w in np.asarray(labels).tolist()]
    assert words == kept.labels
    np.testing.assert_allclose(probabilities, kept.probabilities, atol=1e-5)


def test_rest_takes_rows_and_columns_under_their_own_names(kept: Kept) -> None:
    client = kept.served.client
    said = client.post("/v1/models/it:predict", content=json.dumps({"instances": kept.rows})).json()
    same(kept, *zip(*((p["label"], p["probabilities"]) for p in said["predictions"]), strict=True))
    columns = {name: [row[name] for row in kept.rows] for name in kept.rows[0]}
    said = client.post("/v1/models/it:predict", content=json.dumps({"inputs": columns})).json()
    same(kept, said["outputs"]["label"], said["outputs"]["probabilities"])
    told = client.get("/v1/models/it/metadata").json()["metadata"]["signature_def"]
    assert told["signature_def"]["serving_default"]["inputs"].keys() == kept.rows[0].keys()


def test_openapi_and_the_page_have_their_own_names(kept: Kept) -> None:
    paths = kept.served.client.get("/openapi.json").json()["paths"]
    post = paths["/v1/models/it:predict"]["post"]
    asked = post["requestBody"]["content"]["application/json"]["schema"]["oneOf"][1]
    assert list(asked["properties"]["inputs"]["properties"]) == list(kept.rows[0])
    [model] = kept.served.client.get("/models.json").json()["models"]
    assert list(model["example"]) == list(kept.rows[0])


def test_triton_client_takes_the_names_of_the_metadata(kept: Kept) -> None:
    client = http.InferenceServerClient(f"127.0.0.1:{kept.served.port}")
    told = {one["name"]: one["datatype"] for one in client.get_model_metadata("it")["inputs"]}
    assert told.keys() == kept.rows[0].keys()
    inputs = []
    for name, datatype in told.items():
        values = np.array([row[name] for row in kept.rows], DTYPES[datatype])
        inputs.append(
            http.InferInput(name, list(values.shape), datatype).set_data_from_numpy(values)
        )
    answer = client.infer("it", inputs)
    same(kept, answer.as_numpy("label"), answer.as_numpy("probabilities"))
    client.close()


def test_grpc_takes_rows_under_their_own_names(kept: Kept) -> None:
    [where] = [said.rsplit(" ", 1)[1] for said in kept.served.said if "by gRPC" in said]
    request = predict_pb2.PredictRequest(model_spec={"name": "it"})
    kinds = {float: tf.float32, int: tf.int64, str: tf.string}
    for name, first in kept.rows[0].items():
        tensor = tf.make_tensor_proto([row[name] for row in kept.rows], kinds[type(first)])
        request.inputs[name].CopyFrom(tensor)
    with grpc.insecure_channel(where) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(request, timeout=HANG).outputs
    same(kept, tf.make_ndarray(answer["label"]), tf.make_ndarray(answer["probabilities"]))


ANY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.sampled_from([*ODD, *keyword.kwlist, "A", "a", "İ", "ı", "K", "ß", "label", "vector"]),
    st.sampled_from(["Sepal.Length", "x y", "x_y", "x-y", "X_Y", "column", "column_2"]),
)
NAMES = st.lists(ANY, min_size=1, max_size=6, unique=True)


@given(NAMES)
def test_every_column_has_an_input_of_its_own_that_tensorflow_allows(names: list[str]) -> None:
    found = Columns(dict.fromkeys(names, NUMBER), (Target(("y",), kb.Binary()),)).export_names()
    assert list(found) == names
    inputs = list(found.values())
    assert all(ALLOWED.fullmatch(one) and not keyword.iskeyword(one) for one in inputs)
    plain = {"".join(c if c.isalnum() else "_" for c in one.lower()) for one in inputs}
    assert len(plain) == len(names)
    # What a column is called is never the input of another.
    assert all(found[one] == one for one in inputs if one in found)


@pytest.mark.slow
@settings(max_examples=40 if MORE else 2, deadline=None, derandomize=not MORE)
@given(NAMES.filter(lambda names: "y" not in names))
@example(["A", "a", "A-", "class", "Sepal.Length", "이름", "__proto__"])
def test_any_names_are_fitted_exported_and_served(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    place = tmp_path_factory.mktemp("any")
    random = np.random.default_rng(len(names))
    frame = pd.DataFrame(random.normal(size=(60, len(names))).astype(np.float32), columns=names)
    frame["y"] = np.where(frame.sum(axis=1) > 0, "up", "down")
    recipe = kb.Recipe(
        data=kb.Frame(frame=frame, target="y"),
        features=dict.fromkeys(names, NUMBER), model=kb.MLP(units=[2]),
        training=kb.Training(epochs=1, batch_size=60, plan="keras"),
    )  # fmt: skip
    run = kb.fit(recipe, run_dir=place / "run", verbose=False)
    export = Exported(run.export(place / "it", verbose=False))
    wanted = probabilities(run.predict(frame))
    own = {name: frame[name].to_list() for name in names}
    renamed = {run.input_names()[name]: values for name, values in own.items()}
    for columns in (own, renamed):
        for read, body in bodies(columns):
            answer = export.predict(read(body, export.signature).columns)
            np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-5)
        tensors = {
            name: tf.make_tensor_proto(values, tf.float32) for name, values in columns.items()
        }
        request = predict_pb2.PredictRequest(inputs=tensors)
        answer = export.predict(prediction_service._read(request.inputs, export.signature, SERVER))
        np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-5)


def bodies(columns: dict[str, list[float]]) -> Iterator[tuple[Callable[..., Any], bytes]]:
    """The same rows in each form that a request may have."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    yield tensorflow_serving.read, json.dumps({"instances": rows}).encode()
    yield tensorflow_serving.read, json.dumps({"inputs": columns}).encode()
    tensors = [
        {"name": name, "datatype": "FP32", "shape": [len(values)], "data": values}
        for name, values in columns.items()
    ]
    yield open_inference.read, json.dumps({"inputs": tensors}).encode()
