"""gRPC: Predict, GetModelMetadata and GetModelStatus of TensorFlow Serving, for its clients.

It needs the extra `grpc`, whose package has the messages. Source: tensorflow_serving/apis.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kbuilder.serving import models, together
from kbuilder.serving.admission import Admission
from kbuilder.serving.app import Server, check_rows
from kbuilder.serving.bodies import LARGE
from kbuilder.serving.models import Model, Version
from kbuilder.serving.refusals import RefusedError, RequestError, TooLargeError, UnknownError
from kbuilder.serving.signature import Columns, Signature, Tensor
from kbuilder.serving.tensorflow_serving import DEFAULT, DTYPES
from kbuilder.serving.values import UNEVEN, fits, same_rows, written

AT_ONCE = 256
"""Calls that are answered at once; others are refused with RESOURCE_EXHAUSTED."""
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def make(server: Server, address: str, connections: int = 1000) -> grpc.aio.Server:
    """What answers gRPC on an address; not started yet.

    Args:
        connections: How many there may be.

    Raises:
        RuntimeError: if nobody can listen there.
    """
    admission = Admission(server)
    made = grpc.aio.server(interceptors=[admission], maximum_concurrent_rpcs=AT_ONCE, options=[
        ("grpc.max_receive_message_length", server.limits.body),
        ("grpc.max_send_message_length", -1),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.max_allowed_incoming_connections", connections),
        ("grpc.server_handshake_timeout_ms", int(1000 * server.limits.seconds)),
        ("grpc.max_connection_idle_ms", 75_000),
        ("grpc.keepalive_time_ms", 30_000),  # a client that reads nothing does not answer these
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.so_reuseport", 0),  # another server on the port is an error, not half of the clients
    ])  # fmt: skip
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(server), made)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(States(server), made)
    made.add_insecure_port(address)
    return made


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers Predict and GetModelMetadata; the other methods are not there."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """The outputs for some rows."""
        return await _answered(self.server, context, request, self._predict, counted=True)

    async def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What a model takes and gives."""
        return await _answered(self.server, context, request, self._metadata)

    async def _predict(self, request: Any, model: Model, seconds: float) -> Any:
        number = _number(request.model_spec)
        version = model.version(number)
        _check_signature(request.model_spec.signature_name)
        given = request.inputs, version.export.signature, self.server
        large = request.ByteSize() > LARGE  # which would keep others waiting
        columns = await self.server.off_loop(_read, *given) if large else _read(*given)
        wanted = _wanted(request.output_filter, version.export.signature)
        version, answer = await model.answer(version, columns, seconds, number is not None)
        response = predict_pb2.PredictResponse(model_spec=_spec(model, version))
        for name in wanted:
            response.outputs[name].CopyFrom(_written(answer[name]))
        return response

    async def _metadata(self, request: Any, model: Model, seconds: float) -> Any:
        version = model.version(_number(request.model_spec))
        if list(request.metadata_field) != ["signature_def"]:
            raise RequestError(
                f"Metadata field {', '.join(request.metadata_field) or '(none)'} is not supported. "
                "Expected signature_def"
            )
        signatures = get_model_metadata_pb2.SignatureDefMap()
        signatures.signature_def[DEFAULT].CopyFrom(_described(version.export.signature))
        response = get_model_metadata_pb2.GetModelMetadataResponse(
            model_spec=model_pb2.ModelSpec(name=model.name, version={"value": version.number})
        )
        response.metadata["signature_def"].Pack(signatures)
        return response


class States(model_service_pb2_grpc.ModelServiceServicer):
    """Answers GetModelStatus."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The states of the versions, the newest first."""
        return await _answered(self.server, context, request, self._status)

    async def _status(self, request: Any, model: Model, seconds: float) -> Any:
        number = _number(request.model_spec)
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state in sorted(model.states.items(), reverse=True):
            if number in (None, version):
                response.model_version_status.add(version=version, state=state)
        if not response.model_version_status:
            raise UnknownError(f"Could not find version {number} of model {model.name}")
        return response


async def _answered(
    server: Server,
    context: Any,
    request: Any,
    answer: Callable[[Any, Model, float], Awaitable[Any]],
    counted: bool = False,
) -> Any:
    """The answer, or the status that says why there is none."""
    started, code, model = time.perf_counter(), 500, None
    try:
        model = models.find(server.models, request.model_spec.name)
        left = context.time_remaining()
        seconds = min(server.limits.seconds, math.inf if left is None else left)
        response = await answer(request, model, seconds)
        code = 200
        return response
    except RefusedError as refused:
        code = refused.code
        await context.abort(CODES[code], str(refused).encode("utf-8", "replace").decode())
    except Exception:  # a fault of ours: told in the log, not to the client
        logging.getLogger("uvicorn.error").exception("%s failed", type(request).__name__)
        await context.abort(grpc.StatusCode.INTERNAL, "something went wrong in the server")
    finally:
        if counted and model is not None:
            server.metrics.asked(model.name, "grpc", code, started)


def _number(spec: Any) -> int | None:
    if spec.version_label:
        raise RequestError(f"Unrecognized servable version label: {spec.version_label}")
    return spec.version.value if spec.HasField("version") else None


def _check_signature(name: str) -> None:
    if name not in ("", DEFAULT):
        raise RequestError(f'Serving signature name: "{name}" not found in signature def')


def _spec(model: Model, version: Version) -> Any:
    return model_pb2.ModelSpec(
        name=model.name, version={"value": version.number}, signature_name=DEFAULT
    )


def _read(inputs: Mapping[str, Any], signature: Signature, server: Server) -> Columns:
    """The inputs of a request, whose shapes are checked before memory is taken for them."""
    spelled = signature.spelled(inputs)
    if inputs.keys() != spelled.inputs.keys():
        extra = ",".join(sorted(inputs.keys() - spelled.inputs.keys()))
        missing = ",".join(sorted(spelled.inputs.keys() - inputs.keys()))
        raise RequestError(
            f"input size does not match signature: {len(inputs)}!={len(spelled.inputs)}. Sent "
            f"extra: {{{extra}}}. Missing but required: {{{missing}}}."
            f"{together.instead(inputs.keys(), signature)}"
        )
    columns = {
        name: _array(name, inputs[name], tensor, server) for name, tensor in spelled.inputs.items()
    }
    same_rows(columns)
    return signature.named(columns, spelled)


def _array(name: str, given: Any, tensor: Tensor, server: Server) -> np.ndarray:
    known = given.dtype in types_pb2.DataType.values()
    kind = types_pb2.DataType.Name(given.dtype) if known else str(given.dtype)
    if kind != DTYPES[tensor.dtype]:
        raise RequestError(f"input {name!r} is {kind}. Expected {DTYPES[tensor.dtype]}")
    shape = tuple(dim.size for dim in given.tensor_shape.dim)
    if given.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise RequestError(f"input {name!r} has the shape {written(shape)}, which is not known")
    fits(name, shape, tensor)
    check_rows({name: range(shape[0])}, server.limits)
    each = np.dtype(tensor.dtype).itemsize if tensor.dtype != "string" else 1
    if math.prod(shape) * each > server.limits.body:  # one value may stand for all of a shape
        raise TooLargeError(f"input {name!r} has the shape {written(shape)}, which is too large")
    try:
        return tf.make_ndarray(given)
    except (ValueError, TypeError):
        raise RequestError(
            f"input {name!r} has other than the {math.prod(shape)} values of its shape "
            f"{written(shape)}{'. ' + UNEVEN if tensor.opens else ''}"
        ) from None


def _wanted(names: Any, signature: Signature) -> list[str]:
    for name in names:
        if name not in signature.outputs:
            raise RequestError(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the "
                f"set {{{','.join(sorted(signature.outputs))}}}."
            )
    return list(names) or list(signature.outputs)


def _written(values: np.ndarray) -> Any:
    if values.dtype == object:
        return tf.make_tensor_proto(values.tolist(), tf.string, values.shape)
    return tf.make_tensor_proto(values)


def _described(signature: Signature) -> Any:
    described = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    names = zip(signature.spelled().inputs, signature.inputs.items(), strict=True)
    for own, (name, tensor) in names:
        _describe(described.inputs[own], tensor, f"{DEFAULT}_{name}")
    for name, tensor in signature.outputs.items():
        _describe(described.outputs[name], tensor, name)
    return described


def _describe(info: Any, tensor: Tensor, name: str) -> None:
    info.name = f"{name}:0"
    info.dtype = tf.as_dtype(tensor.dtype).as_datatype_enum
    info.tensor_shape.CopyFrom(tf.TensorShape(tensor.shape).as_proto())
