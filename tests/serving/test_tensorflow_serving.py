"""The bodies of TensorFlow Serving's REST interface, case by case."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pytest

from kbuilder.serving import tensorflow_serving as protocol
from kbuilder.serving.exported import Exported
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Signature, Tensor

ONE = Signature({"x": Tensor("float32", (None,))}, {"y": Tensor("float32", (None,))})
WIDE = Signature({"x": Tensor("float32", (None, 2))}, {"y": Tensor("float32", (None,))})
WORD = Signature({"w": Tensor("string", (None,))}, {"y": Tensor("float32", (None,))})
TAGS = Signature({"t": Tensor("string", (None,), lists=True)}, {"y": Tensor("float32", (None,))})
TAGGED = Signature({**TAGS.inputs, **WORD.inputs}, TAGS.outputs)
WHOLE = Signature({"n": Tensor("int64", (None,))}, {"y": Tensor("float32", (None,))})
PAIR = Signature(
    {"a": Tensor("float32", (None,)), "b": Tensor("float32", (None,))},
    {"y": Tensor("float32", (None,))},
)
MANY = Signature(
    {"age": Tensor("float32", (None,)), "job": Tensor("string", (None,))},
    {"label": Tensor("string", (None,)), "probability": Tensor("float32", (None,))},
)
KNOWN = replace(MANY, ignored=frozenset(["id", "y"]))


def asked(signature: Signature, body: Any) -> tuple[dict[str, Any], bool]:
    """The inputs as lists, and whether they came as rows."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    columns, rows, _ = protocol.read(content, signature)
    return {name: values.tolist() for name, values in columns.items()}, rows


@pytest.mark.parametrize(("signature", "body", "columns", "rows"), [
    (ONE, {"instances": [1, 2.5]}, {"x": [1.0, 2.5]}, True),
    (ONE, {"instances": [{"x": 1}, {"x": 2}]}, {"x": [1.0, 2.0]}, True),
    (ONE, {"inputs": [1, 2]}, {"x": [1.0, 2.0]}, False),
    (ONE, {"inputs": {"x": [1, 2]}}, {"x": [1.0, 2.0]}, False),
    (ONE, {"signature_name": "serving_default", "instances": [0]}, {"x": [0.0]}, True),
    (ONE, {"signature_name": "", "instances": [0]}, {"x": [0.0]}, True),
    (ONE, b'{"instances": [1]} and more', {"x": [1.0]}, True),
    (ONE, b'\xef\xbb\xbf{"instances": [1]}', {"x": [1.0]}, True),
    (ONE, b'{"instances": [Infinity, -Infinity]}', {"x": [math.inf, -math.inf]}, True),
    (WIDE, {"instances": [[1, 2], [3, 4]]}, {"x": [[1.0, 2.0], [3.0, 4.0]]}, True),
    (WIDE, {"instances": [{"x": [1, 2]}]}, {"x": [[1.0, 2.0]]}, True),
    (WORD, {"instances": ["a", {"b64": "YWI="}]}, {"w": ["a", b"ab"]}, True),
    (WORD, {"instances": [{"b64": "YWI"}]}, {"w": [b"ab"]}, True),
    (WORD, {"instances": [{"b64": " YW\r\nI=\n"}]}, {"w": [b"ab"]}, True),
    (WORD, {"instances": [{"b64": "data:image/png;base64,YWI="}]}, {"w": [b"ab"]}, True),
    (WORD, {"inputs": [{"b64": "_-8="}]}, {"w": [b"\xff\xef"]}, False),
    (WHOLE, {"instances": [1, -(2**63)]}, {"n": [1, -(2**63)]}, True),
    (MANY, {"instances": [{"job": "x", "age": 1}, {"age": 2, "job": ""}]},
     {"age": [1.0, 2.0], "job": ["x", ""]}, True),
    (MANY, {"inputs": {"age": [1], "job": ["x"], "more": 3}}, {"age": [1.0], "job": ["x"]}, False),
    (KNOWN, {"instances": [{"age": 1, "job": "x", "id": 7, "y": "no"}, {"age": 2, "job": "z"}]},
     {"age": [1.0, 2.0], "job": ["x", "z"]}, True),
    (WORD, {"instances": ["a", None]}, {"w": ["a", ""]}, True),
    (TAGS, {"instances": [["a", "b|c"], [], "a|b", None]}, {"t": ['["a", "b|c"]', "[]", "a|b", ""]},
     True),
    (TAGS, {"instances": [{"t": ["é", None]}, {"t": [1, 2.0, True]}]},
     {"t": ['["é"]', '["1", "2", "True"]']}, True),
    (TAGS, {"inputs": [["a"], "b"]}, {"t": ['["a"]', "b"]}, False),
    (TAGGED, {"instances": [{"t": ["a"], "w": "b"}, {"t": "c", "w": "[]"}]},
     {"t": ['["a"]', "c"], "w": ["b", "[]"]}, True),
    (TAGGED, {"inputs": {"t": [["a"], []], "w": ["b", "c"]}},
     {"t": ['["a"]', "[]"], "w": ["b", "c"]}, False),
    (WHOLE, {"instances": [1, None]}, {"n": [1, -(2**63)]}, True),
])  # fmt: skip
def test_what_is_asked_is_read(
    signature: Signature, body: Any, columns: dict[str, Any], rows: bool
) -> None:
    assert asked(signature, body) == (columns, rows)


def test_nan_is_a_number() -> None:
    columns, _ = asked(ONE, b'{"instances": [NaN]}')
    assert math.isnan(columns["x"][0])


ELEMENT = "Failed to process element: {} of 'instances' list. Error: INVALID_ARGUMENT: "


@pytest.mark.parametrize(("signature", "body", "said"), [
    (ONE, b"", "JSON Parse error: The document is empty"),
    (ONE, b"  \n", "JSON Parse error: The document is empty"),
    (ONE, b"{", "JSON Parse error: Expecting property name enclosed in double quotes at offset: 1"),
    (ONE, b"\xff", "JSON Parse error: it is not UTF-8 at offset: 0"),
    (ONE, b"[" * 100_000,
     "JSON Parse error: it is nested too deeply, or a number too long"),
    (ONE, b'{"instances": [' + b"1" * 5000 + b"]}",
     "JSON Parse error: it is nested too deeply, or a number too long"),
    (ONE, [1], "JSON Value: [1] Is not object"),
    (ONE, {}, "Missing 'inputs' or 'instances' key"),
    (ONE, {"instances": [], "inputs": []},
     'JSON Value: {"instances": [], "inputs": []} Not formatted correctly expecting only one of '
     "'inputs' or 'instances' keys to exist "),
    (ONE, {"instances": 1},
     "JSON Value: {\"instances\": 1} Excepting 'instances' to be an list/array"),
    (ONE, {"instances": []}, "JSON Value: {\"instances\": []} No values in 'instances' array"),
    (ONE, {"signature_name": 1, "instances": [1]},
     'JSON Value: {"signature_name": 1, "instances": [1]} not formatted correctly. '
     "'signature_name' key must be a string value."),
    (ONE, {"signature_name": "other", "instances": [1]},
     'Serving signature name: "other" not found in signature def'),
    (KNOWN, {"instances": [{"age": 1, "job": "x"}, {"age": 1, "id": 7}]},
     "Failed to process element: 1 of 'instances' list. JSON object: {\"age\": 1} keys must be "
     "equal to: age,job. Missing: job (a value that is missing is null)"),
    (ONE, {"instances": ["1"]}, ELEMENT.format(0) +
     'JSON Value: "1" Type: String is not of expected type: float'),
    (ONE, {"instances": [True]}, ELEMENT.format(0) +
     "JSON Value: true Type: True is not of expected type: float"),
    (ONE, {"instances": [False]}, ELEMENT.format(0) +
     "JSON Value: false Type: False is not of expected type: float"),
    (ONE, {"instances": [{"b64": "YQ=="}]}, ELEMENT.format(0) +
     'JSON Value: {"b64": "YQ=="} Type: Object is not of expected type: float'),
    (ONE, {"instances": [16777217]}, ELEMENT.format(0) +
     "Cannot convert JSON value: 16777217 to float without loss of precision."),
    (ONE, {"instances": [1e39]}, ELEMENT.format(0) +
     "Cannot convert JSON value: 1e+39 to float without loss of precision."),
    (ONE, {"instances": [10**400]}, ELEMENT.format(0) +
     f"Cannot convert JSON value: 1{'0' * 399}… to float without loss of precision."),
    (WHOLE, {"instances": [1.0]}, ELEMENT.format(0) +
     "JSON Value: 1.0 Type: Number is not of expected type: int64"),
    (WHOLE, {"instances": [2**63]}, ELEMENT.format(0) +
     "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64"),
    (WORD, {"instances": [1]}, ELEMENT.format(0) +
     "JSON Value: 1 Type: Number is not of expected type: string"),
    (WORD, {"instances": [{"b64": "!"}]}, ELEMENT.format(0) + "Unable to base64 decode"),
    (WORD, {"inputs": [{"b65": "YQ=="}]},
     "input 'w': JSON Value: {\"b65\": \"YQ==\"} not formatted correctly for base64 data"),
    (WIDE, {"instances": [[1, 2], [3]]},
     ELEMENT.format(1) + "Expecting tensor size: 2 but got: 1"),
    (WIDE, {"instances": [[[1, 2]], [[3], [4]]]},
     ELEMENT.format(1) + "Expecting shape [1,2] but got: [2,1]"),
    (WIDE, {"instances": [[1, [2]]]},
     ELEMENT.format(0) + "Encountered list at unexpected level: 1 expected < 1"),
    (WIDE, {"inputs": [[1, 2], 3]},
     "input 'x': JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
    (WIDE, {"inputs": [[1, 2], [3]]},
     "input 'x': Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
    (WIDE, {"instances": [[1, 2, 3]]}, "input 'x' has the shape [1,3]. Expected [-1,2]"),
    (ONE, {"instances": [[1]]}, "input 'x' has the shape [1,1]. Expected [-1]"),
    (MANY, {"instances": [1, 2]},
     "instances is a plain list, but expecting list of objects as multiple input tensors required "
     "as per tensorinfo_map"),
    (MANY, {"instances": [{"age": 1, "job": "x"}, 2]},
     "Expecting object but got list at item 1 of input list"),
    (ONE, {"instances": [1, {"x": 1}]},
     "Expecting value/list but got object at item 1 of input list"),
    (MANY, {"instances": [{"age": 1}]},
     "Failed to process element: 0 of 'instances' list. JSON object: {\"age\": 1} keys must be "
     "equal to: age,job. Missing: job (a value that is missing is null)"),
    (MANY, {"instances": [{"age": 1, "job": "x", "z": 1}]},
     "Failed to process element: 0 key: z of 'instances' list. Error: INVALID_ARGUMENT: JSON "
     "object: does not have named input: z"),
    (MANY, {"instances": [{"age": 1, "job": "x"}, {"age": "2", "job": "x"}]},
     "Failed to process element: 1 key: age of 'instances' list. Error: INVALID_ARGUMENT: "
     'JSON Value: "2" Type: String is not of expected type: float'),
    (MANY, {"inputs": [1]},
     "inputs is a plain value/list, but expecting an object as multiple input tensors required as "
     "per tensorinfo_map"),
    (MANY, {"inputs": {"age": [1]}}, "Missing named input: job in 'inputs' object."),
    (MANY, {"inputs": {"age": [], "job": []}}, "the inputs have no rows"),
    (ONE, b'{"instances": ' + b"[" * 65 + b"1" + b"]" * 65 + b"}",
     "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
     "lists in lists, 64 deep. Expected 32 at most"),
    (ONE, b'{"inputs": 1, "instances": ' + b"[" * 1000 + b"]" * 1000 + b"}",
     "JSON Value: lists in lists in lists Not formatted correctly expecting only one of 'inputs' "
     "or 'instances' keys to exist "),
    (ONE, {"instances": [*range(1000), "x"]}, ELEMENT.format(1000) +
     'JSON Value: "x" Type: String is not of expected type: float'),
    (WORD, b'{"instances": ["\\ud800"]}',
     "JSON Parse error: a string holds half of a surrogate pair"),
    (PAIR, {"instances": [{"a": 1, "b": [1]}, {"a": 2, "b": [2]}]},
     "input 'b' has the shape [2,1]. Expected [-1]"),
    (MANY, {"inputs": {"age": [1, 2], "job": ["x"]}},
     "the inputs have different numbers of rows: {'age': 2, 'job': 1}"),
])  # fmt: skip
def test_what_cannot_be_read_is_said_in_the_words_of_the_protocol(
    signature: Signature, body: Any, said: str
) -> None:
    with pytest.raises(RequestError) as error:
        asked(signature, body)
    assert str(error.value) == said


FLOATS = np.array([0.2, 1, 1e-7, 3.4e38, np.nan, np.inf, -np.inf], np.float32)


def test_floats_are_the_shortest_that_read_as_themselves() -> None:
    body = protocol.write({"y": FLOATS}, rows=True)
    assert body == b'{"predictions":[0.2,1.0,1e-07,3.4e+38,NaN,Infinity,-Infinity]}'
    assert protocol.write({"y": FLOATS[:4]}, rows=True) == b'{"predictions":[0.2,1.0,1e-7,3.4e+38]}'
    random = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    again = json.loads(protocol.write({"y": random}, rows=False))["outputs"]
    np.testing.assert_array_equal(np.array(again, np.float32), random)


def test_rows_are_answered_by_rows_and_columns_by_columns() -> None:
    outputs = {
        "label": np.array([b"no", "yes"], dtype=object),
        "probability": np.array([0.5, 0.25], np.float32),
        "codes": np.array([[1, 2], [3, 4]]),
    }
    assert json.loads(protocol.write(outputs, rows=True)) == {"predictions": [
        {"label": "no", "probability": 0.5, "codes": [1, 2]},
        {"label": "yes", "probability": 0.25, "codes": [3, 4]},
    ]}  # fmt: skip
    assert json.loads(protocol.write(outputs, rows=False)) == {"outputs": {
        "label": ["no", "yes"], "probability": [0.5, 0.25], "codes": [[1, 2], [3, 4]],
    }}  # fmt: skip
    one = {"label": outputs["label"]}
    assert json.loads(protocol.write(one, rows=True)) == {"predictions": ["no", "yes"]}
    assert json.loads(protocol.write(one, rows=False)) == {"outputs": ["no", "yes"]}


def test_an_output_of_bytes_is_in_base64() -> None:
    outputs = {"image_bytes": np.array([b"\xff\x00"], dtype=object)}
    assert json.loads(protocol.write(outputs, rows=True)) == {"predictions": [{"b64": "/wA="}]}


def test_the_metadata_has_dtypes_shapes_and_names() -> None:
    told = json.loads(protocol.metadata("income", 3, MANY))
    assert told["model_spec"] == {"name": "income", "signature_name": "", "version": "3"}
    signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["job"] == {
        "dtype": "DT_STRING",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
        "name": "serving_default_job:0",
    }
    assert signature["outputs"]["probability"]["dtype"] == "DT_FLOAT"
    assert signature["method_name"] == "tensorflow/serving/predict"


def test_the_states_of_versions_are_told_newest_first() -> None:
    answer = json.loads(protocol.status("adult", {1: "END", 2: "AVAILABLE"}))
    told = answer.pop("model_version_status")
    assert answer == {"name": "adult", "ready": True}
    assert not json.loads(protocol.status("adult", {1: "LOADING"}))["ready"]
    fine = {"error_code": "OK", "error_message": ""}
    assert told == [
        {"version": "2", "state": "AVAILABLE", "status": fine},
        {"version": "1", "state": "END", "status": fine},
    ]


def test_two_inputs_may_have_rows_of_unlike_length(tmp_path: Path) -> None:
    import tensorflow as tf

    def answer(a: Any, b: Any) -> dict[str, Any]:
        sums = [tf.reduce_sum(tf.maximum(x, 0), axis=1) for x in (a, b)]
        return {"y": tf.cast(sums[0] - sums[1], tf.float32)}

    inputs = {"a": ("int64", (None,)), "b": ("int64", (None,))}
    handmade.write(tmp_path, inputs, answer, {"a": [1, 2], "b": [3]})  # type: ignore[arg-type]
    export = Exported(tmp_path / "1")
    rows = [{"a": [1, 2], "b": []}, {"a": [], "b": [4, 5, 6]}, {"a": None, "b": [7]}]
    given = protocol.read(json.dumps({"instances": rows}).encode(), export.signature).columns
    assert [given[name].shape for name in ("a", "b")] == [(3, 2), (3, 3)]
    assert export.predict(given)["y"].tolist() == [3, -15, -7]
