"""The client of the Open Inference Protocol that people have, as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pytest
from tritonclient import http
from tritonclient.utils import InferenceServerException

import kbuilder as kb

KINDS = {"FP32": np.float32, "INT64": np.int64, "BYTES": np.object_}
Exports = Callable[[str], Path]


@pytest.fixture(scope="module")
def client(exported: Exports) -> Iterator[http.InferenceServerClient]:
    folders = {kind: exported(kind).parent for kind in ("mixed", "files")}
    with handmade.served(folders) as address:
        made = http.InferenceServerClient(address.removeprefix("http://"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def examples(exported: Exports) -> dict[str, dict[str, Any]]:
    return {
        kind: json.loads((exported(kind) / "assets.extra/examples.json").read_text())
        for kind in ("mixed", "files")
    }


def inputs(
    client: http.InferenceServerClient, model: str, examples: dict[str, Any], binary: bool = True
) -> list[http.InferInput]:
    """The examples as tensors, by what the server says that the model takes."""
    made = []
    for told in client.get_model_metadata(model)["inputs"]:
        column = [plain(row[told["name"]], told["datatype"]) for row in examples["instances"]]
        values = np.array(column, KINDS[told["datatype"]])
        one = http.InferInput(told["name"], list(values.shape), told["datatype"])
        made.append(one.set_data_from_numpy(values, binary_data=binary))
    return made


def plain(value: Any, datatype: str) -> Any:
    """A value of an example: None is a missing number or word, and images are in base64."""
    if value is None:
        return np.nan if datatype == "FP32" else b""
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value.encode() if isinstance(value, str) else value


def agrees(answer: http.InferResult, examples: dict[str, Any], *names: str) -> bool:
    """Whether these outputs are those of the examples; any name that is none is a fault."""
    for name in names:
        wanted = np.array([row[name] for row in examples["predictions"]])
        found = answer.as_numpy(name)
        assert found.shape == wanted.shape
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(found, wanted, atol=1e-5)
        else:
            words = [w.decode() if isinstance(w, bytes) else w for w in found.reshape(-1)]
            assert words == wanted.reshape(-1).tolist()
    return True


OUTPUTS = ("label", "probabilities", "probability")


def test_the_server_and_the_model_are_ready(client: http.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("mixed")
    assert client.is_model_ready("mixed", "1")
    assert not client.is_model_ready("mixed", "9")
    assert not client.is_model_ready("other")


def test_the_server_and_the_model_are_described(client: http.InferenceServerClient) -> None:
    assert client.get_server_metadata() == {
        "name": "kbuilder", "version": kb.__version__, "extensions": ["binary_tensor_data"],
    }  # fmt: skip
    assert client.get_model_metadata("mixed") == client.get_model_metadata("mixed", "1") == {
        "name": "mixed", "versions": ["1"], "platform": "tensorflow_savedmodel",
        "inputs": [
            {"name": "size", "datatype": "FP32", "shape": [-1]},
            {"name": "colour", "datatype": "BYTES", "shape": [-1]},
            {"name": "floor", "datatype": "INT64", "shape": [-1]},
        ],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "probability", "datatype": "FP32", "shape": [-1]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_are_answered_binary_or_as_json(
    client: http.InferenceServerClient, examples: dict[str, Any], binary: bool
) -> None:
    given = inputs(client, "mixed", examples["mixed"], binary)
    answer = client.infer("mixed", given, request_id="seven")
    assert agrees(answer, examples["mixed"], *OUTPUTS)
    told = answer.get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("seven", "mixed", "1")
    assert [output["name"] for output in told["outputs"]] == list(OUTPUTS)


@pytest.mark.parametrize("binary", [True, False])
def test_the_outputs_that_are_asked_for_come_as_they_are_asked_for(
    client: http.InferenceServerClient, examples: dict[str, Any], binary: bool
) -> None:
    wanted = [
        http.InferRequestedOutput("probability", binary_data=binary),
        http.InferRequestedOutput("label", binary_data=not binary),
    ]
    answer = client.infer("mixed", inputs(client, "mixed", examples["mixed"]), outputs=wanted)
    assert agrees(answer, examples["mixed"], "label", "probability")
    told = {output["name"]: "data" not in output for output in answer.get_response()["outputs"]}
    assert told == {"probability": binary, "label": not binary}


def test_images_go_as_bytes(client: http.InferenceServerClient, examples: dict[str, Any]) -> None:
    answer = client.infer("files", inputs(client, "files", examples["files"]))
    assert agrees(answer, examples["files"], *OUTPUTS)


@pytest.mark.parametrize("binary", [True, False])
def test_a_request_may_be_compressed(
    client: http.InferenceServerClient, examples: dict[str, Any], binary: bool
) -> None:
    answer = client.infer(
        "mixed", inputs(client, "mixed", examples["mixed"], binary),
        request_compression_algorithm="gzip", response_compression_algorithm="gzip",
    )  # fmt: skip
    assert agrees(answer, examples["mixed"], *OUTPUTS)


def test_what_is_refused_is_said(
    client: http.InferenceServerClient, examples: dict[str, Any]
) -> None:
    given = inputs(client, "mixed", examples["mixed"])
    deflated = {"request_compression_algorithm": "deflate"}
    for model, sent, options, code, said in (
        ("other", given, {}, "404", "Servable not found for request: Latest(other)"),
        ("mixed", given, {"model_version": "9"}, "404",
         "Servable not found for request: Specific(mixed, 9)"),
        ("mixed", given[:1], {}, "400", "missing input: colour, floor"),
        ("mixed", given, deflated, "415",
         "Content-Encoding 'deflate' is not known. Expected gzip, or none"),
        ("mixed", given, {"outputs": [http.InferRequestedOutput("lable")]}, "400",
         'unknown output "lable". Expected: label, probabilities, probability'),
    ):  # fmt: skip
        with pytest.raises(InferenceServerException) as error:
            client.infer(model, sent, **options)
        assert (error.value.status(), error.value.message()) == (code, said)


def test_many_requests_may_be_under_way(
    client: http.InferenceServerClient, examples: dict[str, Any]
) -> None:
    given = inputs(client, "mixed", examples["mixed"])
    going = [client.async_infer("mixed", given) for _ in range(20)]
    assert all(agrees(one.get_result(), examples["mixed"], *OUTPUTS) for one in going)
