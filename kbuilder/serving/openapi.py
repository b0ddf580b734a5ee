"""What a server answers, as an OpenAPI document: made from the signatures of its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbuilder.serving import open_inference
from kbuilder.serving.models import Model
from kbuilder.serving.signature import Signature, Tensor

Schema = dict[str, Any]

ERROR: Schema = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}
FAULTS = {
    "400": "The request is not what the model takes",
    "401": "It lacks the token",
    "404": "There is no such model or version",
    "408": "The body did not come in time",
    "413": "The body is too large, or has too many rows",
    "415": "The body is compressed in a way that is not known",
    "503": "Too much waits already",
    "504": "Not answered in time",
}
BASE64: Schema = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
    "required": ["b64"],
    "additionalProperties": False,
}
SCALARS: dict[str, Schema] = {
    "float32": {"type": ["number", "null"]},
    "float64": {"type": ["number", "null"]},
    "int64": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
    "uint8": {"type": "integer", "minimum": 0, "maximum": 255},
    "string": {"anyOf": [{"type": ["string", "null"]}, BASE64]},
}
"""What a value of an input may be; null is missing."""
NUMBER: Schema = {"description": "a number, or the bare word NaN, which is none in JSON"}
ANSWERED: dict[str, Schema] = {
    **SCALARS, "float32": NUMBER, "float64": NUMBER, "string": {"type": "string"},
    "int64": {"type": "integer"},
}  # fmt: skip


def document(models: Mapping[str, Model], guarded: bool) -> Schema:
    """The OpenAPI document of all models that are loaded.

    Args:
        models: By their names.
        guarded: Whether a bearer token is asked for.
    """
    from kbuilder import __version__

    paths: Schema = {
        "/healthz": _get("Whether the server runs", _object()),
        "/readyz": _get("Whether its models are loaded", _object(), {"503": "Not yet"}),
        "/v2": _get("What the server is", _object("name", "version", "extensions")),
        "/v2/health/live": _get("Whether the server runs", _object("live")),
        "/v2/health/ready": _get(
            "Whether its models are loaded", _object("ready"), {"503": "Not yet"}
        ),
    }
    for name, model in models.items():
        version = model.current
        if version is not None:
            paths.update(_paths(name, version.export.signature.spelled()))
    told: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "kbuilder serve", "version": __version__},
        "paths": paths,
    }
    if guarded:
        told["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        told["security"] = [{"token": []}]
        for path in ("/healthz", "/readyz"):
            told["paths"][path]["get"]["security"] = []
    return told


def _paths(name: str, signature: Signature) -> Schema:
    v1, v2 = f"/v1/models/{name}", f"/v2/models/{name}"
    return {
        v1: _get("The states of its versions", _object("model_version_status")),
        f"{v1}/metadata": _get("Its signature", _object("model_spec", "metadata")),
        f"{v1}:predict": _post(
            "Predict rows or columns, as TensorFlow Serving does",
            _asked(signature),
            _answered(signature),
        ),
        v2: _get("Its signature", _object("name", "versions", "platform", "inputs", "outputs")),
        f"{v2}/ready": _get("Whether it is loaded", _object("name", "ready")),
        f"{v2}/infer": _post(
            "Predict tensors, by the Open Inference Protocol",
            _tensors_asked(signature),
            _tensors_answered(signature),
        ),
    }


def _get(summary: str, schema: Schema, faults: Mapping[str, str] | None = None) -> Schema:
    return {"get": {"summary": summary, "responses": _responses(schema, faults or {})}}


def _post(summary: str, asked: Schema, answered: Schema) -> Schema:
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": _content(asked)},
            "responses": _responses(answered, FAULTS),
        }
    }


def _responses(schema: Schema, faults: Mapping[str, str]) -> Schema:
    refused = {
        code: {"description": why, "content": _content(ERROR if code != "503" else _object())}
        for code, why in faults.items()
    }
    return {"200": {"description": "OK", "content": _content(schema)}, **refused}


def _content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _object(*names: str, **properties: Schema) -> Schema:
    """An object that has at least these names."""
    return {"type": "object", "properties": properties, "required": [*names, *properties]}


def _exactly(properties: Schema) -> Schema:
    return {**_object(**properties), "additionalProperties": False}


def _nested(scalar: Schema, shape: tuple[int | None, ...]) -> Schema:
    schema = scalar
    for size in reversed(shape):
        sizes = {} if size is None else {"minItems": size, "maxItems": size}
        schema = {"type": "array", "items": schema, **sizes}
    return schema


def _row(tensor: Tensor) -> Schema:
    """One row of an input; a set is a text, or a list of labels."""
    scalar = SCALARS[tensor.dtype]
    if not tensor.lists:
        return _nested(scalar, tensor.row)
    label = {"type": ["string", "integer", "boolean", "null"]}
    return {"anyOf": [scalar, {"type": "array", "items": label}]}


def _rows(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _asked(signature: Signature) -> Schema:
    """The body of TensorFlow Serving: rows, or columns."""
    row = {name: _row(t) for name, t in signature.inputs.items()}
    columns = {name: _rows(schema) for name, schema in row.items()}
    rows: Schema = _rows(_exactly(row))
    by_name: Schema = _object(**columns)
    if len(row) == 1:
        rows = {"anyOf": [rows, _rows(next(iter(row.values())))]}
        by_name = {"anyOf": [by_name, next(iter(columns.values()))]}
    named = {"signature_name": {"enum": ["", "serving_default"]}}
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {"instances": rows, **named},
                "required": ["instances"],
                "not": {"required": ["inputs"]},
            },
            {
                "type": "object",
                "properties": {"inputs": by_name, **named},
                "required": ["inputs"],
                "not": {"required": ["instances"]},
            },
        ]
    }


def _answered(signature: Signature) -> Schema:
    row = {name: _output(name, tensor) for name, tensor in signature.outputs.items()}
    columns = {name: _rows(schema) for name, schema in row.items()}
    several = len(row) > 1
    rows = _rows(_exactly(row) if several else next(iter(row.values())))
    by_name = _exactly(columns) if several else next(iter(columns.values()))
    return {"oneOf": [_exactly({"predictions": rows}), _exactly({"outputs": by_name})]}


def _output(name: str, tensor: Tensor) -> Schema:
    coded = tensor.dtype == "string" and name.endswith("_bytes")
    return _nested(BASE64 if coded else ANSWERED[tensor.dtype], tensor.row)


def _tensors_asked(signature: Signature) -> Schema:
    """The body of the Open Inference Protocol, all of it JSON."""
    each = [_tensor(name, tensor, SCALARS) for name, tensor in signature.inputs.items()]
    wanted = _object(name={"enum": list(signature.outputs)})
    once = [
        {"contains": _object(name={"const": name}), "minContains": 1, "maxContains": 1}
        for name in signature.inputs
    ]
    schema = _object(inputs={"type": "array", "items": {"anyOf": each}, "allOf": once})
    schema["properties"] |= {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": {"type": "array", "items": wanted},
    }
    return schema


def _tensors_answered(signature: Signature) -> Schema:
    each = [_tensor(name, tensor, ANSWERED) for name, tensor in signature.outputs.items()]
    schema = _object(
        "model_name",
        "model_version",
        outputs={"type": "array", "minItems": 1, "items": {"anyOf": each}},
    )
    schema["properties"]["id"] = {"type": "string"}
    return schema


def _tensor(name: str, tensor: Tensor, scalars: Mapping[str, Schema]) -> Schema:
    size: Schema = {"type": "integer", "minimum": 0}
    plain = tensor.row == () and not tensor.lists
    sizes = [size if axis is None else {"const": axis} for axis in tensor.shape]
    return _object(
        name={"const": name},
        datatype={"const": open_inference.DATATYPES[tensor.dtype]},
        shape={
            "type": "array",
            "prefixItems": sizes,
            "minItems": len(sizes),
            "maxItems": len(sizes),
        },
        data={"type": "array", "items": scalars[tensor.dtype] if plain else {}},
    )
