"""gRPC, asked by the public stubs of TensorFlow Serving as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import handmade
import numpy as np
import pytest
import tensorflow as tf
from grpc_serving import answering
from halting import HANG
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kbuilder.serving import server

GIVEN: dict[str, Any] = {
    "number": np.float32([1, 0.5]), "pair": np.float32([[1, 2], [3, 4]]),
    "count": np.int64([1, -5]), "word": np.array([b"a", "ä".encode()], dtype=object),
}  # fmt: skip


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    place = tmp_path_factory.mktemp("handmade")
    names = handmade.write_all(place, only=("all", "double"))
    app = handmade.make({name: place / name for name in names}, 30, token="s3cret")
    with answering(app) as made:
        yield made


@pytest.fixture
def ask(channel: grpc.Channel) -> Callable[..., Any]:
    """Calls Predict with arrays."""

    def predict(model: str, given: dict[str, Any], **settings: Any) -> Any:
        request = predict_pb2.PredictRequest(**settings)
        request.model_spec.name = model
        for name, values in given.items():
            proto = values if not isinstance(values, np.ndarray) else tf.make_tensor_proto(values)
            request.inputs[name].CopyFrom(proto)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return stub.Predict(request, timeout=HANG, metadata=[("authorization", "Bearer s3cret")])

    return predict


def test_predict_answers_all_kinds_of_values(ask: Callable[..., Any]) -> None:
    answer = ask("all", GIVEN)
    assert answer.model_spec.name == "all"
    assert answer.model_spec.version.value == 1
    found = {name: tf.make_ndarray(proto).tolist() for name, proto in answer.outputs.items()}
    assert found == {
        "twice": [2, 1], "swapped": [[2, 1], [4, 3]], "next": [2, -4],
        "said": [b"a!", "ä!".encode()], "raw_bytes": [b"a", "ä".encode()],
    }  # fmt: skip


def test_an_output_and_a_version_may_be_chosen(ask: Callable[..., Any]) -> None:
    spec = {"version": {"value": 1}, "signature_name": "serving_default"}
    answer = ask("all", GIVEN, model_spec=spec, output_filter=["next"])
    assert list(answer.outputs) == ["next"]


def test_one_value_may_stand_for_all_of_a_shape(ask: Callable[..., Any]) -> None:
    splat = tf.make_tensor_proto(5.0, shape=[3])
    assert len(splat.float_val) == 1
    assert tf.make_ndarray(ask("double", {"x": splat}).outputs["y"]).tolist() == [10, 10, 10]


def tensor(shape: list[int], **values: Any) -> Any:
    made = tf.make_tensor_proto(1.0)
    made.Clear()
    made.dtype = 1
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    for field, value in values.items():
        getattr(made, field).extend(value) if field != "tensor_content" else setattr(
            made, field, value
        )
    return made


X = np.float32([1])
INVALID, MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(("model", "given", "settings", "code", "said"), [
    ("none", {"x": X}, {}, MISSING, "Servable not found for request: Latest(none)"),
    ("double", {"x": X}, {"model_spec": {"version": {"value": 7}}}, MISSING,
     "Servable not found for request: Specific(double, 7)"),
    ("double", {"x": X}, {"model_spec": {"version_label": "stable"}}, INVALID,
     "Unrecognized servable version label: stable"),
    ("double", {"x": X}, {"model_spec": {"signature_name": "other"}}, INVALID,
     'Serving signature name: "other" not found in signature def'),
    ("double", {"x": X}, {"output_filter": ["z"]}, INVALID,
     "output tensor alias not found in signature: z Outputs expected to be in the set {y}."),
    ("double", {"w": X}, {}, INVALID,
     "input size does not match signature: 1!=1. Sent extra: {w}. Missing but required: {x}."),
    ("double", {"x": np.int64([1])}, {}, INVALID, "input 'x' is DT_INT64. Expected DT_FLOAT"),
    ("double", {"x": np.float32([[1]])}, {}, INVALID,
     "input 'x' has the shape [1,1]. Expected [-1]"),
    ("double", {"x": np.float32([])}, {}, INVALID, "the inputs have no rows"),
    ("double", {"x": tensor([-1])}, {}, INVALID,
     "input 'x' has the shape [-1], which is not known"),
    ("double", {"x": tensor([3], tensor_content=b"1234")}, {}, INVALID,
     "input 'x' has other than the 3 values of its shape [3]"),
    ("double", {"x": tensor([10**15], float_val=[1])}, {}, grpc.StatusCode.RESOURCE_EXHAUSTED,
     "1,000,000,000,000,000 rows are too many at once. At most 100,000"),
    ("all", {**GIVEN, "count": np.int64([1])}, {}, INVALID,
     "the inputs have different numbers of rows: {'number': 2, 'pair': 2, 'count': 1, 'word': 2}"),
])  # fmt: skip
def test_what_cannot_be_answered_has_a_status_and_a_reason(
    ask: Callable[..., Any],
    model: str,
    given: dict[str, Any],
    settings: dict[str, Any],
    code: grpc.StatusCode,
    said: str,
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        ask(model, given, **settings)
    assert (error.value.code(), error.value.details()) == (code, said)


def test_metadata_is_the_signature(channel: grpc.Channel) -> None:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec={"name": "all"}, metadata_field=["signature_def"]
    )
    answer = stub.GetModelMetadata(request, metadata=[("authorization", "Bearer s3cret")])
    told = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(told)
    signature = told.signature_def["serving_default"]
    kinds = {name: (info.dtype, [d.size for d in info.tensor_shape.dim])
             for name, info in signature.inputs.items()}  # fmt: skip
    assert kinds == {"number": (1, [-1]), "pair": (1, [-1, 2]), "count": (9, [-1]),
                     "word": (7, [-1])}  # fmt: skip
    assert sorted(signature.outputs) == ["next", "raw_bytes", "said", "swapped", "twice"]


def test_status_tells_the_versions(channel: grpc.Channel) -> None:
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "all"})
    answer = stub.GetModelStatus(request, metadata=[("authorization", "Bearer s3cret")])
    states = [(one.version, one.state) for one in answer.model_version_status]
    assert states == [(1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)]


def test_a_client_without_the_token_is_refused(channel: grpc.Channel) -> None:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as error:
        stub.Predict(predict_pb2.PredictRequest(model_spec={"name": "all"}))
    assert (error.value.code(), error.value.details()) == (
        grpc.StatusCode.UNAUTHENTICATED, "a bearer token is needed",
    )  # fmt: skip


def test_a_message_that_cannot_be_parsed_is_an_invalid_argument(channel: grpc.Channel) -> None:
    predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as error:
        predict(b"\xff" * 1000, metadata=[("authorization", "Bearer s3cret")])
    assert (error.value.code(), error.value.details()) == (
        INVALID,
        "the message of 1,000 bytes cannot be parsed. Expected the message that "
        "/tensorflow.serving.PredictionService/Predict takes",
    )


def test_a_call_without_a_message_is_an_invalid_argument(channel: grpc.Channel) -> None:
    predict = channel.stream_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as error:
        predict(iter(()), metadata=[("authorization", "Bearer s3cret")])
    assert (error.value.code(), error.value.details()) == (INVALID, "the call has no message")


def test_what_is_not_there_is_unimplemented(channel: grpc.Channel) -> None:
    from tensorflow_serving.apis import regression_pb2

    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as error:
        stub.Regress(regression_pb2.RegressionRequest())
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.slow
def test_several_models_are_served_on_both_ports(
    exported: Callable[[str], Path], tmp_path: Path
) -> None:
    """As a user starts it: one process, a file that names the models."""
    from serving_process import Served

    with server.bound("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    names = {"digits": exported("pixels").parent, "answers": exported("mixed").parent}
    lines = "".join(f"{name}: {folder}\n" for name, folder in names.items())
    (tmp_path / "models.yaml").write_text(lines)
    served = Served(tmp_path / "models.yaml", "--grpc-port", port)
    try:
        assert served.said[-2] == f"serving digits, answers by gRPC on 127.0.0.1:{port}"
        for name in names:
            assert served.client.get(f"/v2/models/{name}/ready").json()["ready"] is True
        with grpc.insecure_channel(f"127.0.0.1:{port}") as made:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(made)
            request = predict_pb2.PredictRequest(model_spec={"name": "digits"})
            pixels = np.zeros((2, 29, 28), np.uint8)
            request.inputs["image"].CopyFrom(tf.make_tensor_proto(pixels))
            answer = stub.Predict(request, timeout=HANG)
        assert tf.make_ndarray(answer.outputs["probabilities"]).shape == (2, 4)
    finally:
        assert served.close() == (0, "")
