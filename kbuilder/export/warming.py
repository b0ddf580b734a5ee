"""What TensorFlow Serving asks a model before the first client does, so that none waits for it.

The file is a TFRecord of `tensorflow.serving.PredictionLog`. Its few fields are written by hand:
the package of their classes would be needed by whoever exports, and is large.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder.export.contract import Exchange

FILE = "assets.extra/tf_serving_warmup_requests"

# The numbers of the fields, from prediction_log.proto, predict.proto and model.proto.
PREDICT_LOG = 6  # of PredictionLog
REQUEST = 1  # of PredictLog
MODEL_SPEC, INPUTS = 1, 2  # of PredictRequest
NAME, SIGNATURE_NAME = 1, 3  # of ModelSpec
KEY, VALUE = 1, 2  # of the entry of a map


def write(folder: Path, exchange: Exchange) -> None:
    """Write the examples of a version, all in one request, into its folder.

    Args:
        folder: The version; its parent has the name of the model.
        exchange: What it takes.
    """
    import tensorflow as tf

    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    inputs = {
        name: _tensor([row[name] for row in exchange.instances], spec)
        for name, spec in exchange.signature.items()
    }
    with tf.io.TFRecordWriter(str(file)) as records:
        records.write(prediction_log(folder.resolve().parent.name, inputs))


def prediction_log(model: str, inputs: Mapping[str, Any]) -> bytes:
    """A logged request for a prediction, as protocol buffers have it on the wire.

    Args:
        model: The name of the model.
        inputs: A `TensorProto` by name.
    """
    spec = _field(NAME, model.encode()) + _field(SIGNATURE_NAME, b"serving_default")
    request = _field(MODEL_SPEC, spec)
    for name, tensor in inputs.items():
        entry = _field(KEY, name.encode()) + _field(VALUE, tensor.SerializeToString())
        request += _field(INPUTS, entry)
    return _field(PREDICT_LOG, _field(REQUEST, request))


def _tensor(values: list[Any], spec: Any) -> Any:
    import tensorflow as tf

    if spec.dtype == tf.string:
        values = [base64.b64decode(v["b64"]) if isinstance(v, dict) else v or "" for v in values]
        return tf.make_tensor_proto(values, tf.string)
    return tf.make_tensor_proto(np.array(values, dtype=spec.dtype.as_numpy_dtype))


def _field(number: int, content: bytes) -> bytes:
    """A field that holds bytes: its number and kind, its length, itself."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """A number by seven bits a byte, the lowest first; the eighth says that more follow."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
