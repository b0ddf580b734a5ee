"""The bodies of the Open Inference Protocol, version 2, over HTTP: tensors as JSON or binary.

Source: the Open Inference Protocol's REST definition, and its binary tensor extension: after the
JSON come the tensors, one after another, whose sizes the JSON tells.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kbuilder.serving import together
from kbuilder.serving.json_text import as_json, parsed, written_answer
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Columns, Signature, Tensor
from kbuilder.serving.values import UNEVEN, array, evened, fits, same_rows, shown, written

LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are its JSON."""
DATATYPES = {
    "float32": "FP32", "float64": "FP64", "int64": "INT64", "uint8": "UINT8", "string": "BYTES",
}  # fmt: skip


class Request(NamedTuple):
    """What was asked.

    Args:
        columns: The inputs.
        outputs: The names of the outputs that are wanted, and whether each is to be binary.
        identity: What the answer repeats; None: there was none.
    """

    columns: Columns
    outputs: Mapping[str, bool]
    identity: str | None


def read(body: bytes, signature: Signature, length: str | None = None) -> Request:
    """The inputs of a request.

    Args:
        length: The header that says how many bytes of the body are JSON; None: all of them.

    Raises:
        RequestError: if they are not what the signature takes.
    """
    json_bytes = None if length is None else _length(length, body)
    given = parsed(body if json_bytes is None else body[:json_bytes])
    binary = b"" if json_bytes is None else body[json_bytes:]
    identity = given.get("id")
    if identity is not None and not isinstance(identity, str):
        raise RequestError(f"'id' is {shown(identity)}. Expected a string")
    inputs = given.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        raise RequestError("'inputs' is missing, or no list of objects")
    spelled = signature.spelled([one.get("name") for one in inputs])
    columns: Columns = {}
    for one in inputs:
        name = one.get("name")
        if not isinstance(name, str) or name not in spelled.inputs:
            known = ", ".join(spelled.inputs)
            hint = together.instead([name], signature)
            raise RequestError(
                f"unknown input {shown(name)}. Expected: {known}{'.' if hint else ''}{hint}"
            )
        if name in columns:
            raise RequestError(f"input {name!r} is there twice")
        values, binary = _input(name, one, spelled.inputs[name], binary)
        columns[name] = values
    missing = [name for name in spelled.inputs if name not in columns]
    if missing:
        raise RequestError(f"missing input: {', '.join(missing)}")
    if binary:
        raise RequestError(f"{len(binary)} bytes are left after the tensors")
    same_rows(columns)
    return Request(signature.named(columns, spelled), _wanted(given, signature), identity)


def _length(length: str, body: bytes) -> int:
    if not re.fullmatch("[0-9]{1,18}", length):
        raise RequestError(f"{LENGTH} is {length!r}. Expected a number of bytes")
    if int(length) > len(body):
        raise RequestError(f"{LENGTH} is {length}, and the body has {len(body)} bytes")
    return int(length)


def _input(
    name: str, one: Mapping[str, Any], tensor: Tensor, binary: bytes
) -> tuple[np.ndarray, bytes]:
    """The values of an input, and what is left of the binary part."""
    datatype = DATATYPES[tensor.dtype]
    if one.get("datatype") != datatype:
        raise RequestError(
            f"input {name!r} has the datatype {shown(one.get('datatype'))}. Expected {datatype}"
        )
    shape = one.get("shape")
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise RequestError(
            f"input {name!r} has the shape {shown(shape)}. Expected whole numbers, >= 0"
        )
    fits(name, tuple(shape), tensor)
    size = _parameter(one, "binary_data_size")
    try:
        if size is None:
            if "data" not in one:
                raise RequestError("it has no data")
            values = array(_padded(one["data"], shape, tensor), tensor.dtype)
            if values.ndim != 1 and values.shape != tuple(shape):
                raise RequestError(
                    f"its data is nested as {written(values.shape)}, and its shape is "
                    f"{written(shape)}"
                )
            values = values.reshape(-1)
        else:
            if type(size) is not int or not 0 <= size <= len(binary):
                raise RequestError(f"binary_data_size is {shown(size)}, of {len(binary)} bytes")
            values, binary = _from_binary(binary[:size], tensor), binary[size:]
    except RequestError as error:
        raise RequestError(f"input {name!r}: {error}") from None
    if len(values) != math.prod(shape):
        raise RequestError(
            f"input {name!r} has {len(values)} values, and its shape is {written(shape)}"
            f"{'. ' + UNEVEN if tensor.opens else ''}"
        )
    return values.reshape(shape), binary


def _padded(data: Any, shape: Sequence[int], tensor: Tensor) -> Any:
    """Data in which rows with fewer steps than the shape has end with null.

    Raises:
        RequestError: naming the first row with more.
    """
    nested = isinstance(data, list) and any(isinstance(row, list) for row in data)
    if tensor.lists:
        return evened(data, tensor)
    if not tensor.opens or not nested:
        return data
    for number, row in enumerate(data, start=1):
        if isinstance(row, list) and len(row) > shape[1]:
            raise RequestError(
                f"row {number} has {len(row)} steps, and its shape is {written(shape)}. Expected "
                "the steps of the longest row; shorter ones end with null, or are just shorter"
            )
    return evened(data, tensor, shape[1])


def _from_binary(content: bytes, tensor: Tensor) -> np.ndarray:
    if tensor.dtype != "string":
        kind = np.dtype(tensor.dtype).newbyteorder("<")
        if len(content) % kind.itemsize:
            raise RequestError(f"{len(content)} bytes are no whole number of values")
        return np.frombuffer(content, kind).astype(tensor.dtype)
    words: list[bytes] = []
    offset = 0
    while offset < len(content):
        if offset + 4 > len(content):
            raise RequestError("a string has no length")
        [size] = struct.unpack_from("<I", content, offset)
        offset += 4
        if offset + size > len(content):
            raise RequestError("a string is longer than what is left")
        words.append(content[offset : offset + size])
        offset += size
    values = np.empty(len(words), dtype=object)
    values[:] = words
    return values


def _wanted(given: Mapping[str, Any], signature: Signature) -> dict[str, bool]:
    """The outputs to give, and whether binary."""
    default = _parameter(given, "binary_data_output") is True
    outputs = given.get("outputs")
    if outputs is None:
        return dict.fromkeys(signature.outputs, default)
    if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
        raise RequestError("'outputs' is no list of objects")
    wanted = {}
    for one in outputs:
        name = one.get("name")
        if not isinstance(name, str) or name not in signature.outputs:
            raise RequestError(
                f"unknown output {shown(name)}. Expected: {', '.join(signature.outputs)}"
            )
        own = _parameter(one, "binary_data")
        wanted[name] = default if own is None else own is True
    return wanted or dict.fromkeys(signature.outputs, default)


def _parameter(given: Mapping[str, Any], name: str) -> Any:
    parameters = given.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


def write(
    outputs: Columns, request: Request, name: str, version: int
) -> tuple[bytes, dict[str, str]]:
    """The answer, and its headers."""
    blobs = {one: _as_binary(outputs[one]) for one, binary in request.outputs.items() if binary}
    answer: dict[str, Any] = {"model_name": name, "model_version": str(version)}
    if request.identity is not None:
        answer["id"] = request.identity

    def described(native: bool) -> Any:
        return {**answer, "outputs": [
            _output(one, outputs[one], blobs.get(one), native) for one in request.outputs
        ]}  # fmt: skip

    head = written_answer({one: outputs[one] for one in request.outputs}, described)
    if not blobs:
        return head, {"content-type": "application/json"}
    headers = {"content-type": "application/octet-stream", LENGTH: str(len(head))}
    return b"".join([head, *blobs.values()]), headers


def _output(name: str, values: np.ndarray, blob: bytes | None, native: bool) -> dict[str, Any]:
    dtype = "string" if values.dtype == object else values.dtype.name
    described = {"name": name, "datatype": DATATYPES[dtype], "shape": list(values.shape)}
    if blob is not None:
        return {**described, "parameters": {"binary_data_size": len(blob)}}
    return {**described, "data": as_json(values.reshape(-1), native)}


def _as_binary(values: np.ndarray) -> bytes:
    if values.dtype != object:
        return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    words = [w if isinstance(w, bytes) else str(w).encode() for w in values.reshape(-1)]
    return b"".join(struct.pack("<I", len(word)) + word for word in words)


def server() -> dict[str, Any]:
    """What the server is."""
    from kbuilder import __version__

    return {"name": "kbuilder", "version": __version__, "extensions": ["binary_tensor_data"]}


def metadata(name: str, versions: Sequence[int], signature: Signature) -> dict[str, Any]:
    """What a model takes and gives."""
    return {
        "name": name,
        "versions": [str(version) for version in versions],
        "platform": "tensorflow_savedmodel",
        "inputs": _described(signature.spelled().inputs),
        "outputs": _described(signature.outputs),
    }


def _described(tensors: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"name": name, "datatype": DATATYPES[tensor.dtype],
         "shape": [-1 if size is None else size for size in tensor.shape]}
        for name, tensor in tensors.items()
    ]  # fmt: skip
