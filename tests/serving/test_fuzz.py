"""Whatever a client sends is read, or refused with a reason; nothing else comes of it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kbuilder.serving import open_inference, tensorflow_serving
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Signature, Tensor

SIGNATURES = [
    Signature({"x": Tensor("float32", (None,))}, {"y": Tensor("float32", (None,))}),
    Signature(
        {"x": Tensor("float32", (None, 2)), "w": Tensor("string", (None,)),
         "n": Tensor("int64", (None,))},
        {"y": Tensor("float32", (None,))},
    ),
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.builds(lambda text: {"b64": text}, st.text(max_size=8)),
)  # fmt: skip
KEYS = st.sampled_from([
    "instances", "inputs", "signature_name", "x", "w", "n", "name", "shape", "datatype", "data",
    "id", "outputs", "parameters", "binary_data_size", "b64",
])  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("signature", SIGNATURES)
@given(body=BODIES)
@example(body=b'{"instances": [{"x": [1, 2], "w": "", "n": -0}]}')
@example(body=b'{"instances": [' + b"[" * 5000)
@example(body=b'{"inputs": {"x": [], "w": [], "n": []}}')
@example(body=b'{"instances": [{"b64": ""}]}')
@settings(max_examples=300, deadline=None)
def test_rows_and_columns_are_read_or_refused(signature: Signature, body: bytes) -> None:
    try:
        columns, _, _ = tensorflow_serving.read(body, signature)
    except RequestError:
        return
    assert columns.keys() == signature.inputs.keys()
    assert len({len(values) for values in columns.values()}) == 1
    for values in columns.values():  # which TensorFlow can take
        tf.constant(values.tolist(), tf.string) if values.dtype == object else tf.constant(values)


@pytest.mark.parametrize("signature", SIGNATURES)
@given(body=BODIES, length=st.none() | st.integers(-5, 300))
@settings(max_examples=300, deadline=None)
def test_tensors_are_read_or_refused(signature: Signature, body: bytes, length: int | None) -> None:
    try:
        head = None if length is None else str(length)
        request = open_inference.read(body, signature, head)
    except RequestError:
        return
    assert request.columns.keys() == signature.inputs.keys()


@given(numbers=st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_what_is_read_is_written_as_it_was(numbers: list[float]) -> None:
    body = json.dumps({"instances": numbers}).encode()
    columns, rows, _ = tensorflow_serving.read(body, SIGNATURES[0])
    again = json.loads(tensorflow_serving.write({"y": columns["x"]}, rows))["predictions"]
    for mine, its in zip(numbers, again, strict=True):
        assert math.isnan(mine) if math.isnan(its) else np.float32(mine) == np.float32(its)
