"""The bodies of TensorFlow Serving's REST interface, version 1: rows or columns of JSON values.

Source: tensorflow_serving/util/json_tensor.cc, whose words of errors are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from kbuilder.serving import together
from kbuilder.serving.json_text import as_json, parsed, written_answer, written_json
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Columns, Signature, Tensor
from kbuilder.serving.values import array, evened, fits, is_base64, same_rows, shown, written

DEFAULT = "serving_default"


class Request(NamedTuple):
    """What was asked: the inputs, whether as rows, and of which function."""

    columns: Columns
    rows: bool
    function: str = DEFAULT


def read(body: bytes, signature: Signature) -> Request:
    """The inputs of a request.

    Raises:
        RequestError: if they are not what the signature takes.
    """
    given = parsed(body)
    function = _function(given, signature)
    if "instances" in given and "inputs" in given:
        raise RequestError(
            f"JSON Value: {shown(given)} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist "
        )
    if "instances" in given:
        instances = given["instances"]
        if not isinstance(instances, list):
            raise RequestError(
                f"JSON Value: {shown(given)} Excepting 'instances' to be an list/array"
            )
        if not instances:
            raise RequestError(f"JSON Value: {shown(given)} No values in 'instances' array")
        if signature.ignored and not _are_exact(instances, signature):
            instances = _known(instances, signature)
        instances = together.rows(instances, signature)
        spelled = signature.spelled(_names(instances[0]))
        columns = _from_rows(instances, spelled)
    elif "inputs" in given:
        inputs = together.columns(_without(given["inputs"], signature.ignored), signature)
        spelled = signature.spelled(_names(inputs))
        columns = _from_columns(inputs, spelled.inputs)
    else:
        raise RequestError("Missing 'inputs' or 'instances' key")
    for name, values in columns.items():
        fits(name, values.shape, spelled.inputs[name])
    same_rows(columns)
    return Request(signature.named(columns, spelled), "instances" in given, function)


def _are_exact(instances: list[Any], signature: Signature) -> bool:
    """Whether each row has as many values as there are inputs, so that it can have no others."""
    named = set(map(type, instances)) == {dict}
    return named and set(map(len, instances)) == {len(signature.inputs)}


def _known(instances: list[Any], signature: Signature) -> list[Any]:
    """The rows without columns of the training rows that are no inputs."""
    return [_without(row, signature.ignored) for row in instances]


def _without(value: Any, ignored: frozenset[str]) -> Any:
    """A row, or all columns, without those that are known and no inputs."""
    if not isinstance(value, dict) or ignored.isdisjoint(value):
        return value
    return {name: one for name, one in value.items() if name not in ignored}


def _names(value: Any) -> Collection[str]:
    """The names of inputs that a row, or all columns, come with."""
    return value if isinstance(value, dict) else ()


def _function(given: Mapping[str, Any], signature: Signature) -> str:
    """The name of the function that is asked.

    Raises:
        RequestError: if there is none of it.
    """
    name = given.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError(
            f"JSON Value: {shown(given)} not formatted correctly. 'signature_name' key must be a "
            "string value."
        )
    if name not in ("", DEFAULT, *signature.beside):
        raise RequestError(f'Serving signature name: "{name}" not found in signature def')
    return name or DEFAULT


def _is_row(element: Any) -> bool:
    """Whether an element of `instances` has values by the names of inputs."""
    return isinstance(element, dict) and not is_base64(element)


def _from_rows(instances: list[Any], signature: Signature) -> Columns:
    inputs = signature.inputs
    named = _is_row(instances[0])
    if not named and len(inputs) > 1:
        raise RequestError(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    try:
        return _read_rows(instances, signature, named)
    except (RequestError, KeyError) as error:  # which row it is, and what is wrong there
        instances = _known(instances, signature)
        wrong = _first_wrong(instances, signature, named)
        if wrong is not None or not named:
            raise wrong or error from None
    # Each column is whole by itself, but they differ: the one with the wrong shape will be named.
    return {
        name: array(evened([row[name] for row in instances], tensor), tensor.dtype)
        for name, tensor in inputs.items()
    }


def _read_rows(instances: list[Any], signature: Signature, named: bool) -> Columns:
    """The columns of rows.

    Raises:
        RequestError, KeyError: if any of them is wrong.
    """
    inputs = signature.inputs
    if not named:
        [(name, tensor)] = inputs.items()
        if any(map(_is_row, instances)):
            raise RequestError("an object among values")
        return {name: array(evened(instances, tensor), tensor.dtype)}
    if set(map(type, instances)) != {dict} or set(map(len, instances)) != {len(inputs)}:
        raise RequestError("other keys")
    columns: Columns = {}
    for tensor, group in signature.groups:
        lists = [list(map(itemgetter(name), instances)) for name in group]
        if None in tensor.row:  # the group is one input, whose rows may have any size
            columns[group[0]] = array(evened(lists[0], tensor), tensor.dtype)
        else:
            lists = [evened(rows, tensor) for rows in lists] if tensor.lists else lists
            columns.update(zip(group, array(lists, tensor.dtype), strict=True))
    return columns


def _first_wrong(instances: list[Any], signature: Signature, named: bool) -> RequestError | None:
    """The error of the first row that is wrong, by itself or beside those before it."""
    sound, wrong = 0, len(instances)
    while wrong - sound > 1:  # those before `sound` can be read, those before `wrong` cannot
        middle = (sound + wrong) // 2
        try:
            _read_rows(instances[:middle], signature, named)
            sound = middle
        except (RequestError, KeyError):
            wrong = middle
    shapes: dict[str, tuple[int, ...]] = {}
    for index in sorted({0, wrong - 1}):
        error = _wrong_row(index, instances[index], signature.inputs, named, shapes)
        if error is not None:
            return error
    return None


def _wrong_row(
    index: int,
    element: Any,
    inputs: Mapping[str, Tensor],
    named: bool,
    shapes: dict[str, tuple[int, ...]],
) -> RequestError | None:
    """What is wrong with one row, whose values are to have the shapes of the first."""
    if _is_row(element) != named:
        got = "list" if named else "object"
        wanted = "object" if named else "value/list"
        return RequestError(f"Expecting {wanted} but got {got} at item {index} of input list")
    row = element if named else {next(iter(inputs)): element}
    for name, value in row.items():
        wrong = _wrong(name, value, inputs, shapes)
        if wrong:
            key = f" key: {name}" if named else ""
            return RequestError(
                f"Failed to process element: {index}{key} of 'instances' list. Error: "
                f"INVALID_ARGUMENT: {wrong}"
            )
    missing = [name for name in inputs if name not in row]
    if missing:
        return RequestError(
            f"Failed to process element: {index} of 'instances' list. JSON object: "
            f"{shown(element)} keys must be equal to: {','.join(sorted(inputs))}. "
            f"Missing: {', '.join(missing)} (a value that is missing is null)"
        )
    return None


def _wrong(
    name: str, value: Any, inputs: Mapping[str, Tensor], shapes: dict[str, tuple[int, ...]]
) -> str | None:
    """What is wrong with one value of one row."""
    if name not in inputs:
        return f"JSON object: does not have named input: {name}"
    try:
        tensor = inputs[name]
        [shape] = [array(one, tensor.dtype).shape for one in evened([value], tensor)]
    except RequestError as error:
        return str(error)
    if tensor.opens:
        shape = (0, *shape[1:])
    first = shapes.setdefault(name, shape)
    sizes = [int(np.prod(one)) for one in (first, shape)]
    if sizes[0] != sizes[1]:
        return f"Expecting tensor size: {sizes[0]} but got: {sizes[1]}"
    return None if first == shape else f"Expecting shape {written(first)} but got: {written(shape)}"


def _from_columns(inputs: Any, known: Mapping[str, Tensor]) -> Columns:
    if not isinstance(inputs, dict) or is_base64(inputs):
        if len(known) > 1:
            raise RequestError(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        inputs = {next(iter(known)): inputs}
    columns = {}
    for name, tensor in known.items():
        if name not in inputs:
            raise RequestError(f"Missing named input: {name} in 'inputs' object.")
        try:
            columns[name] = array(evened(inputs[name], tensor), tensor.dtype)
        except RequestError as error:
            raise RequestError(f"input {name!r}: {error}") from None
    return columns


def write(outputs: Columns, rows: bool) -> bytes:
    """The answer: `predictions` for rows, `outputs` for columns."""

    def answer(native: bool) -> Any:
        values = {name: _values(name, array, native) for name, array in outputs.items()}
        if len(values) == 1:
            [found] = values.values()
        elif rows:
            pairs = map(zip, repeat(tuple(values)), zip(*values.values(), strict=True))
            found = list(map(dict, pairs))
        else:
            found = values
        return {"predictions" if rows else "outputs": found}

    return written_answer(outputs, answer)


def _values(name: str, values: np.ndarray, native: bool) -> Any:
    if values.dtype == object and name.endswith("_bytes"):
        return np.vectorize(_base64, otypes=[object])(values).tolist()
    return as_json(values, native)


def _base64(value: Any) -> dict[str, str]:
    content = value if isinstance(value, bytes) else str(value).encode()
    return {"b64": base64.b64encode(content).decode()}


def status(name: str, states: Mapping[int, str]) -> bytes:
    """The states of versions, the newest first; `name` and `ready` are what KServe's clients read.

    Args:
        name: The model.
        states: By version.
    """
    return written_json({
        "model_version_status": [
            {"version": str(version), "state": state,
             "status": {"error_code": "OK", "error_message": ""}}
            for version, state in sorted(states.items(), reverse=True)
        ],
        "name": name,
        "ready": "AVAILABLE" in states.values(),
    })  # fmt: skip


DTYPES = {
    "float32": "DT_FLOAT", "float64": "DT_DOUBLE", "int64": "DT_INT64", "uint8": "DT_UINT8",
    "string": "DT_STRING",
}  # fmt: skip


def metadata(name: str, version: int, signature: Signature) -> bytes:
    """The signature of a version, as Protocol Buffers are written in JSON."""
    return written_json({
        "model_spec": {"name": name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": {DEFAULT: {
            "inputs": _described_inputs(signature),
            "outputs": {name: _described(it, name) for name, it in signature.outputs.items()},
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }}}},
    })  # fmt: skip


def _described_inputs(signature: Signature) -> dict[str, Any]:
    """The inputs under their columns' own names, each with the name that TensorFlow has."""
    names = zip(signature.spelled().inputs, signature.inputs.items(), strict=True)
    return {own: _described(tensor, f"{DEFAULT}_{name}") for own, (name, tensor) in names}


def _described(tensor: Tensor, name: str) -> dict[str, Any]:
    return {
        "dtype": DTYPES[tensor.dtype],
        "tensor_shape": {
            "dim": [{"size": str(-1 if n is None else n), "name": ""} for n in tensor.shape],
            "unknown_rank": False,
        },
        "name": f"{name}:0",
    }
